/** What a PodDisruptionBudget reports: how many of its pods may be evicted now. Pure. @module */
import type { Pod } from "@tsukube/api/core-v1"
import type { Condition } from "@tsukube/api/meta-v1"
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from "@tsukube/api/policy-v1"
import { conditionOf, withCondition } from "../condition.ts"
import { formatTime, isDeleting, nameOf, timeOf } from "../object.ts"
import { isReady, isTerminal } from "../pod-state.ts"
import { shareOf } from "../share.ts"

/** An evicted pod that is still there after this long is taken for one that stays; so is a pod marked for disruption. */
export const deletionTimeoutMs = 120_000

/** How many pods there should be by their owners, and how many of them must be healthy. */
export interface Demand {
  readonly expectedPods: number
  readonly desiredHealthy: number
}

/** True when the budget speaks of a part of the whole, so that the owners' scales are needed. */
export const needsScale = ({ spec }: PodDisruptionBudget): boolean =>
  spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === "string"

/** The demand of a budget over `podCount` pods whose owners ask for `scale` pods together. Percentages are rounded up. */
export const demandOf = ({ spec }: PodDisruptionBudget, podCount: number, scale: number): Demand => {
  if (spec?.maxUnavailable !== undefined) {
    return { expectedPods: scale, desiredHealthy: Math.max(0, scale - shareOf(spec.maxUnavailable, scale, Math.ceil)) }
  }
  if (typeof spec?.minAvailable === "number") return { expectedPods: podCount, desiredHealthy: spec.minAvailable }
  if (spec?.minAvailable === undefined) return { expectedPods: 0, desiredHealthy: 0 }
  return { expectedPods: scale, desiredHealthy: shareOf(spec.minAvailable, scale, Math.ceil) }
}

/** The status, pods that were evicted but never went, and when to look again. */
export interface Plan {
  readonly status: PodDisruptionBudgetStatus
  readonly notDeleted: ReadonlyArray<Pod>
  readonly afterMs: number | undefined
}

/** The status of a budget for its pods. */
export const plan = (budget: PodDisruptionBudget, pods: ReadonlyArray<Pod>, demand: Demand, nowMs: number): Plan => {
  const disruptedPods: Record<string, string> = {}
  const notDeleted: Array<Pod> = []
  const waits: Array<number> = []
  for (const pod of pods) {
    const evictedAt = budget.status?.disruptedPods?.[nameOf(pod)]
    if (evictedAt === undefined || isDeleting(pod)) continue
    const leftMs = timeOf(evictedAt) + deletionTimeoutMs - nowMs
    if (leftMs < 0) notDeleted.push(pod)
    else {
      disruptedPods[nameOf(pod)] = evictedAt
      waits.push(leftMs + 1)
    }
  }
  const isHealthy = (pod: Pod): boolean => !isDeleting(pod) && disruptedPods[nameOf(pod)] === undefined && isReady(pod)
  const currentHealthy = pods.filter(isHealthy).length
  // A budget without pods allows nothing: its first pods must not be evicted before they were counted.
  const disruptionsAllowed = demand.expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - demand.desiredHealthy)
  const observedGeneration = budget.metadata?.generation ?? 0
  return {
    status: {
      ...(waits.length === 0 ? {} : { disruptedPods }),
      observedGeneration,
      disruptionsAllowed,
      currentHealthy,
      ...demand,
      conditions: conditionsWith(budget, nowMs, {
        status: disruptionsAllowed > 0 ? "True" : "False",
        reason: disruptionsAllowed > 0 ? "SufficientPods" : "InsufficientPods",
        message: "",
        observedGeneration
      })
    },
    notDeleted,
    afterMs: waits.length === 0 ? undefined : Math.min(...waits)
  }
}

/** The status when the pods could not be counted: nothing may be evicted, and the condition says why. */
export const failedStatus = (budget: PodDisruptionBudget, message: string, nowMs: number): PodDisruptionBudgetStatus => {
  const { currentHealthy = 0, desiredHealthy = 0, expectedPods = 0, observedGeneration = 0 } = budget.status ?? {}
  const conditions = conditionsWith(budget, nowMs, { status: "False", reason: "SyncFailed", message, observedGeneration })
  return { ...budget.status, currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed: 0, conditions }
}

const conditionsWith = (
  budget: PodDisruptionBudget,
  nowMs: number,
  next: Omit<Condition, "type" | "lastTransitionTime">
): ReadonlyArray<Condition> => {
  const conditions = budget.status?.conditions ?? []
  const before = conditionOf(conditions, "DisruptionAllowed")
  const lastTransitionTime = before?.status === next.status ? before.lastTransitionTime : formatTime(nowMs)
  const condition = { type: "DisruptionAllowed", lastTransitionTime, ...next }
  if (before === undefined) return withCondition(conditions, condition)
  return conditions.map((each) => (each === before ? condition : each))
}

/**
 * Milliseconds until a pod's DisruptionTarget condition is out of date: somebody meant to delete the pod and did not. Undefined
 * where there is none to watch; the kubelet's own condition may take any time to be followed by the end.
 */
export const untilStale = (pod: Pod, nowMs: number): number | undefined => {
  const condition = conditionOf(pod.status?.conditions, "DisruptionTarget")
  if (condition?.status !== "True" || condition.reason === "TerminationByKubelet") return undefined
  if (isDeleting(pod) || isTerminal(pod)) return undefined
  return Math.max(0, timeOf(condition.lastTransitionTime) + deletionTimeoutMs - nowMs)
}

/** The pod with its out-of-date DisruptionTarget condition taken back. */
export const withoutDisruption = (pod: Pod, nowMs: number): Pod => ({
  ...pod,
  status: {
    ...pod.status,
    conditions: (pod.status?.conditions ?? []).map((condition) =>
      condition.type === "DisruptionTarget"
        ? { type: "DisruptionTarget", status: "False", lastTransitionTime: formatTime(nowMs) }
        : condition
    )
  }
})
