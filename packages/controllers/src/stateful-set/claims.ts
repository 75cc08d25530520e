/** The claims of a StatefulSet's pods: their names, and who takes them along when it goes (KEP-1847). Pure. @module */
import { apiVersionOf, type KubernetesObject, ownerReference, type Resource } from "@tsukube/api"
import { type StatefulSet, statefulsets } from "@tsukube/api/apps-v1"
import { type PersistentVolumeClaim, type Pod, pods } from "@tsukube/api/core-v1"
import type { OwnerReference } from "@tsukube/api/meta-v1"
import { sameMeaning } from "../canonical.ts"
import { nameOf, namespaceOf, uidOf } from "../object.ts"

/** The name of the claim that a template makes for a pod. */
export const claimName = (set: StatefulSet, template: PersistentVolumeClaim, ordinal: number): string =>
  `${nameOf(template)}-${nameOf(set)}-${ordinal}`

/** Names of all claims of a pod. */
export const claimNames = (set: StatefulSet, ordinal: number): ReadonlyArray<string> =>
  (set.spec?.volumeClaimTemplates ?? []).map((template) => claimName(set, template, ordinal))

/** The claims that a pod needs, as they are made. */
export const claimsOf = (set: StatefulSet, ordinal: number): ReadonlyArray<PersistentVolumeClaim> =>
  (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    ...template,
    metadata: {
      ...template.metadata,
      name: claimName(set, template, ordinal),
      namespace: namespaceOf(set),
      labels: { ...template.metadata?.labels, ...set.spec?.selector.matchLabels }
    }
  }))

const refersTo = (reference: OwnerReference, object: KubernetesObject, resource: Resource): boolean =>
  reference.apiVersion === apiVersionOf(resource) && reference.kind === resource.kind && reference.name === nameOf(object)

const isStale = (reference: OwnerReference, object: KubernetesObject, resource: Resource): boolean =>
  refersTo(reference, object, resource) && reference.uid !== uidOf(object)

const policyOf = ({ spec }: StatefulSet) => {
  const { whenDeleted = "Retain", whenScaled = "Retain" } = spec?.persistentVolumeClaimRetentionPolicy ?? {}
  return { deleted: whenDeleted === "Delete", scaled: whenScaled === "Delete" }
}

/** Who takes the claim along: the pod when it is one too many, else the set, each only where the policy says so. */
const ownerOf = (set: StatefulSet, pod: Pod, isCondemned: boolean): OwnerReference | undefined => {
  const { deleted, scaled } = policyOf(set)
  if (scaled && isCondemned) return ownerReference(pod, pods)
  return deleted ? ownerReference(set, statefulsets) : undefined
}

/** The owner references that the claim should have, or undefined where they may stay as they are. */
export const ownersAfter = (
  claim: PersistentVolumeClaim,
  set: StatefulSet,
  pod: Pod,
  isCondemned: boolean
): ReadonlyArray<OwnerReference> | undefined => {
  const before = claim.metadata?.ownerReferences ?? []
  // Left by a set or pod of that name that is gone: the garbage collector is about to take the claim.
  if (before.some((one) => isStale(one, set, statefulsets) || isStale(one, pod, pods))) return undefined
  const others = before.filter((one) => !refersTo(one, set, statefulsets) && !refersTo(one, pod, pods))
  const { deleted, scaled } = policyOf(set)
  const isForeign = (deleted || scaled) && others.some(({ controller }) => controller === true)
  const owner = isForeign ? undefined : ownerOf(set, pod, isCondemned)
  const after = owner === undefined ? others : [...others, owner]
  return sameMeaning(before, after) ? undefined : after
}

/** True for a claim that is about to go with a pod of that name: the new pod must not get it. */
export const isDoomed = (claim: PersistentVolumeClaim, set: StatefulSet, podName: string): boolean =>
  policyOf(set).scaled &&
  (claim.metadata?.ownerReferences ?? []).some((one) => refersTo(one, { metadata: { name: podName } }, pods))
