/** How many pods a rolling update may have too many or too few. @module */
import type { Deployment } from "@tsukube/api/apps-v1"
import { shareOf } from "../share.ts"

/** The replicas a Deployment asks for; one where it says nothing. */
export const wantedReplicas = (deployment: Deployment): number => deployment.spec?.replicas ?? 1

const fenceposts = (deployment: Deployment): { readonly surge: number; readonly unavailable: number } => {
  const rolling = deployment.spec?.strategy?.rollingUpdate
  const total = wantedReplicas(deployment)
  const surge = shareOf(rolling?.maxSurge, total, Math.ceil)
  const unavailable = shareOf(rolling?.maxUnavailable, total, Math.floor)
  // Both may round to zero, and then nothing could ever move.
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable }
}

/** True for the strategy that replaces pods step by step. */
export const isRolling = (deployment: Deployment): boolean =>
  (deployment.spec?.strategy?.type ?? "RollingUpdate") === "RollingUpdate"

/** Pods allowed above the wanted number; 0 unless rolling. */
export const maxSurge = (deployment: Deployment): number => (isRolling(deployment) ? fenceposts(deployment).surge : 0)

/** Pods that may be missing from the wanted number; 0 unless rolling. */
export const maxUnavailable = (deployment: Deployment): number => {
  const total = wantedReplicas(deployment)
  if (!isRolling(deployment) || total === 0) return 0
  return Math.min(fenceposts(deployment).unavailable, total)
}
