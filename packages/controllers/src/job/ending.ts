/** Whether a Job is to end, and how. Pure. @module */
import type { Job, JobCondition } from "@tsukube/api/batch-v1"
import type { Pod } from "@tsukube/api/core-v1"
import { conditionOf } from "../condition.ts"
import { timeOf } from "../object.ts"
import { judge } from "./failure-policy.ts"
import { sizeOf } from "./index-set.ts"
import { isFailed } from "./pod.ts"
import { metRule } from "./success-policy.ts"
import type { Situation, Tally } from "./tally.ts"

/** The condition that a Job ends with. */
export interface Ending {
  readonly type: "Complete" | "Failed"
  readonly reason: string
  readonly message: string
}

/** The condition that announces an ending while the last pods go. */
export const announcement: Readonly<Record<Ending["type"], string>> = {
  Complete: "SuccessCriteriaMet",
  Failed: "FailureTarget"
}

const isTrue = (condition: JobCondition | undefined): condition is JobCondition => condition?.status === "True"

/** The ending of a Job that has ended. */
export const finished = ({ status }: Job): JobCondition | undefined =>
  status?.conditions?.find((condition) => (condition.type === "Complete" || condition.type === "Failed") && isTrue(condition))

const announced = ({ status }: Job): Ending | undefined => {
  for (const type of ["Complete", "Failed"] as const) {
    const condition = conditionOf(status?.conditions, announcement[type])
    if (isTrue(condition)) return { type, reason: condition.reason ?? "", message: condition.message ?? "" }
  }
  return undefined
}

const failure = (reason: string, message: string): Ending => ({ type: "Failed", reason, message })

/** Every completion was reached. */
export const completed: Ending = {
  type: "Complete",
  reason: "CompletionsReached",
  message: "Reached expected number of succeeded pods"
}

const byFailurePolicy = (job: Job, pods: ReadonlyArray<Pod>): Ending | undefined => {
  for (const pod of job.spec?.podFailurePolicy === undefined ? [] : pods) {
    const verdict = isFailed(job, pod) ? judge(job, pod) : undefined
    if (verdict?.action === "FailJob") return failure("PodFailurePolicy", verdict.message)
  }
  return undefined
}

/** Restarts within pods are failures too; of OnFailure alone, since the pods of others don't restart. */
const hasRestartedTooOften = ({ spec }: Job, pods: ReadonlyArray<Pod>): boolean => {
  if (spec?.template.spec?.restartPolicy !== "OnFailure") return false
  const restarts = pods
    .filter(({ status }) => status?.phase === "Running" || status?.phase === "Pending")
    .flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
    .reduce((sum, { restartCount }) => sum + restartCount, 0)
  return restarts >= Math.max(1, spec.backoffLimit ?? 6)
}

/** Milliseconds until the Job has been active for too long; undefined where that has no limit, or the Job rests. */
export const untilDeadline = ({ spec, status }: Job, nowMs: number): number | undefined =>
  spec?.activeDeadlineSeconds === undefined || spec.suspend === true || status?.startTime === undefined
    ? undefined
    : Math.max(0, timeOf(status.startTime) + spec.activeDeadlineSeconds * 1000 - nowMs)

const byLimits = ({ job, pods, nowMs }: Situation, { failed }: Tally): Ending | undefined => {
  if (failed > (job.spec?.backoffLimit ?? 6) || hasRestartedTooOften(job, pods)) {
    return failure("BackoffLimitExceeded", "Job has reached the specified backoff limit")
  }
  return untilDeadline(job, nowMs) === 0
    ? failure("DeadlineExceeded", "Job was active longer than specified deadline")
    : undefined
}

const byIndexes = ({ spec }: Job, { indexes }: Tally): Ending | undefined => {
  if (spec === undefined || indexes === undefined) return undefined
  const failed = sizeOf(indexes.failed ?? [])
  if (spec.maxFailedIndexes !== undefined && failed > spec.maxFailedIndexes) {
    return failure("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes")
  }
  if (failed > 0 && failed + sizeOf(indexes.succeeded) >= (spec.completions ?? 0)) {
    return failure("FailedIndexes", "Job has failed indexes")
  }
  const rule = metRule(spec, indexes.succeeded)
  return rule === undefined ? undefined : { type: "Complete", reason: "SuccessPolicy", message: `Matched rules at index ${rule}` }
}

/** Why the Job's running pods are to end: what was announced already, else the first of the reasons there are. */
export const endingOf = (situation: Situation, sum: Tally): Ending | undefined =>
  announced(situation.job) ??
  byFailurePolicy(situation.job, situation.pods) ??
  byLimits(situation, sum) ??
  byIndexes(situation.job, sum)

/** True when nothing is left to do; `active` are the pods that run after this pass. */
export const isComplete = ({ spec }: Job, { succeeded }: Tally, active: number): boolean =>
  active === 0 && (spec?.completions === undefined ? succeeded > 0 : succeeded >= spec.completions)
