/** What became of a CronJob's Jobs, and whether it is time for the next. Pure. @module */
import type { CronSchedule } from "@tsukube/api"
import type { CronJob, CronJobStatus, Job } from "@tsukube/api/batch-v1"
import type { ObjectReference } from "@tsukube/api/core-v1"
import { finished } from "../job/ending.ts"
import { isDeleting, nameOf, timeOf, uidOf } from "../object.ts"
import { byStart, jobNameOf } from "./job.ts"
import { lastTime, nextTime } from "./schedule.ts"
import type { OffsetAt } from "./time-zone.ts"

/** An event to tell. */
export interface Said {
  readonly type: "Normal" | "Warning"
  readonly reason: string
  readonly message: string
}

/** Past runs. */
export interface Review {
  readonly status: CronJobStatus
  readonly said: ReadonlyArray<Said>
  /** Active by the status, but not among the Jobs that the cache shows: whoever acts asks the API server. */
  readonly missing: ReadonlyArray<ObjectReference>
  /** Finished Jobs beyond what the history keeps. */
  readonly outdated: ReadonlyArray<Job>
}

const normal = (reason: string, message: string): Said => ({ type: "Normal", reason, message })
const warning = (reason: string, message: string): Said => ({ type: "Warning", reason, message })

const later = (left: string | undefined, right: string | undefined): string | undefined =>
  timeOf(right) > timeOf(left) ? right : left

const beyond = (jobs: ReadonlyArray<Job>, limit: number | undefined): ReadonlyArray<Job> =>
  limit === undefined ? [] : jobs.toSorted(byStart).slice(0, Math.max(0, jobs.length - limit))

/** Looks at the Jobs that a CronJob has made. */
export const review = ({ spec, status = {} }: CronJob, jobs: ReadonlyArray<Job>): Review => {
  const byUid = new Map(jobs.map((job) => [uidOf(job), job]))
  const ended = (uid: string | undefined) => {
    const job = byUid.get(uid ?? "")
    return job === undefined ? undefined : finished(job)
  }
  const before = status.active ?? []
  const active = before.filter(({ uid }) => ended(uid) === undefined)
  const known = new Set(before.map(({ uid }) => uid))
  const said = jobs.flatMap((job): ReadonlyArray<Said> => {
    const end = finished(job)
    if (known.has(uidOf(job))) {
      return end === undefined ? [] : [normal("SawCompletedJob", `Saw completed job: ${nameOf(job)}, condition: ${end.type}`)]
    }
    const forgotten = `Saw a job that the controller did not create or forgot: ${nameOf(job)}`
    return end === undefined ? [warning("UnexpectedJob", forgotten)] : []
  })
  const isOver = (type: string) => (job: Job) => finished(job)?.type === type && !isDeleting(job)
  const succeededAt = jobs.filter((job) => finished(job)?.type === "Complete").map((job) => job.status?.completionTime)
  const lastSuccessfulTime = succeededAt.reduce(later, status.lastSuccessfulTime)
  return {
    status: { ...status, active, ...(lastSuccessfulTime === undefined ? {} : { lastSuccessfulTime }) },
    said,
    missing: active.filter(({ uid }) => !byUid.has(uid ?? "")),
    outdated: [
      ...beyond(jobs.filter(isOver("Complete")), spec.successfulJobsHistoryLimit),
      ...beyond(jobs.filter(isOver("Failed")), spec.failedJobsHistoryLimit)
    ]
  }
}

/** The runs that are due. */
export interface Timing {
  /** The last run that was due and has not been; those missed before it are not made up for. */
  readonly dueMs?: number
  /** So many were missed that something is wrong with the schedule or a clock. */
  readonly hasMissedMany: boolean
  /** When the run after that is due; undefined when there never will be one. */
  readonly nextMs: number | undefined
}

/** Upstream's bound for what is many. */
const manyRuns = 100

/** From when on runs count: what is too late to be started is not even looked at, lest a long absence cost much. */
const countedFrom = ({ metadata, spec, status }: CronJob, schedule: CronSchedule, nowMs: number): number => {
  const lastMs = timeOf(status?.lastScheduleTime ?? metadata?.creationTimestamp)
  const { startingDeadlineSeconds: seconds } = spec
  // A fixed interval begins where the last one ended: moved to another time it would never end.
  return seconds === undefined || "everyMs" in schedule ? lastMs : Math.max(lastMs, nowMs - seconds * 1000)
}

/** Compares the schedule with the time. */
export const timing = (cronJob: CronJob, schedule: CronSchedule, offsetAt: OffsetAt, nowMs: number): Timing => {
  const firstMs = nextTime(schedule, countedFrom(cronJob, schedule, nowMs), offsetAt)
  if (firstMs === undefined || firstMs > nowMs) return { hasMissedMany: false, nextMs: firstMs }
  const dueMs = lastTime(schedule, firstMs, nowMs, offsetAt)
  const secondMs = nextTime(schedule, firstMs, offsetAt) ?? Number.POSITIVE_INFINITY
  // About how many: exactly only where they are equally far apart.
  const hasMissedMany = secondMs <= nowMs && Math.floor((nowMs - firstMs) / (secondMs - firstMs)) + 1 > manyRuns
  return { dueMs, hasMissedMany, nextMs: nextTime(schedule, dueMs, offsetAt) }
}

/** Whether a run that is due is started; the events say why not. */
export interface Decision {
  readonly isStarted: boolean
  readonly said: ReadonlyArray<Said>
}

/** As Go prints it, and so upstream's events. */
const rfc1123 = (ms: number): string => new Date(ms).toUTCString().replace("GMT", "+0000")

/** Decides about the run of this moment, with the status as the review left it. */
export const decide = (cronJob: CronJob, status: CronJobStatus, { dueMs, hasMissedMany }: Timing, nowMs: number): Decision => {
  if (dueMs === undefined) return { isStarted: false, said: [] }
  const { startingDeadlineSeconds: seconds, concurrencyPolicy } = cronJob.spec
  const many = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
  const said = hasMissedMany ? [warning("TooManyMissedTimes", many)] : []
  if (seconds !== undefined && dueMs + seconds * 1000 < nowMs) {
    const missed = `Missed scheduled time to start a job: ${rfc1123(dueMs)}`
    return { isStarted: false, said: [...said, warning("MissSchedule", missed)] }
  }
  const active = status.active ?? []
  const isMade = active.some(({ name }) => name === jobNameOf(cronJob, dueMs)) || timeOf(status.lastScheduleTime) === dueMs
  if (isMade) return { isStarted: false, said }
  if (concurrencyPolicy === "Forbid" && active.length > 0) {
    const running = "Not starting job because prior execution is running and concurrency policy is Forbid"
    return { isStarted: false, said: [...said, normal("JobAlreadyActive", running)] }
  }
  return { isStarted: true, said }
}
