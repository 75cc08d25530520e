/** What becomes of a volume: free, bound, or what its reclaim policy says once its claim is gone. Pure. @module */
import type { PersistentVolume, PersistentVolumeClaim } from "@tsukube/api/core-v1"
import { annotationOf, nameOf, uidOf } from "../object.ts"
import { boundByController, type Remark } from "./claim.ts"

type Phase = "Available" | "Bound" | "Failed" | "Released"

/** What to do with a volume. */
export type VolumePlan =
  | { readonly type: "phase"; readonly phase: Phase; readonly remark?: Remark }
  /** Its claim is bound to another volume: it is free again, or waits for the claim that it was held for. */
  | { readonly type: "unbind"; readonly keepsName: boolean }
  /** Its claim has not answered yet. */
  | { readonly type: "claim" }

const provisionedBy = "pv.kubernetes.io/provisioned-by"

const reclaim = (volume: PersistentVolume): VolumePlan => {
  const policy = volume.spec?.persistentVolumeReclaimPolicy ?? "Retain"
  if (policy === "Retain" || (policy === "Delete" && annotationOf(volume, provisionedBy) !== undefined))
    return { type: "phase", phase: "Released" }
  const [reason, message] =
    policy === "Delete"
      ? [
          "VolumeFailedDelete",
          `error getting deleter volume plugin for volume "${nameOf(volume)}": no deletable volume plugin matched`
        ]
      : ["VolumeFailedRecycle", "No recycler plugin found for the volume!"]
  return { type: "phase", phase: "Failed", remark: { type: "Warning", reason, message } }
}

/** Decides by the claim that the volume is held for, as it is now. */
export const planVolume = (volume: PersistentVolume, claim: PersistentVolumeClaim | undefined): VolumePlan => {
  const { claimRef } = volume.spec ?? {}
  // Held for a claim by name only: the claim takes it when it comes.
  if (claimRef === undefined || !claimRef.uid) return { type: "phase", phase: "Available" }
  if (claim === undefined || uidOf(claim) !== claimRef.uid) return reclaim(volume)
  const named = claim.spec?.volumeName ?? ""
  if (named === "") return { type: "claim" }
  if (named === nameOf(volume)) return { type: "phase", phase: "Bound" }
  return { type: "unbind", keepsName: annotationOf(volume, boundByController) === undefined }
}
