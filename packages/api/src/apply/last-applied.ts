/** Moves objects from client-side to server-side `kubectl apply`, and keeps the annotation of the former in step. @module */
import { isObject } from "../json.ts"
import { byteLength } from "../name.ts"
import type { KubernetesObject } from "../resource.ts"
import { compare } from "./compare.ts"
import { difference, emptySet, type FieldSet } from "./field-set.ts"
import { ownedFields } from "./owned.ts"
import { goJson } from "./path-element.ts"
import type { Shape } from "./shape.ts"
import { withoutManagedFields } from "./track.ts"
import { typeErrors } from "./type-check.ts"

const annotation = "kubectl.kubernetes.io/last-applied-configuration"

/** What all annotations of an object may take, names and texts together. */
const annotationBytesLimit = 256 * 1024

/** Fields that client-side apply set and that are still as it set them: server-side apply may take those without a conflict. */
export const fieldsLastApplied = (live: KubernetesObject, apiVersion: string, shape: Shape): FieldSet => {
  const applied = parse(live.metadata?.annotations?.[annotation] ?? "")
  if (!isObject(applied) || applied["apiVersion"] !== apiVersion || typeErrors(applied, shape).length > 0) return emptySet
  const changes = compare(applied, withoutManagedFields(live), shape)
  const fields = ownedFields(applied, shape)
  return difference(difference(difference(fields, changes.modified), changes.added), changes.removed)
}

/** The object with the annotation saying what was applied last, where it has the annotation at all. */
export const withLastApplied = <T extends KubernetesObject>(object: T, applied: KubernetesObject): T => {
  const { [annotation]: before, ...others } = object.metadata?.annotations ?? {}
  if (before === undefined || before === "") return object
  const text = `${goJson(sorted(withoutAnnotation(applied)))}\n`
  if (text === before) return object
  const annotations = { ...others, [annotation]: text }
  const bytes = Object.entries(annotations).reduce((sum, [name, value]) => sum + byteLength(name) + byteLength(value), 0)
  return { ...object, metadata: { ...object.metadata, annotations: bytes > annotationBytesLimit ? others : annotations } }
}

const withoutAnnotation = (applied: KubernetesObject): KubernetesObject => {
  if (applied.metadata?.annotations?.[annotation] === undefined) return applied
  const { [annotation]: _, ...annotations } = applied.metadata.annotations
  return { ...applied, metadata: { ...applied.metadata, annotations } }
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])])
  )
}
