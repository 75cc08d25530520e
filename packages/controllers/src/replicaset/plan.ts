/** What a replica set needs: pods to make or to end, and the status it reports. Pure. @module */
import type { KubernetesObject, Resource } from "@tsukube/api"
import type { ReplicaSetCondition, ReplicaSetStatus } from "@tsukube/api/apps-v1"
import type { Pod, PodTemplateSpec } from "@tsukube/api/core-v1"
import { conditionOf, withCondition, withoutCondition } from "../condition.ts"
import { formatTime, isDeleting, nameOf } from "../object.ts"
import { isActive, isReady, isTerminal, untilAvailable } from "../pod-state.ts"
import { podFrom } from "../pod-template.ts"
import type { Failure } from "../pod-writes.ts"
import { inDeletionOrder } from "./rank.ts"

/** The most pods one pass makes or ends. */
const burst = 500

/** What replica sets and replication controllers have in common. */
export interface Replicated extends KubernetesObject {
  readonly spec?: { readonly replicas?: number; readonly minReadySeconds?: number; readonly template?: PodTemplateSpec }
  readonly status?: ReplicaSetStatus
}

/** Pods to make (a number: they are all alike) and pods to end. */
export interface Change {
  readonly create: number
  readonly remove: ReadonlyArray<Pod>
}

/** Compares what is wanted with what counts; `related` are active pods of sibling replica sets, for the choice of what to end. */
export const change = (replicaSet: Replicated, owned: ReadonlyArray<Pod>, related: ReadonlyArray<Pod>, nowMs: number): Change => {
  if (isDeleting(replicaSet)) return { create: 0, remove: [] }
  const active = owned.filter(isActive)
  const surplus = active.length - (replicaSet.spec?.replicas ?? 1)
  if (surplus <= 0) return { create: Math.min(-surplus, burst), remove: [] }
  return { create: 0, remove: inDeletionOrder(active, related, nowMs).slice(0, Math.min(surplus, burst)) }
}

/** A pod of the replica set's template, owned by it. */
export const podOf = (replicaSet: Replicated, resource: Resource): Pod => {
  const pod = podFrom(replicaSet.spec?.template, replicaSet, resource)
  return { ...pod, metadata: { ...pod.metadata, generateName: `${nameOf(replicaSet)}-` } }
}

const conditionsAfter = (
  replicaSet: Replicated,
  failure: Failure | undefined,
  nowMs: number
): ReadonlyArray<ReplicaSetCondition> => {
  const conditions = replicaSet.status?.conditions ?? []
  if (failure === undefined) return withoutCondition(conditions, "ReplicaFailure")
  if (conditionOf(conditions, "ReplicaFailure") !== undefined) return conditions
  return withCondition(conditions, {
    type: "ReplicaFailure",
    status: "True",
    lastTransitionTime: formatTime(nowMs),
    ...failure
  })
}

const carriesAll = (labels: Readonly<Record<string, string>>, pod: Pod): boolean =>
  Object.entries(labels).every(([key, value]) => pod.metadata?.labels?.[key] === value)

/** The status for these pods. */
export const statusOf = (
  replicaSet: Replicated,
  owned: ReadonlyArray<Pod>,
  failure: Failure | undefined,
  nowMs: number
): ReplicaSetStatus => {
  const active = owned.filter(isActive)
  const labels = replicaSet.spec?.template?.metadata?.labels ?? {}
  const minReadySeconds = replicaSet.spec?.minReadySeconds ?? 0
  const conditions = conditionsAfter(replicaSet, failure, nowMs)
  const counts = {
    fullyLabeledReplicas: active.filter((pod) => carriesAll(labels, pod)).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: active.filter((pod) => untilAvailable(pod, minReadySeconds, nowMs) === 0).length
  }
  return {
    replicas: active.length,
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    terminatingReplicas: owned.filter((pod) => isDeleting(pod) && !isTerminal(pod)).length,
    observedGeneration: replicaSet.metadata?.generation ?? 0,
    ...(conditions.length === 0 ? {} : { conditions })
  }
}

/** Milliseconds until the next ready pod becomes available; undefined when none is waiting. */
export const untilNextAvailable = (replicaSet: Replicated, owned: ReadonlyArray<Pod>, nowMs: number): number | undefined => {
  const waits = owned
    .filter(isActive)
    .map((pod) => untilAvailable(pod, replicaSet.spec?.minReadySeconds ?? 0, nowMs))
    .filter((wait) => wait !== undefined && wait > 0)
  return waits.length === 0 ? undefined : Math.min(...(waits as ReadonlyArray<number>))
}
