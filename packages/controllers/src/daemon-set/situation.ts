/** What a DaemonSet is decided on: its pods by node, and which nodes they belong on. Pure. @module */
import type { DaemonSet } from "@tsukube/api/apps-v1"
import type { Pod } from "@tsukube/api/core-v1"
import { byCreation, isDeleting } from "../object.ts"
import { isTerminal, untilAvailable } from "../pod-state.ts"
import type { Eligibility } from "./eligibility.ts"
import { isUpdated, nodeOf } from "./pod.ts"

/** Everything that counts. */
export interface Situation {
  readonly daemonSet: DaemonSet
  readonly nodes: ReadonlyArray<Eligibility>
  readonly podsByNode: ReadonlyMap<string, ReadonlyArray<Pod>>
  /** Hashes of the current template: more than one when equal revisions were adopted. */
  readonly hashes: ReadonlySet<string>
  readonly nowMs: number
}

/** The pods by the node they are on or meant for, without those that ended and are on their way out. */
export const byNode = (pods: ReadonlyArray<Pod>): ReadonlyMap<string, ReadonlyArray<Pod>> => {
  const found = new Map<string, Array<Pod>>()
  for (const pod of pods) {
    const node = nodeOf(pod)
    if (node === undefined || (isDeleting(pod) && isTerminal(pod))) continue
    const there = found.get(node)
    if (there === undefined) found.set(node, [pod])
    else there.push(pod)
  }
  return found
}

/** Placed pods first, then the oldest: the first of a node's pods is the one that counts. */
export const bySeniority = (left: Pod, right: Pod): number =>
  Number(Boolean(right.spec?.nodeName)) - Number(Boolean(left.spec?.nodeName)) || byCreation(left, right)

/** True when the pod has been ready for as long as the DaemonSet asks. */
export const isAvailable = ({ daemonSet, nowMs }: Situation, pod: Pod): boolean =>
  untilAvailable(pod, daemonSet.spec?.minReadySeconds ?? 0, nowMs) === 0

/** True for pods of the current template. */
export const isCurrent = ({ daemonSet, hashes }: Situation, pod: Pod): boolean => isUpdated(daemonSet, hashes, pod)
