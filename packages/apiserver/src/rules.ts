/** Defaults and validation of stored objects, with the errors ready to be thrown. @module */
import { type FieldError, invalid, type KubernetesObject, type Resource } from "@tsukube/api"

/** The object with upstream's defaults filled in. */
export const defaulted = (object: KubernetesObject): KubernetesObject => object

/** Throws 422 unless the object may be created. */
export const requireValid = (object: KubernetesObject, resource: Resource): void => throwErrors(object, resource, [])

/** Throws 422 unless the object may take the place of the old one. */
export const requireValidUpdate = (
  object: KubernetesObject,
  _old: KubernetesObject,
  resource: Resource,
  more: ReadonlyArray<FieldError> = []
): void => throwErrors(object, resource, more)

const throwErrors = (object: KubernetesObject, resource: Resource, errors: ReadonlyArray<FieldError>): void => {
  if (errors.length > 0) throw invalid(resource, object.metadata?.name ?? "", errors)
}
