/**
 * How a Job's status counts ended pods: each once, whatever crashes in between. A pod is first written down by its uid, then
 * loses its finalizer, and only then is its uid struck out and the counter raised. Pure.
 *
 * @module
 */
import type { Job, JobCondition, JobStatus } from "@tsukube/api/batch-v1"
import type { Pod } from "@tsukube/api/core-v1"
import { conditionOf } from "../condition.ts"
import { formatTime, isDeleting, uidOf } from "../object.ts"
import { announcement, type Ending } from "./ending.ts"
import { isCounted } from "./failure-policy.ts"
import { formatIndexes, hasIndex, sizeOf } from "./index-set.ts"
import { indexOf, isFailed } from "./pod.ts"
import { hasPlace, isOpen, type Situation, type Tally } from "./tally.ts"

/** The most pods that wait in the status: it must not grow without bound. */
const uncountedLimit = 500

/** The status to write first, and the pods that may lose their finalizer when it is written. */
export interface Entry {
  readonly status: JobStatus
  readonly release: ReadonlyArray<Pod>
  /** False when pods had to be left for another pass. */
  readonly isAll: boolean
}

/** The list with the condition in its place, or at the end; a condition that says the same keeps its time. */
export const putCondition = (
  conditions: ReadonlyArray<JobCondition>,
  condition: Omit<JobCondition, "lastProbeTime" | "lastTransitionTime">,
  nowMs: number
): ReadonlyArray<JobCondition> => {
  const known = conditionOf(conditions, condition.type)
  const time = formatTime(nowMs)
  const stamped = { ...condition, lastProbeTime: time, lastTransitionTime: time }
  if (known === undefined) return [...conditions, stamped]
  const { status, reason, message } = known
  if (status === condition.status && reason === condition.reason && message === condition.message) return conditions
  return conditions.map((other) => (other === known ? stamped : other))
}

const put = (status: JobStatus, type: string, { reason, message }: Ending, nowMs: number): JobStatus => ({
  ...status,
  conditions: putCondition(status.conditions ?? [], { type, status: "True", reason, message }, nowMs)
})

const uncounted = (succeeded: ReadonlyArray<string>, failed: ReadonlyArray<string>): JobStatus => ({
  uncountedTerminatedPods: { ...(succeeded.length === 0 ? {} : { succeeded }), ...(failed.length === 0 ? {} : { failed }) }
})

/** Counts the pods in the status that have no finalizer any more. */
export const settle = (status: JobStatus, tracked: ReadonlySet<string>): JobStatus => {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {}
  const [stillSucceeded, stillFailed] = [succeeded, failed].map((uids) => uids.filter((uid) => tracked.has(uid)))
  return {
    ...status,
    succeeded: (status.succeeded ?? 0) + succeeded.length - (stillSucceeded?.length ?? 0),
    failed: (status.failed ?? 0) + failed.length - (stillFailed?.length ?? 0),
    ...uncounted(stillSucceeded ?? [], stillFailed ?? [])
  }
}

const byIndex = (left: Pod, right: Pod): number => (indexOf(left) ?? -1) - (indexOf(right) ?? -1)

/** Pods whose finalizer may go: ended ones, unless an index needs its last failure to count on; at the end all of them. */
const mayGo = (job: Job, { indexes }: Tally, ending: Ending | undefined, pod: Pod): boolean => {
  if (isDeleting(job) || ending !== undefined || pod.status?.phase === "Succeeded") return true
  return isFailed(job, pod) && indexes?.replaced.get(indexOf(pod) ?? -1) !== pod
}

/** What the status has to say of a pod that goes; undefined when nothing. */
const lineFor = (job: Job, { indexes }: Tally, ending: Ending | undefined, pod: Pod): "succeeded" | "failed" | undefined => {
  if (!hasPlace(job, pod)) return undefined
  const { succeeded = [], failed = [] } = job.status?.uncountedTerminatedPods ?? {}
  const isWritten = failed.includes(uidOf(pod)) || succeeded.includes(uidOf(pod))
  if (isWritten) return undefined
  if (pod.status?.phase === "Succeeded") {
    return indexes !== undefined && hasIndex(indexes.recorded, indexOf(pod) ?? -1) ? undefined : "succeeded"
  }
  // The pods that a failing Job has ended failed with it.
  return (isFailed(job, pod) || ending?.type === "Failed") && isCounted(job, pod) ? "failed" : undefined
}

/** Writes the pods that ended into the status, and what the indexes and the ending have come to. */
export const enter = (situation: Situation, sum: Tally, ending: Ending | undefined): Entry => {
  const { job, pods, nowMs } = situation
  const open = pods.filter((pod) => isOpen(situation, pod))
  const settled = settle(job.status ?? {}, new Set(open.map(uidOf)))
  const { succeeded = [], failed = [] } = settled.uncountedTerminatedPods ?? {}
  const lines = { succeeded: [...succeeded], failed: [...failed] }
  const going = open.filter((pod) => mayGo(job, sum, ending, pod)).toSorted(byIndex)
  const release: Array<Pod> = []
  for (const pod of going) {
    if (lines.succeeded.length + lines.failed.length >= uncountedLimit) break
    release.push(pod)
    const line = lineFor(job, sum, ending, pod)
    if (line !== undefined) lines[line].push(uidOf(pod))
  }
  // An index that is written down can't be counted twice: its pods need no uid.
  const written = { ...settled, ...uncounted(sum.indexes === undefined ? lines.succeeded : [], lines.failed) }
  const status = sum.indexes === undefined ? written : { ...written, ...indexStatus(sum.indexes) }
  return {
    status: ending === undefined ? status : put(status, announcement[ending.type], ending, nowMs),
    release,
    isAll: release.length === going.length
  }
}

const indexStatus = ({ succeeded, failed }: NonNullable<Tally["indexes"]>): JobStatus => ({
  succeeded: sizeOf(succeeded),
  completedIndexes: formatIndexes(succeeded),
  ...(failed === undefined ? {} : { failedIndexes: formatIndexes(failed) })
})

/** The status of an ended Job, once every pod is counted and none is on its way out; undefined until then. */
export const finish = ({ spec }: Job, status: JobStatus, ending: Ending, nowMs: number): JobStatus | undefined => {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {}
  if (succeeded.length + failed.length + (status.terminating ?? 0) > 0) return undefined
  const time = formatTime(nowMs)
  // The API wants a start time of every ended Job but one that rests and has nothing to do.
  const isVoid = spec?.suspend === true && spec.completions === 0
  const started = status.startTime === undefined && !isVoid ? { ...status, startTime: time } : status
  const ended = put(started, ending.type, ending, nowMs)
  return ending.type === "Complete" ? { ...ended, completionTime: time } : ended
}

/** The status without counters that are zero, which upstream leaves out as well. */
export const withoutZeros = ({ active, succeeded, failed, completedIndexes, conditions, ...status }: JobStatus): JobStatus => ({
  ...status,
  ...(active ? { active } : {}),
  ...(succeeded ? { succeeded } : {}),
  ...(failed ? { failed } : {}),
  ...(completedIndexes ? { completedIndexes } : {}),
  ...(conditions?.length ? { conditions } : {})
})
