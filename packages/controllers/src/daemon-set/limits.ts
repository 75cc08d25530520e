/** How many nodes a rolling update may leave without a pod, or give two. Pure. @module */
import { shareOf } from "../share.ts"
import type { Situation } from "./situation.ts"

/** Nodes that should have a pod. */
export const desiredOf = ({ nodes }: Pick<Situation, "nodes">): number => nodes.filter(({ shouldRun }) => shouldRun).length

/** Both are 0 unless the DaemonSet is updated by rolling. */
export const limitsOf = (
  situation: Pick<Situation, "daemonSet" | "nodes">
): { readonly surge: number; readonly unavailable: number } => {
  const { type = "RollingUpdate", rollingUpdate = { maxUnavailable: 1 } } = situation.daemonSet.spec?.updateStrategy ?? {}
  if (type !== "RollingUpdate") return { surge: 0, unavailable: 0 }
  const desired = desiredOf(situation)
  const surge = shareOf(rollingUpdate.maxSurge, desired, Math.ceil)
  const unavailable = shareOf(rollingUpdate.maxUnavailable, desired, Math.ceil)
  // Nothing could ever move.
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable }
}
