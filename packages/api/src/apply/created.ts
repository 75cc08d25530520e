/** The fields that somebody owns by creating an object, remembered by the object's outline: most objects are made after a pattern. @module */
import type { KubernetesObject } from "../resource.ts"
import type { FieldsV1 } from "../types/meta-v1.ts"
import { blankOf } from "./blank.ts"
import { union } from "./field-set.ts"
import { printFieldsV1 } from "./fields-v1.ts"
import { noOutlines, outlinePlace } from "./outline.ts"
import type { TrackedKind } from "./reset-fields.ts"
import { ownable, settle } from "./settle.ts"
import { shapeOf } from "./shape.ts"

/** How large the memory may get, and how long one outline: a place takes about a hundred bytes, a step a dozen nanoseconds. */
const placeLimit = 131_072
const stepLimit = 4096

let remembered = noOutlines<FieldsV1 | undefined>()

/** What the creator of an object without managed fields owns, shared by all who ask: never mutate it. Undefined: nothing. */
export const createdFields = (kind: TrackedKind, object: KubernetesObject, subresource: string): FieldsV1 | undefined => {
  if (remembered.places > placeLimit) remembered = noOutlines()
  const before = [kind.group, kind.version, kind.kind, subresource]
  const place = outlinePlace(remembered, before, object, shapeOf(kind.schema), stepLimit)
  if (place === undefined) return find(kind, object, subresource)
  place.found ??= { value: find(kind, object, subresource) }
  return place.found.value
}

const find = (kind: TrackedKind, object: KubernetesObject, subresource: string): FieldsV1 | undefined => {
  const { changes } = settle(kind, blankOf(kind.schema), object, new Map(), "", subresource)
  const changed = ownable(union(changes.modified, changes.added))
  return changed.size === 0 ? undefined : printFieldsV1(changed)
}
