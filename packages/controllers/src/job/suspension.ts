/** What resting and going on again mean for a Job's status. Pure. @module */
import type { Job, JobStatus } from "@tsukube/api/batch-v1"
import { conditionOf } from "../condition.ts"
import { formatTime } from "../object.ts"
import { putCondition } from "./ledger.ts"

/** The status, and the event that tells of a change. */
export interface Suspension {
  readonly status: JobStatus
  readonly event?: { readonly reason: string; readonly message: string }
}

/** The status of a Job as it starts: a Job that rests has no start time. */
export const started = ({ spec, status = {} }: Job, nowMs: number): JobStatus =>
  status.startTime !== undefined || spec?.suspend === true ? status : { ...status, startTime: formatTime(nowMs) }

/**
 * Notes that a Job rests or goes on. The start time goes and comes with it, so that `activeDeadlineSeconds` counts from the
 * last resumption, and so that a Job at rest may be placed elsewhere.
 */
export const suspension = ({ spec }: Job, status: JobStatus, nowMs: number): Suspension => {
  const { startTime: _, conditions = [], ...rest } = status
  const isNoted = conditionOf(conditions, "Suspended")?.status === "True"
  const isSuspended = spec?.suspend === true
  if (isNoted === isSuspended) return { status }
  const said = isSuspended
    ? { status: "True", reason: "JobSuspended", message: "Job suspended" }
    : { status: "False", reason: "JobResumed", message: "Job resumed" }
  const noted = { ...rest, conditions: putCondition(conditions, { type: "Suspended", ...said }, nowMs) }
  const event = { reason: isSuspended ? "Suspended" : "Resumed", message: said.message }
  return { status: isSuspended ? noted : { ...noted, startTime: formatTime(nowMs) }, event }
}
