/** Validation of whole objects: metadata, then the rules of the kind, then what the schema alone says. @module */
import type { FieldError } from "../field-error.ts"
import { type KubernetesObject, type Resource, typeNameOf } from "../resource.ts"
import { newProblems } from "./expression.ts"
import { type KindRules, kinds } from "./kinds.ts"
import { finePods } from "./known-pods.ts"
import { validateMetadata, validateMetadataUpdate } from "./metadata.ts"
import { validateBySchema } from "./schema.ts"

const rulesOf = (resource: Resource<unknown>): KindRules => kinds.get(typeNameOf(resource)) ?? {}

/**
 * What is wrong with an object that is about to be created; nothing when all is well.
 * Read it with `checkStructure`, fill it in with `applyDefaults` and give it its name first.
 */
export const validateCreate = (object: KubernetesObject, resource: Resource<unknown>): ReadonlyArray<FieldError> => {
  const { name, always, unnamed, expressions } = rulesOf(resource)
  const naming = { namespaced: resource.namespaced, ...(name === undefined ? {} : { nameRule: name }) }
  const metadata = unnamed === true ? [] : validateMetadata(object.metadata ?? {}, naming)
  const isPod = resource.kind === "Pod" && resource.group === ""
  if (isPod && finePods.has(object)) return metadata
  const findings = [...metadata, ...(always?.(object) ?? []), ...(expressions?.(object) ?? [])]
  const all = withSchema(findings, object, resource)
  if (isPod && all.length === 0) finePods.add(object)
  return all
}

/**
 * What is wrong with an object that is about to replace `old`; nothing when all is well.
 * `subresource` names what is written alone: the `status`, or a pod's `resize` and `ephemeralcontainers`, which have rules of their own.
 * Put back what the server gave (uid, creation and deletion times) before or after: leaving it out is no mistake.
 */
export const validateUpdate = (
  object: KubernetesObject,
  old: KubernetesObject,
  resource: Resource<unknown>,
  subresource?: string
): ReadonlyArray<FieldError> => {
  const { always, update, updateAlone, subresources = {}, expressions } = rulesOf(resource)
  const special = subresource !== undefined && Object.hasOwn(subresources, subresource) ? subresources[subresource] : undefined
  const alone = updateAlone === true || special !== undefined
  const findings = [
    ...validateMetadataUpdate(object.metadata ?? {}, old.metadata ?? {}),
    ...(alone ? [] : (always?.(object) ?? [])),
    ...(alone || subresource !== undefined || expressions === undefined ? [] : newProblems(expressions, object, old)),
    ...((special ?? update)?.(object, old) ?? [])
  ]
  return withSchema(findings, object, resource)
}

/**
 * The schema speaks last, and only of fields that nothing was said of, neither of what they are part of.
 * Upstream has other names for a few places.
 */
const withSchema = (
  findings: ReadonlyArray<FieldError>,
  object: KubernetesObject,
  resource: Resource<unknown>
): ReadonlyArray<FieldError> => {
  const said = findings.map(({ field }) =>
    field
      .replace("metadata.taints", "spec.taints")
      .replace("persistentDisk", "gcePersistentDisk")
      .replace(/\.service\.name(space)?$/, ".service")
  )
  const isNews = (field: string): boolean =>
    !said.some((other) => field === other || (field.startsWith(other) && /[.[]/.test(field[other.length] ?? "")))
  const rest = validateBySchema(object as unknown as Readonly<Record<string, unknown>>, resource.schema)
  return [...findings, ...rest.filter(({ field }) => isNews(field))]
}
