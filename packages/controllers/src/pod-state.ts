/** What controllers ask about a pod: does it still count, is it ready, since when. @module */
import type { Pod, PodCondition } from "@tsukube/api/core-v1"
import { isDeleting, timeOf } from "./object.ts"

/** True once the pod ended for good. */
export const isTerminal = (pod: Pod): boolean => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed"

/** True while the pod counts as one of its owner's: not ended and not being deleted. */
export const isActive = (pod: Pod): boolean => !isTerminal(pod) && !isDeleting(pod)

/** The pod's Ready condition, or undefined. */
export const readyCondition = (pod: Pod): PodCondition | undefined => pod.status?.conditions?.find(({ type }) => type === "Ready")

/** True while the pod's Ready condition is True. */
export const isReady = (pod: Pod): boolean => readyCondition(pod)?.status === "True"

/** Milliseconds until a ready pod counts as available; 0 when it does, undefined while it is not ready. */
export const untilAvailable = (pod: Pod, minReadySeconds: number, nowMs: number): number | undefined => {
  const ready = readyCondition(pod)
  if (ready?.status !== "True") return undefined
  if (minReadySeconds === 0) return 0
  return ready.lastTransitionTime === undefined
    ? undefined
    : Math.max(0, timeOf(ready.lastTransitionTime) + minReadySeconds * 1000 - nowMs)
}
