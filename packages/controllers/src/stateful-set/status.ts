/** What a StatefulSet reports. Pure. @module */
import type { StatefulSetStatus } from "@tsukube/api/apps-v1"
import type { Pod } from "@tsukube/api/core-v1"
import { isDeleting } from "../object.ts"
import { untilAvailable } from "../pod-state.ts"
import { replicasOf, revisionOf } from "./identity.ts"
import { isAvailable, isRunning, membersOf, type Situation } from "./situation.ts"

/** The status for this situation; `updating` are pods that were just told to end. */
export const statusOf = (situation: Situation, updating: ReadonlyArray<Pod>, collisionCount: number): StatefulSetStatus => {
  const { set, current, update } = situation
  const { wanted, condemned } = membersOf(situation)
  const pods = [...wanted.values(), ...condemned.map(({ pod }) => pod)]
  const ready = pods.filter(isRunning)
  const staying = pods.filter((pod) => !isDeleting(pod) && !updating.includes(pod))
  const updated = staying.filter((pod) => revisionOf(pod) === update.name).length
  const wantedCount = replicasOf(set)
  const isRolling = (set.spec?.updateStrategy?.type ?? "RollingUpdate") === "RollingUpdate"
  const isComplete = isRolling && [updated, ready.length, pods.length].every((count) => count === wantedCount)
  const counts = {
    readyReplicas: ready.length,
    currentReplicas: isComplete ? updated : staying.filter((pod) => revisionOf(pod) === current.name).length,
    updatedReplicas: updated
  }
  return {
    observedGeneration: set.metadata?.generation ?? 0,
    replicas: pods.length,
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    currentRevision: isComplete ? update.name : current.name,
    updateRevision: update.name,
    collisionCount,
    availableReplicas: ready.filter((pod) => isAvailable(situation, pod)).length,
    ...(set.status?.conditions === undefined ? {} : { conditions: set.status.conditions })
  }
}

/** Milliseconds until the next ready pod counts as available; undefined when none is waiting. */
export const untilNextAvailable = ({ set, pods, nowMs }: Situation): number | undefined => {
  const waits = pods
    .map((pod) => untilAvailable(pod, set.spec?.minReadySeconds ?? 0, nowMs))
    .filter((wait) => wait !== undefined && wait > 0) as ReadonlyArray<number>
  return waits.length === 0 ? undefined : Math.min(...waits)
}
