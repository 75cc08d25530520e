/** Finds volumes for claims that wait for their first consumer: ready ones, or ones to be made. @module */
import { labelSelectorFrom, matchesLabels, matchesNodeSelector, quantityValue, type SelectableNode } from "@tsukube/api"
import type { PersistentVolume, PersistentVolumeClaim } from "@tsukube/api/core-v1"
import type { StorageClass } from "@tsukube/api/storage-v1"
import { type ClusterObjects, objectKey } from "./cluster-objects.ts"
import { classOf } from "./pod-claims.ts"

const sizeOf = (amounts: Readonly<Record<string, number | string>> | undefined): number =>
  quantityValue(String(amounts?.["storage"] ?? 0))

/** Bytes that a claim asks for. */
export const claimedBytes = ({ spec }: PersistentVolumeClaim): number => sizeOf(spec?.resources?.requests)

/** True when the volume can be used from the node. */
export const isReachable = ({ spec }: PersistentVolume, node: SelectableNode): boolean =>
  spec?.nodeAffinity?.required === undefined || matchesNodeSelector(spec.nodeAffinity.required, node)

const isFree = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean => {
  const { claimRef } = volume.spec ?? {}
  if (claimRef !== undefined)
    return (
      claimRef.name === claim.metadata?.name &&
      claimRef.namespace === claim.metadata?.namespace &&
      (claimRef.uid === undefined || claimRef.uid === "" || claimRef.uid === claim.metadata?.uid)
    )
  return volume.status?.phase === undefined || volume.status.phase === "Available"
}

/** The smallest volume that does for the claim on the node, of those that nobody has. */
export const findVolume = (
  claim: PersistentVolumeClaim,
  node: SelectableNode,
  objects: ClusterObjects,
  taken: ReadonlySet<string>
): PersistentVolume | undefined => {
  const selector = claim.spec?.selector === undefined ? undefined : labelSelectorFrom(claim.spec.selector)
  const wanted = claimedBytes(claim)
  let best: PersistentVolume | undefined
  for (const volume of objects.volumes.values()) {
    const { metadata, spec } = volume
    if (metadata?.deletionTimestamp !== undefined || taken.has(metadata?.name ?? "") || !isFree(volume, claim)) continue
    if ((spec?.storageClassName ?? "") !== classOf(claim) || sizeOf(spec?.capacity) < wanted) continue
    if ((spec?.volumeMode ?? "Filesystem") !== (claim.spec?.volumeMode ?? "Filesystem")) continue
    if (!(claim.spec?.accessModes ?? []).every((mode) => spec?.accessModes?.includes(mode) === true)) continue
    if (selector !== undefined && !matchesLabels(selector, metadata?.labels ?? {})) continue
    if (!isReachable(volume, node)) continue
    if (spec?.claimRef !== undefined) return volume
    if (best === undefined || sizeOf(spec?.capacity) < sizeOf(best.spec?.capacity)) best = volume
  }
  return best
}

const allows = ({ allowedTopologies = [] }: StorageClass, { labels }: SelectableNode): boolean =>
  allowedTopologies.length === 0 ||
  allowedTopologies.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => labels[key] !== undefined && values.includes(labels[key]))
  )

/** Why a volume cannot be made for the claim on the node. */
export type ProvisionRefusal = "unsupported" | "space"

/** Whether a volume can be made for the claim where the node is; undefined when it can. */
export const refusesProvision = (
  claim: PersistentVolumeClaim,
  node: SelectableNode,
  objects: ClusterObjects
): ProvisionRefusal | undefined => {
  const chosen =
    claim.metadata?.annotations?.["volume.kubernetes.io/selected-node"] ?? objects.promisedNodes.get(objectKey(claim))
  if (chosen !== undefined) return chosen === node.name ? undefined : "unsupported"
  const storageClass = objects.storageClasses.get(classOf(claim))
  if (storageClass === undefined || !storageClass.provisioner || storageClass.provisioner === "kubernetes.io/no-provisioner")
    return "unsupported"
  if (!allows(storageClass, node)) return "unsupported"
  if (objects.csiDrivers.get(storageClass.provisioner)?.spec.storageCapacity !== true) return undefined
  const wanted = claimedBytes(claim)
  for (const { storageClassName, nodeTopology, capacity, maximumVolumeSize } of objects.capacities.values()) {
    if (storageClassName !== storageClass.metadata?.name || nodeTopology === undefined) continue
    const largest = maximumVolumeSize ?? capacity
    if (largest === undefined || quantityValue(String(largest)) < wanted) continue
    if (matchesLabels(labelSelectorFrom(nodeTopology), node.labels)) return undefined
  }
  return "space"
}
