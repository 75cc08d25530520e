/** What a Deployment reports: counts, and the conditions `kubectl rollout status` waits for. @module */
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from "@tsukube/api/apps-v1"
import { conditionOf, withCondition, withoutCondition } from "../condition.ts"
import { formatTime, nameOf, timeOf } from "../object.ts"
import { maxUnavailable, wantedReplicas } from "./limits.ts"

type Conditions = ReadonlyArray<DeploymentCondition>

/** The progress deadline that means none. */
const noDeadline = 2 ** 31 - 1

/** Seconds a rollout may stand still, or undefined where nobody counts them. */
export const progressDeadline = (deployment: Deployment): number | undefined => {
  const seconds = deployment.spec?.progressDeadlineSeconds
  return seconds === undefined || seconds === noDeadline ? undefined : seconds
}

/** Sets a condition; one with the same status and reason stays as it was, times and message included. */
export const setCondition = (
  conditions: Conditions,
  next: Pick<DeploymentCondition, "type" | "status" | "reason" | "message">,
  nowMs: number
): Conditions => {
  const current = conditionOf(conditions, next.type)
  if (current !== undefined && current.status === next.status && current.reason === next.reason) return conditions
  const now = formatTime(nowMs)
  const lastTransitionTime = current !== undefined && current.status === next.status ? (current.lastTransitionTime ?? now) : now
  return withCondition(conditions, { ...next, lastUpdateTime: now, lastTransitionTime })
}

/** True when every pod is of the current template and available, and nothing else runs. */
export const isComplete = (deployment: Deployment, status: DeploymentStatus): boolean => {
  const wanted = wantedReplicas(deployment)
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 0)
  )
}

const isProgressing = (before: DeploymentStatus | undefined, after: DeploymentStatus): boolean => {
  const old = (status: DeploymentStatus | undefined): number => (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0)
  return (
    old(after) < old(before) ||
    (after.updatedReplicas ?? 0) > (before?.updatedReplicas ?? 0) ||
    (after.readyReplicas ?? 0) > (before?.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before?.availableReplicas ?? 0)
  )
}

const deadlineMs = (condition: DeploymentCondition, seconds: number): number => timeOf(condition.lastUpdateTime) + seconds * 1000

const hasTimedOut = (deployment: Deployment, conditions: Conditions, nowMs: number): boolean => {
  const seconds = progressDeadline(deployment)
  const condition = conditionOf(conditions, "Progressing")
  if (seconds === undefined || condition === undefined || condition.reason === "NewReplicaSetAvailable") return false
  return condition.reason === "ProgressDeadlineExceeded" || deadlineMs(condition, seconds) < nowMs
}

/** The counts, and whether enough pods are available. */
export const countStatus = (
  deployment: Deployment,
  all: ReadonlyArray<ReplicaSet>,
  current: ReplicaSet | undefined,
  conditions: Conditions,
  nowMs: number
): DeploymentStatus => {
  const sum = (of: (status: ReplicaSet["status"]) => number | undefined): number =>
    all.reduce((total, { status }) => total + (of(status) ?? 0), 0)
  const replicas = sum((status) => status?.replicas)
  const available = sum((status) => status?.availableReplicas)
  const terminating = all.every(({ status }) => status?.terminatingReplicas !== undefined)
  const enough = available >= wantedReplicas(deployment) - maxUnavailable(deployment)
  const collisionCount = deployment.status?.collisionCount
  return {
    observedGeneration: deployment.metadata?.generation ?? 0,
    ...nonZero({
      replicas,
      updatedReplicas: current?.status?.replicas ?? 0,
      readyReplicas: sum((status) => status?.readyReplicas),
      availableReplicas: available,
      unavailableReplicas: Math.max(0, replicas - available)
    }),
    ...(terminating ? { terminatingReplicas: sum((status) => status?.terminatingReplicas) } : {}),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions: setCondition(
      conditions,
      enough
        ? {
            type: "Available",
            status: "True",
            reason: "MinimumReplicasAvailable",
            message: "Deployment has minimum availability."
          }
        : {
            type: "Available",
            status: "False",
            reason: "MinimumReplicasUnavailable",
            message: "Deployment does not have minimum availability."
          },
      nowMs
    )
  }
}

/** Zero counts are left out of the object, as they are upstream. */
const nonZero = (counts: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0))

const progressCondition = (
  deployment: Deployment,
  current: ReplicaSet | undefined,
  status: DeploymentStatus,
  nowMs: number
): Conditions => {
  const conditions = status.conditions ?? []
  const subject =
    current === undefined ? `Deployment ${JSON.stringify(nameOf(deployment))}` : `ReplicaSet ${JSON.stringify(nameOf(current))}`
  const before = conditionOf(conditions, "Progressing")
  if (isComplete(deployment, status)) {
    const message = `${subject} has successfully progressed.`
    return setCondition(conditions, { type: "Progressing", status: "True", reason: "NewReplicaSetAvailable", message }, nowMs)
  }
  if (isProgressing(deployment.status, status)) {
    const now = formatTime(nowMs)
    // Unlike elsewhere the update time moves although status and reason stay: the deadline counts from it.
    return withCondition(conditions, {
      type: "Progressing",
      status: "True",
      reason: "ReplicaSetUpdated",
      message: `${subject} is progressing.`,
      lastUpdateTime: now,
      lastTransitionTime: before?.status === "True" ? (before.lastTransitionTime ?? now) : now
    })
  }
  if (!hasTimedOut(deployment, conditions, nowMs)) return conditions
  const message = `${subject} has timed out progressing.`
  return setCondition(conditions, { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message }, nowMs)
}

const replicaFailure = (all: ReadonlyArray<ReplicaSet>, current: ReplicaSet | undefined): DeploymentCondition | undefined => {
  const inOrder = current === undefined ? all : [current, ...all]
  return inOrder.map(({ status }) => conditionOf(status?.conditions, "ReplicaFailure")).find((found) => found !== undefined)
}

/** The status during a rollout: counts plus how the rollout goes. */
export const rolloutStatus = (
  deployment: Deployment,
  all: ReadonlyArray<ReplicaSet>,
  current: ReplicaSet | undefined,
  conditions: Conditions,
  nowMs: number
): DeploymentStatus => {
  const counted = countStatus(deployment, all, current, conditions, nowMs)
  const before = conditionOf(conditions, "Progressing")
  const wasComplete = (counted.replicas ?? 0) === (counted.updatedReplicas ?? 0) && before?.reason === "NewReplicaSetAvailable"
  let next = counted.conditions ?? []
  if (progressDeadline(deployment) === undefined) next = withoutCondition(next, "Progressing")
  else if (!wasComplete) next = progressCondition(deployment, current, counted, nowMs)
  const failure = replicaFailure(all, current)
  next =
    failure === undefined
      ? withoutCondition(next, "ReplicaFailure")
      : setCondition(next, { ...failure, type: "ReplicaFailure" }, nowMs)
  return { ...counted, conditions: next }
}

/** Milliseconds until a stalled rollout has to be looked at again; undefined when nothing is due. */
export const untilDeadline = (deployment: Deployment, status: DeploymentStatus, nowMs: number): number | undefined => {
  const seconds = progressDeadline(deployment)
  const condition = conditionOf(status.conditions, "Progressing")
  if (seconds === undefined || condition === undefined || isComplete(deployment, status)) return undefined
  if (condition.reason === "ProgressDeadlineExceeded" || condition.reason === "NewReplicaSetAvailable") return undefined
  return Math.max(0, deadlineMs(condition, seconds) - nowMs) + 1000
}
