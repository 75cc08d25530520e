/** What the pods of a Job add to what its status has counted already. Pure. @module */
import type { Job, JobSpec } from "@tsukube/api/batch-v1"
import type { Pod } from "@tsukube/api/core-v1"
import { uidOf } from "../object.ts"
import { isActive } from "../pod-state.ts"
import { type Backoff, backoffAfter } from "./backoff.ts"
import { isCounted, judge } from "./failure-policy.ts"
import { hasIndex, type IndexSet, indexSet, parseIndexes, sizeOf, union } from "./index-set.ts"
import { failuresBefore, finishedAt, indexOf, isFailed, isTerminating, isTracked } from "./pod.ts"

/** What a pass knows. */
export interface Situation {
  readonly job: Job
  /** Every pod of the Job that is still there. */
  readonly pods: ReadonlyArray<Pod>
  /** Uids of pods that were counted and let go already, though the cache may not show it. */
  readonly released: ReadonlySet<string>
  readonly backoff: Backoff
  /** The cache shows every pod that was made or ended. */
  readonly settled: boolean
  readonly nowMs: number
}

/** The indexes of an Indexed Job. */
export interface IndexTally {
  /** Those that the status names as completed. */
  readonly recorded: IndexSet
  readonly succeeded: IndexSet
  /** Only where every index has its own limit. */
  readonly failed?: IndexSet
  /** The last failed pod of each index that gets another one. It stays until then: it knows how often the index failed. */
  readonly replaced: ReadonlyMap<number, Pod>
}

/** All that is counted, with the pods that ended since the status was written. */
export interface Tally {
  readonly active: ReadonlyArray<Pod>
  readonly terminating: number
  readonly succeeded: number
  readonly failed: number
  readonly backoff: Backoff
  readonly indexes?: IndexTally
}

/** True for Jobs whose pods stand for an index each. */
export const isIndexed = ({ spec }: Job): boolean => spec?.completionMode === "Indexed"

/** True when every index has its own limit of failures. */
export const limitsIndexes = ({ spec }: Job): boolean => spec?.backoffLimitPerIndex !== undefined

/** True for a pod that is counted in this Job: any, but of an Indexed Job only one with an index that it has. */
export const hasPlace = (job: Job, pod: Pod): boolean => {
  if (!isIndexed(job)) return true
  const index = indexOf(pod)
  return index !== undefined && index < (job.spec?.completions ?? 0)
}

/** True for pods that keep their finalizer until this pass. */
export const isOpen = ({ released }: Pick<Situation, "released">, pod: Pod): boolean =>
  isTracked(pod) && !released.has(uidOf(pod))

const placesOf = (pods: ReadonlyArray<Pod>): IndexSet => indexSet(pods.flatMap((pod) => indexOf(pod) ?? []))

const isIndexLost = (job: Job, { backoffLimitPerIndex = 0 }: JobSpec, pod: Pod): boolean =>
  isFailed(job, pod) &&
  (judge(job, pod).action === "FailIndex" || (isCounted(job, pod) && failuresBefore(pod).counted >= backoffLimitPerIndex))

const attemptsOf = (pod: Pod): number => {
  const { counted, ignored } = failuresBefore(pod)
  return counted + ignored
}

/** Of two failed pods of an index the one whose replacement has to count further. */
const later = (left: Pod | undefined, right: Pod): Pod =>
  left === undefined || (attemptsOf(left) <= attemptsOf(right) && finishedAt(left) <= finishedAt(right)) ? right : left

const tallyIndexes = (job: Job, open: ReadonlyArray<Pod>, active: ReadonlyArray<Pod>): IndexTally => {
  const { spec, status } = job
  const completions = spec?.completions ?? 0
  const recorded = parseIndexes(status?.completedIndexes, completions)
  const succeeded = union(recorded, placesOf(open.filter((pod) => pod.status?.phase === "Succeeded")))
  if (spec === undefined || !limitsIndexes(job)) return { recorded, succeeded, replaced: new Map() }
  const lost = open.filter((pod) => isIndexLost(job, spec, pod))
  const failed = union(parseIndexes(status?.failedIndexes, completions), placesOf(lost))
  const through = union(union(succeeded, failed), placesOf(active))
  const replaced = new Map<number, Pod>()
  for (const pod of open) {
    const index = indexOf(pod)
    if (index !== undefined && isFailed(job, pod) && !hasIndex(through, index))
      replaced.set(index, later(replaced.get(index), pod))
  }
  return { recorded, succeeded, failed, replaced }
}

/** Adds up. */
export const tally = (situation: Situation): Tally => {
  const { job, pods } = situation
  const { succeeded = 0, failed = 0, uncountedTerminatedPods: uncounted = {} } = job.status ?? {}
  const [knownSucceeded, knownFailed] = [new Set(uncounted.succeeded), new Set(uncounted.failed)]
  const open = pods.filter((pod) => isOpen(situation, pod) && hasPlace(job, pod))
  const newlySucceeded = open.filter((pod) => pod.status?.phase === "Succeeded" && !knownSucceeded.has(uidOf(pod)))
  const newlyFailed = open.filter((pod) => isFailed(job, pod) && !knownFailed.has(uidOf(pod)))
  const active = pods.filter(isActive)
  const indexes = isIndexed(job) ? tallyIndexes(job, open, active) : undefined
  return {
    active,
    terminating: pods.filter(isTerminating).length,
    // An index counts once, however many of its pods succeeded.
    succeeded: indexes === undefined ? succeeded + newlySucceeded.length + knownSucceeded.size : sizeOf(indexes.succeeded),
    failed: failed + newlyFailed.filter((pod) => isCounted(job, pod)).length + knownFailed.size,
    backoff: backoffAfter(situation.backoff, newlySucceeded, newlyFailed),
    ...(indexes === undefined ? {} : { indexes })
  }
}
