/** The fields that somebody owns by creating an object, remembered by the object's outline: most objects are made after a pattern. @module */
import type { KubernetesObject } from "../resource.ts"
import type { FieldsV1 } from "../types/meta-v1.ts"
import { blankOf } from "./blank.ts"
import { union } from "./field-set.ts"
import { printFieldsV1 } from "./fields-v1.ts"
import { outlineOf } from "./outline.ts"
import type { TrackedKind } from "./reset-fields.ts"
import { ownable, settle } from "./settle.ts"
import { shapeOf } from "./shape.ts"

/** Outlines that are remembered, and the longest of them. */
const outlineLimit = 1024
const lengthLimit = 16_384

const remembered = new Map<string, FieldsV1 | undefined>()

/** What the creator of an object without managed fields owns, shared by all who ask: never mutate it. Undefined: nothing. */
export const createdFields = (kind: TrackedKind, object: KubernetesObject, subresource: string): FieldsV1 | undefined => {
  const outline = `${kind.group}/${kind.version}/${kind.kind}/${subresource} ${outlineOf(object, shapeOf(kind.schema))}`
  if (outline.length > lengthLimit) return find(kind, object, subresource)
  if (remembered.has(outline)) return remembered.get(outline)
  const fields = find(kind, object, subresource)
  if (remembered.size === outlineLimit) remembered.clear()
  remembered.set(outline, fields)
  return fields
}

const find = (kind: TrackedKind, object: KubernetesObject, subresource: string): FieldsV1 | undefined => {
  const { changes } = settle(kind, blankOf(kind.schema), object, new Map(), "", subresource)
  const changed = ownable(union(changes.modified, changes.added))
  return changed.size === 0 ? undefined : printFieldsV1(changed)
}
