/** Validation of what is reported of a Job: counts, and that an end is a real end. @module */
import { duplicate, type FieldError, invalid, omitted, required } from "../../field-error.ts"
import { equalJson } from "../../json.ts"
import type { Job, JobSpec, JobStatus } from "../../types/batch-v1.ts"
import { type Findings, type Loose, nonNegative } from "../findings.ts"
import { parseIndexes } from "../job-policy.ts"

/** A Job's status that replaces another. */
export function* validateJobStatus({ spec = {}, status = {} }: Loose<Job>, old: Loose<Job>): Findings {
  for (const count of ["active", "succeeded", "failed", "ready", "terminating"] as const)
    yield* nonNegative(`status.${count}`, status[count])
  yield* validateUncounted(status)
  for (const list of ["completedIndexes", "failedIndexes"] as const) {
    const problem = parseIndexes(status[list] ?? "", spec.completions ?? 0)
    if (typeof problem === "string") yield invalid(`status.${list}`, status[list], `error parsing ${list}: ${problem}`)
  }
  // A status written before these rules were may stay as it is.
  if (!equalJson(status, old.status ?? {})) yield* validateEnd(spec, status)
  const before = old.status ?? {}
  // A Job that goes on begins anew.
  const resumes = has(before, "Suspended") && !has(status, "Suspended")
  if (spec.suspend !== true && before.startTime !== undefined && old.spec?.suspend !== true && !resumes) {
    if (status.startTime === undefined) yield required("status.startTime", "startTime cannot be removed for unsuspended job")
    else if (status.startTime !== before.startTime)
      yield invalid("status.startTime", status.startTime, "startTime cannot be modified for unsuspended job")
  }
  for (const type of ["Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"])
    if (has(before, type) && !has(status, type))
      yield invalid("status.conditions", omitted, `cannot disable the terminal ${type}=True condition`)
}

const has = (status: Loose<JobStatus>, wanted: string): boolean =>
  (status.conditions ?? []).some(({ type, status: is }) => type === wanted && is === "True")

function* validateUncounted({ uncountedTerminatedPods: pods }: Loose<JobStatus>): Findings {
  const seen = new Set<string>()
  for (const list of ["succeeded", "failed"] as const)
    for (const [i, uid] of (pods?.[list] ?? []).entries()) {
      const at = `status.uncountedTerminatedPods.${list}[${i}]`
      if (uid === "") yield invalid(at, uid, "must not be empty")
      else if (seen.has(uid)) yield duplicate(at, uid)
      seen.add(uid)
    }
}

function* validateEnd(spec: Loose<JobSpec>, status: Loose<JobStatus>): Findings {
  const { active = 0, ready = 0, terminating = 0, startTime, completionTime, uncountedTerminatedPods: uncounted } = status
  const complete = has(status, "Complete")
  const failed = has(status, "Failed")
  const conditions = (sentence: string): FieldError => invalid("status.conditions", omitted, sentence)
  if (complete || failed) {
    const rest = (uncounted?.succeeded ?? []).length + (uncounted?.failed ?? []).length
    if (rest > 0)
      yield invalid("status.uncountedTerminatedPods", uncounted, "uncountedTerminatedPods needs to be empty for finished job")
    if (active > 0) yield invalid("status.active", active, "active>0 is invalid for finished job")
    if (terminating > 0) yield invalid("status.terminating", terminating, "terminating>0 is invalid for finished job")
    // One that rests and wants nothing done ends without having started.
    if (startTime === undefined && !(spec.suspend === true && spec.completions === 0))
      yield required("status.startTime", "startTime is required for finished job")
  }
  if (complete && failed) yield conditions("cannot set Complete=True and Failed=True conditions")
  if (complete && has(status, "FailureTarget")) yield conditions("cannot set Complete=True and FailureTarget=true conditions")
  if (completionTime !== undefined && !complete)
    yield invalid("status.completionTime", completionTime, "cannot set completionTime when there is no Complete=True condition")
  if (complete && completionTime === undefined)
    yield required("status.completionTime", "completionTime is required for Complete jobs")
  if (startTime !== undefined && completionTime !== undefined && Date.parse(completionTime) < Date.parse(startTime))
    yield invalid("status.completionTime", completionTime, "completionTime cannot be set before startTime")
  if (failed && !has(status, "FailureTarget"))
    yield conditions("cannot set Failed=True condition without the FailureTarget=true condition")
  if (complete && !has(status, "SuccessCriteriaMet"))
    yield conditions("cannot set Complete=True condition without SuccessCriteriaMet=true condition")
  if (ready > active) yield invalid("status.ready", ready, "cannot set more ready pods than active")
}
