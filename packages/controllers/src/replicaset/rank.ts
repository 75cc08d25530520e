/** Which pods go first when a replica set shrinks. @module */
import type { Pod } from "@tsukube/api/core-v1"
import { annotationOf, timeOf, uidOf } from "../object.ts"
import { isReady, readyCondition } from "../pod-state.ts"

/** Lower goes first; a number as text, 0 where it is absent or nonsense. */
const deletionCostAnnotation = "controller.kubernetes.io/pod-deletion-cost"

const phases: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

const costOf = (pod: Pod): number => {
  const text = annotationOf(pod, deletionCostAnnotation)
  // Upstream reads no leading plus and no leading zeros.
  return text !== undefined && /^(0|-?[1-9]\d*)$/.test(text) ? Number(text) : 0
}

const restartsOf = (pod: Pod): number =>
  (pod.status?.containerStatuses ?? []).reduce((most, { restartCount }) => Math.max(most, restartCount), 0)

/** Ages are compared by their magnitude only, so that pods of about one age share the losses over all nodes. */
const magnitude = (since: number, nowMs: number): number => (since === 0 ? -1 : Math.floor(Math.log2(Math.max(1, nowMs - since))))

interface Rank {
  readonly pod: Pod
  readonly assigned: number
  readonly phase: number
  readonly ready: number
  readonly cost: number
  readonly sharing: number
  readonly readyAge: number
  readonly restarts: number
  readonly age: number
}

const compare = (left: Rank, right: Rank): number =>
  left.assigned - right.assigned ||
  left.phase - right.phase ||
  left.ready - right.ready ||
  left.cost - right.cost ||
  right.sharing - left.sharing ||
  left.readyAge - right.readyAge ||
  right.restarts - left.restarts ||
  left.age - right.age ||
  (uidOf(left.pod) < uidOf(right.pod) ? -1 : 1)

/**
 * The pods in the order in which they go: unassigned, pending, not ready, cheap, doubled up on a node, ready for a short time,
 * often restarted, young. `related` are the active pods of all replica sets of the same owner; they decide what is doubled up.
 */
export const inDeletionOrder = (pods: ReadonlyArray<Pod>, related: ReadonlyArray<Pod>, nowMs: number): ReadonlyArray<Pod> => {
  const perNode = new Map<string, number>()
  for (const { spec } of related) if (spec?.nodeName) perNode.set(spec.nodeName, (perNode.get(spec.nodeName) ?? 0) + 1)
  const rank = (pod: Pod): Rank => ({
    pod,
    assigned: pod.spec?.nodeName ? 1 : 0,
    phase: phases[pod.status?.phase ?? ""] ?? 0,
    ready: isReady(pod) ? 1 : 0,
    cost: costOf(pod),
    sharing: perNode.get(pod.spec?.nodeName ?? "") ?? 0,
    readyAge: isReady(pod) ? magnitude(timeOf(readyCondition(pod)?.lastTransitionTime), nowMs) : 0,
    restarts: restartsOf(pod),
    age: magnitude(timeOf(pod.metadata?.creationTimestamp), nowMs)
  })
  return pods
    .map(rank)
    .sort(compare)
    .map(({ pod }) => pod)
}
