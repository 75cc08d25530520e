/** Owner references: who made an object, and whose end it shares. @module */
import { apiVersionOf, type KubernetesObject } from "./resource.ts"
import type { OwnerReference } from "./types/meta-v1.ts"

/** The reference of the one owner that controls an object, if there is one. */
export const controllerOf = (object: KubernetesObject): OwnerReference | undefined =>
  object.metadata?.ownerReferences?.find(({ controller }) => controller === true)

/** Whether `owner` controls `object`, by uid. */
export const isControlledBy = (object: KubernetesObject, owner: KubernetesObject): boolean => {
  const uid = controllerOf(object)?.uid
  return uid !== undefined && uid === owner.metadata?.uid
}

/** A reference to a stored object as its dependents' controller; `resource` names the kind, which lists leave out of items. */
export const ownerReference = (
  object: KubernetesObject,
  resource: { readonly group: string; readonly version: string; readonly kind: string }
): OwnerReference => ({
  apiVersion: apiVersionOf(resource),
  kind: resource.kind,
  name: object.metadata?.name ?? "",
  uid: object.metadata?.uid ?? "",
  controller: true,
  blockOwnerDeletion: true
})
