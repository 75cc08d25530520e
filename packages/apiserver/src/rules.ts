/** Defaults and validation of stored objects, with the errors ready to be thrown. @module */
import {
  applyDefaults,
  type FieldError,
  invalid,
  type KubernetesObject,
  type Resource,
  validateCreate,
  validateUpdate
} from "@tsukube/api"

/** The object with upstream's defaults filled in. */
export const defaulted = (object: KubernetesObject): KubernetesObject => applyDefaults(object)

/** Throws 422 unless the object may be created. */
export const requireValid = (object: KubernetesObject, resource: Resource): void =>
  throwErrors(object, resource, validateCreate(object, resource))

/** Throws 422 unless the object may take the place of the old one. */
export const requireValidUpdate = (
  object: KubernetesObject,
  old: KubernetesObject,
  resource: Resource,
  subresource: string,
  more: ReadonlyArray<FieldError> = []
): void => throwErrors(object, resource, [...more, ...validateUpdate(object, old, resource, subresource)])

const throwErrors = (object: KubernetesObject, resource: Resource, errors: ReadonlyArray<FieldError>): void => {
  if (errors.length > 0) throw invalid(resource, object.metadata?.name ?? "", errors)
}
