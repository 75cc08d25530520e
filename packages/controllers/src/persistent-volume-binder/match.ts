/** Which volume a claim gets: the smallest that does what it asks for. Pure. @module */
import { labelSelectorFrom, matchesLabels, quantityValue } from "@tsukube/api"
import type { ObjectReference, PersistentVolume, PersistentVolumeClaim } from "@tsukube/api/core-v1"
import { isDeleting, nameOf, namespaceOf, uidOf } from "../object.ts"

const legacyClass = "volume.beta.kubernetes.io/storage-class"

/** The class of a claim or volume, in its field or in the annotation of old; empty for none. */
export const classOf = ({
  metadata,
  spec
}: {
  readonly metadata?: PersistentVolume["metadata"]
  readonly spec?: { readonly storageClassName?: string }
}): string => metadata?.annotations?.[legacyClass] ?? spec?.storageClassName ?? ""

const bytesOf = (amounts: Readonly<Record<string, number | string>> | undefined): number =>
  quantityValue(String(amounts?.["storage"] ?? 0))

/** True when the volume is held for this claim, by its name or already by its uid. */
export const isHeldFor = (reference: ObjectReference | undefined, claim: PersistentVolumeClaim): boolean =>
  reference?.name === nameOf(claim) &&
  reference.namespace === namespaceOf(claim) &&
  (!reference.uid || reference.uid === uidOf(claim))

/** Why the volume will not do, or undefined where it does; the selector and who else wants it are not asked. */
export const shortcomingOf = ({ spec, metadata }: PersistentVolume, claim: PersistentVolumeClaim): string | undefined => {
  if (bytesOf(spec?.capacity) < bytesOf(claim.spec?.resources?.requests)) return "requested PV is too small"
  if (classOf({ ...(spec === undefined ? {} : { spec }), ...(metadata === undefined ? {} : { metadata }) }) !== classOf(claim))
    return "storageClassName does not match"
  if ((spec?.volumeAttributesClassName ?? "") !== (claim.spec?.volumeAttributesClassName ?? ""))
    return "volumeAttributesClassName does not match"
  if ((spec?.volumeMode ?? "Filesystem") !== (claim.spec?.volumeMode ?? "Filesystem")) return "incompatible volumeMode"
  const modes = claim.spec?.accessModes ?? []
  return modes.every((mode) => spec?.accessModes?.includes(mode) === true) ? undefined : "incompatible accessMode"
}

/**
 * The volume for a claim that names none: one that is held for it, or else the smallest free one. A claim that waits for
 * its first pod gets none of the latter, because the pod's node has a say in it.
 */
export const findVolume = (
  claim: PersistentVolumeClaim,
  volumes: ReadonlyArray<PersistentVolume>,
  waitsForPod: boolean
): PersistentVolume | undefined => {
  const held = volumes.find(
    (volume) => isHeldFor(volume.spec?.claimRef, claim) && (volume.spec?.claimRef?.uid || !shortcomingOf(volume, claim))
  )
  if (held !== undefined || waitsForPod) return held
  const selector = claim.spec?.selector === undefined ? undefined : labelSelectorFrom(claim.spec.selector)
  const free = volumes.filter(
    (volume) =>
      volume.spec?.claimRef === undefined &&
      volume.status?.phase === "Available" &&
      !isDeleting(volume) &&
      (selector === undefined || matchesLabels(selector, volume.metadata?.labels)) &&
      shortcomingOf(volume, claim) === undefined
  )
  return free.sort(
    (left, right) => bytesOf(left.spec?.capacity) - bytesOf(right.spec?.capacity) || (nameOf(left) < nameOf(right) ? -1 : 1)
  )[0]
}
