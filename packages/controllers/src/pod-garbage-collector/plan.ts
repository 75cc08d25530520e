/** Pods that nobody else will ever clean up. Pure. @module */
import type { Pod } from "@tsukube/api/core-v1"
import { byCreation, isDeleting } from "../object.ts"
import { isTerminal } from "../pod-state.ts"

/** Why a pod goes. */
export type Cause = "terminated" | "unscheduled" | "orphaned"

/** A pod to delete, at once and without grace. */
export interface Sweep {
  readonly pod: Pod
  readonly cause: Cause
}

/** True when the pod's node is one that nobody knows. */
export const isOrphan = (pod: Pod, hasNode: (name: string) => boolean): boolean =>
  Boolean(pod.spec?.nodeName) && !hasNode(pod.spec?.nodeName ?? "")

/** What to delete: ended pods beyond the threshold, oldest first; pods that were deleted before they got a node; pods of vanished nodes. */
export const sweep = (
  pods: ReadonlyArray<Pod>,
  hasNode: (name: string) => boolean,
  terminatedThreshold: number
): ReadonlyArray<Sweep> => {
  const ended = pods.filter((pod) => isTerminal(pod) && !isDeleting(pod)).sort(byCreation)
  const surplus = terminatedThreshold > 0 ? ended.slice(0, Math.max(0, ended.length - terminatedThreshold)) : []
  return [
    ...surplus.map((pod): Sweep => ({ pod, cause: "terminated" })),
    ...pods.filter((pod) => isDeleting(pod) && !pod.spec?.nodeName).map((pod): Sweep => ({ pod, cause: "unscheduled" })),
    ...pods.filter((pod) => isOrphan(pod, hasNode)).map((pod): Sweep => ({ pod, cause: "orphaned" }))
  ]
}
