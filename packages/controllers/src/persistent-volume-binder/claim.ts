/** What becomes of a claim: bound, waiting, or lost. Pure. @module */
import type { PersistentVolume, PersistentVolumeClaim } from "@tsukube/api/core-v1"
import type { StorageClass } from "@tsukube/api/storage-v1"
import { annotationOf, nameOf, uidOf } from "../object.ts"
import { classOf, findVolume, isHeldFor, shortcomingOf } from "./match.ts"

/** Set on a claim once its volume is settled, and on both where nobody chose the volume. */
export const bindCompleted = "pv.kubernetes.io/bind-completed"
export const boundByController = "pv.kubernetes.io/bound-by-controller"
/** Tells the provisioner of that name that it is its turn. */
export const provisionerAnnotations: ReadonlyArray<string> = [
  "volume.beta.kubernetes.io/storage-provisioner",
  "volume.kubernetes.io/storage-provisioner"
]
const selectedNode = "volume.kubernetes.io/selected-node"

/** What people are told. */
export interface Remark {
  readonly type: "Normal" | "Warning"
  readonly reason: string
  readonly message: string
}

/** What to do with a claim. */
export type ClaimPlan =
  | { readonly type: "bind"; readonly volume: PersistentVolume }
  | { readonly type: "wait"; readonly remark?: Remark; readonly provisioner?: string }
  | { readonly type: "lost"; readonly remark: Remark }

/** Everything that counts for one claim. */
export interface ClaimSituation {
  readonly claim: PersistentVolumeClaim
  readonly volumes: ReadonlyArray<PersistentVolume>
  readonly storageClass: StorageClass | undefined
}

const warning = (reason: string, message: string): Remark => ({ type: "Warning", reason, message })

/** Nothing is made here: whoever makes volumes is told that one is wanted. */
const awaitProvisioning = ({ claim, storageClass }: ClaimSituation): ClaimPlan => {
  const name = classOf(claim)
  if (name === "") {
    const message = "no persistent volumes available for this claim and no storage class is set"
    return { type: "wait", remark: { type: "Normal", reason: "FailedBinding", message } }
  }
  if (storageClass === undefined) {
    return { type: "wait", remark: warning("ProvisioningFailed", `storageclass.storage.k8s.io "${name}" not found`) }
  }
  const { provisioner } = storageClass
  if (provisioner.startsWith("kubernetes.io/")) {
    return { type: "wait", remark: warning("ProvisioningFailed", `no volume plugin matched name: ${provisioner}`) }
  }
  const message =
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system ` +
    "administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."
  return { type: "wait", provisioner, remark: { type: "Normal", reason: "ExternalProvisioning", message } }
}

const planFree = (situation: ClaimSituation): ClaimPlan => {
  const { claim, volumes, storageClass } = situation
  const waitsForPod =
    storageClass?.volumeBindingMode === "WaitForFirstConsumer" && annotationOf(claim, selectedNode) === undefined
  const volume = findVolume(claim, volumes, waitsForPod)
  if (volume !== undefined) return { type: "bind", volume }
  if (!waitsForPod) return awaitProvisioning(situation)
  const message = "waiting for first consumer to be created before binding"
  return { type: "wait", remark: { type: "Normal", reason: "WaitForFirstConsumer", message } }
}

/** A claim that names its volume gets that one or none. */
const planNamed = (claim: PersistentVolumeClaim, volume: PersistentVolume | undefined): ClaimPlan => {
  if (volume === undefined) return { type: "wait" }
  const { claimRef } = volume.spec ?? {}
  if (claimRef !== undefined) {
    if (isHeldFor(claimRef, claim)) return { type: "bind", volume }
    return { type: "wait", remark: warning("FailedBinding", "volume already bound to a different claim.") }
  }
  const shortcoming = shortcomingOf(volume, claim)
  if (shortcoming === undefined) return { type: "bind", volume }
  return {
    type: "wait",
    remark: warning("VolumeMismatch", `Cannot bind to requested volume "${nameOf(volume)}": ${shortcoming}`)
  }
}

const planBound = (claim: PersistentVolumeClaim, volume: PersistentVolume | undefined): ClaimPlan => {
  if (volume === undefined) {
    const message = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
    return { type: "lost", remark: warning("ClaimLost", message) }
  }
  const { claimRef } = volume.spec ?? {}
  if (claimRef === undefined || claimRef.uid === uidOf(claim) || (isHeldFor(claimRef, claim) && !claimRef.uid))
    return { type: "bind", volume }
  const message = "Two claims are bound to the same volume, this one is bound incorrectly"
  return { type: "lost", remark: warning("ClaimMisbound", message) }
}

/** Decides for a claim that is not being deleted. */
export const planClaim = (situation: ClaimSituation): ClaimPlan => {
  const { claim, volumes } = situation
  const wanted = claim.spec?.volumeName ?? ""
  const volume = volumes.find((one) => nameOf(one) === wanted)
  if (annotationOf(claim, bindCompleted) === undefined) return wanted === "" ? planFree(situation) : planNamed(claim, volume)
  if (wanted !== "") return planBound(claim, volume)
  const message = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"
  return { type: "lost", remark: warning("ClaimLost", message) }
}
