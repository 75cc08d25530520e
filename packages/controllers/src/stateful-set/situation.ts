/** What a StatefulSet is decided on. Pure. @module */
import type { StatefulSet } from "@tsukube/api/apps-v1"
import type { PersistentVolumeClaim, Pod } from "@tsukube/api/core-v1"
import { isDeleting } from "../object.ts"
import { isReady, untilAvailable } from "../pod-state.ts"
import { ordinalOf, type Revised, replicasOf, startOf } from "./identity.ts"

/** Everything that counts. */
export interface Situation {
  readonly set: StatefulSet
  /** What the pods were before the last change of the template. */
  readonly current: Revised
  /** What they are to be. */
  readonly update: Revised
  readonly pods: ReadonlyArray<Pod>
  /** A claim of the set's namespace by name. */
  readonly claim: (name: string) => PersistentVolumeClaim | undefined
  readonly nowMs: number
}

/** A pod with its number. */
export interface Member {
  readonly pod: Pod
  readonly ordinal: number
}

/** The pods that are wanted, by number, and those that are too many, the highest first. */
export const membersOf = ({
  set,
  pods
}: Pick<Situation, "set" | "pods">): { readonly wanted: ReadonlyMap<number, Pod>; readonly condemned: ReadonlyArray<Member> } => {
  const wanted = new Map<number, Pod>()
  const condemned: Array<Member> = []
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod)
    if (ordinal === undefined) continue
    if (ordinal >= startOf(set) && ordinal < startOf(set) + replicasOf(set)) wanted.set(ordinal, pod)
    else condemned.push({ pod, ordinal })
  }
  return { wanted, condemned: condemned.sort((left, right) => right.ordinal - left.ordinal) }
}

/** True while the pod runs and is ready. */
export const isRunning = (pod: Pod): boolean => pod.status?.phase === "Running" && isReady(pod)

/** True when it has been ready for as long as the set asks. */
export const isAvailable = ({ set, nowMs }: Pick<Situation, "set" | "nowMs">, pod: Pod): boolean =>
  untilAvailable(pod, set.spec?.minReadySeconds ?? 0, nowMs) === 0

/** True for pods that may be counted on. */
export const isHealthy = (situation: Pick<Situation, "set" | "nowMs">, pod: Pod): boolean =>
  isRunning(pod) && isAvailable(situation, pod) && !isDeleting(pod)
