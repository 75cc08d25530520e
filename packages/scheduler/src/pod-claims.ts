/** The volume claims of a pod, and the volumes behind them. @module */
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "@tsukube/api/core-v1"
import type { ClusterObjects } from "./cluster-objects.ts"
import type { PodInfo } from "./pod-info.ts"

/** A claim that a pod names. */
export interface PodClaim {
  readonly name: string
  /** `namespace/name`. */
  readonly key: string
  /** Made for this pod alone, by the cluster. */
  readonly isEphemeral: boolean
}

const none: ReadonlyArray<PodClaim> = []

/** The claims of a pod, in the order of its volumes. */
export const claimsOf = ({ pod, namespace }: Pick<PodInfo, "pod" | "namespace">): ReadonlyArray<PodClaim> => {
  const volumes = pod.spec?.volumes
  if (volumes === undefined || volumes.length === 0) return none
  return volumes.flatMap(({ name: volume, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim === undefined && ephemeral === undefined) return []
    const name = persistentVolumeClaim?.claimName ?? `${pod.metadata?.name}-${volume}`
    return [{ name, key: `${namespace}/${name}`, isEphemeral: ephemeral !== undefined }]
  })
}

/** True when any of the pod's volumes comes from a claim. */
export const hasClaims = ({ spec }: Pod): boolean =>
  spec?.volumes?.some(
    ({ persistentVolumeClaim, ephemeral }) => persistentVolumeClaim !== undefined || ephemeral !== undefined
  ) === true

/** The volume a claim is bound to, or promised. */
export const volumeOf = (key: string, objects: ClusterObjects): PersistentVolume | undefined => {
  const name = objects.claims.get(key)?.spec?.volumeName || objects.promisedVolumes.get(key)
  return name === undefined || name === "" ? undefined : objects.volumes.get(name)
}

/** True once both sides know of each other. */
export const isBound = ({ metadata, spec }: PersistentVolumeClaim): boolean =>
  Boolean(spec?.volumeName) && metadata?.annotations?.["pv.kubernetes.io/bind-completed"] !== undefined

/** The storage class of a claim; none for a claim that asks for volumes without one. */
export const classOf = ({ metadata, spec }: PersistentVolumeClaim): string =>
  metadata?.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? spec?.storageClassName ?? ""
