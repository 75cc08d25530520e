/** What a DaemonSet reports. Pure. @module */
import type { DaemonSetStatus } from "@tsukube/api/apps-v1"
import { isReady, untilAvailable } from "../pod-state.ts"
import { bySeniority, isAvailable, isCurrent, type Situation } from "./situation.ts"

/** The status for this situation; `observed` says whether this generation was acted upon. */
export const statusOf = (situation: Situation, collisionCount: number, observed: boolean): DaemonSetStatus => {
  const { daemonSet, nodes, podsByNode } = situation
  const { status } = daemonSet
  const counts = { desired: 0, current: 0, misscheduled: 0, ready: 0, available: 0, updated: 0 }
  for (const { node, shouldRun } of nodes) {
    const first = [...(podsByNode.get(node) ?? [])].sort(bySeniority)[0]
    if (shouldRun) counts.desired++
    if (first === undefined) continue
    if (!shouldRun) {
      counts.misscheduled++
      continue
    }
    counts.current++
    if (isReady(first)) counts.ready++
    if (isAvailable(situation, first)) counts.available++
    if (isCurrent(situation, first)) counts.updated++
  }
  const observedGeneration = observed ? daemonSet.metadata?.generation : status?.observedGeneration
  const optional = {
    updatedNumberScheduled: counts.updated,
    numberAvailable: counts.available,
    numberUnavailable: counts.desired - counts.available,
    observedGeneration: observedGeneration ?? 0,
    collisionCount
  }
  return {
    currentNumberScheduled: counts.current,
    desiredNumberScheduled: counts.desired,
    numberMisscheduled: counts.misscheduled,
    numberReady: counts.ready,
    ...Object.fromEntries(Object.entries(optional).filter(([, count]) => count > 0)),
    ...(status?.conditions === undefined ? {} : { conditions: status.conditions })
  }
}

/** Milliseconds until the next ready pod counts as available; undefined when none is waiting. */
export const untilNextAvailable = ({ daemonSet, podsByNode, nowMs }: Situation): number | undefined => {
  let soonest: number | undefined
  for (const pod of [...podsByNode.values()].flat()) {
    const wait = untilAvailable(pod, daemonSet.spec?.minReadySeconds ?? 0, nowMs)
    if (wait !== undefined && wait > 0) soonest = Math.min(soonest ?? wait, wait)
  }
  return soonest
}
