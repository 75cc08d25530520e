/** When a claim, volume or attribute class that is being deleted may go: as soon as nobody uses it. Pure. @module */
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "@tsukube/api/core-v1"
import type { VolumeAttributesClass } from "@tsukube/api/storage-v1"
import { isDeleting, type Named, nameOf, namespaceOf } from "../object.ts"
import { isTerminal } from "../pod-state.ts"

/** The finalizers, as admission puts them on. */
export const claimFinalizer = "kubernetes.io/pvc-protection"
export const volumeFinalizer = "kubernetes.io/pv-protection"
export const classFinalizer = "kubernetes.io/vac-protection"

/** Names of the claims that a pod mounts, those made for it included. */
export const claimsOf = (pod: Pod): ReadonlyArray<string> =>
  (pod.spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim !== undefined) return [persistentVolumeClaim.claimName]
    return ephemeral === undefined ? [] : [`${nameOf(pod)}-${name}`]
  })

/** Pods use a claim from when they have a node until they ended. */
export const usesClaim = (pod: Pod, claim: PersistentVolumeClaim): boolean =>
  Boolean(pod.spec?.nodeName) &&
  !isTerminal(pod) &&
  namespaceOf(pod) === namespaceOf(claim) &&
  claimsOf(pod).includes(nameOf(claim))

/** A volume is used while it is bound. */
export const isVolumeUsed = ({ status }: PersistentVolume): boolean => status?.phase === "Bound"

/** A class is used by claims that have it, want it or get it. */
export const usesClass = ({ spec, status }: PersistentVolumeClaim, { metadata }: VolumeAttributesClass): boolean =>
  [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName
  ].includes(metadata?.name ?? "")

/** What is to become of the finalizer: taken off what may go, put on what was made before there was protection. */
export const planFinalizer = (object: Named, finalizer: string, used: () => boolean): "add" | "remove" | undefined => {
  const has = object.metadata?.finalizers?.includes(finalizer) === true
  if (isDeleting(object)) return has && !used() ? "remove" : undefined
  return has ? undefined : "add"
}
