/** Validation of what controllers report of workloads: the `status` that they write through its subresource. @module */
import { invalid } from "../../field-error.ts"
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from "../../types/apps-v1.ts"
import type { HorizontalPodAutoscaler } from "../../types/autoscaling-v2.ts"
import type { ReplicationController } from "../../types/core-v1.ts"
import type { PodDisruptionBudget } from "../../types/policy-v1.ts"
import { type Findings, type Loose, nonNegative } from "../findings.ts"

type Counts = Readonly<Record<string, unknown>>

/** The numbers of a status by name; none is below zero. */
function* validateCounts(status: Counts, names: ReadonlyArray<string>): Findings {
  for (const name of names) yield* nonNegative(`status.${name}`, numberOf(status, name))
}

const numberOf = (status: Counts, name: string): number | undefined => {
  const value = status[name]
  return typeof value === "number" ? value : undefined
}

/** A part is not more than the whole it is counted in. */
function* validateParts(status: Counts, parts: ReadonlyArray<string>, whole: string, sentence: string): Findings {
  for (const part of parts) {
    const count = numberOf(status, part) ?? 0
    if (count > (numberOf(status, whole) ?? 0)) yield invalid(`status.${part}`, count, sentence)
  }
}

/** Collisions of hashes are only ever counted up. */
function* validateCollisions(status: Counts, old: Counts): Findings {
  const count = numberOf(status, "collisionCount")
  if ((numberOf(old, "collisionCount") ?? -1) > (count ?? -1))
    yield invalid("status.collisionCount", count ?? 0, "cannot be decremented")
}

const tooMany = "cannot be greater than status.replicas"

/** A Deployment's status. */
export function* validateDeploymentStatus({ status = {} }: Loose<Deployment>, old: Loose<Deployment>): Findings {
  const names = ["observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas"]
  yield* validateCounts(status, [...names, "collisionCount"])
  yield* validateParts(status, ["updatedReplicas", "readyReplicas", "availableReplicas"], "replicas", tooMany)
  yield* validateParts(status, ["availableReplicas"], "readyReplicas", "cannot be greater than readyReplicas")
  yield* validateCollisions(status, old.status ?? {})
}

/** The status of a ReplicaSet and of a ReplicationController. */
export function* validateReplicaStatus({ status = {} }: Loose<ReplicaSet | ReplicationController>): Findings {
  const parts = ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"]
  yield* validateCounts(status, ["replicas", ...parts, "observedGeneration"])
  yield* validateParts(status, parts, "replicas", tooMany)
  yield* validateParts(status, ["availableReplicas"], "readyReplicas", "cannot be greater than readyReplicas")
}

/** A StatefulSet's status. */
export function* validateStatefulSetStatus({ status = {} }: Loose<StatefulSet>, old: Loose<StatefulSet>): Findings {
  const parts = ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"]
  yield* validateCounts(status, ["replicas", ...parts, "observedGeneration", "collisionCount"])
  yield* validateParts(status, parts, "replicas", tooMany)
  yield* validateParts(status, ["availableReplicas"], "readyReplicas", "cannot be greater than status.readyReplicas")
  yield* validateCollisions(status, old.status ?? {})
}

/** A DaemonSet's status. */
export function* validateDaemonSetStatus({ status = {} }: Loose<DaemonSet>, old: Loose<DaemonSet>): Findings {
  yield* validateCounts(status, [
    "currentNumberScheduled",
    "numberMisscheduled",
    "desiredNumberScheduled",
    "numberReady",
    "observedGeneration",
    "updatedNumberScheduled",
    "numberAvailable",
    "numberUnavailable",
    "collisionCount"
  ])
  yield* validateCollisions(status, old.status ?? {})
}

/** An autoscaler's status. */
export function* validateAutoscalerStatus({ status = {} }: Loose<HorizontalPodAutoscaler>): Findings {
  yield* validateCounts(status, ["currentReplicas", "desiredReplicas"])
}

/** A PodDisruptionBudget's status. */
export function* validateBudgetStatus({ status = {} }: Loose<PodDisruptionBudget>): Findings {
  yield* validateCounts(status, ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"])
}
