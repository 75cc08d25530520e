/** Validation of Job and CronJob. @module */
import { immutable, invalid, notSupported, required } from "../field-error.ts"
import { equalJson } from "../json.ts"
import { byteLength, isDns1123Subdomain } from "../name.ts"
import { labelSelectorFrom } from "../selector.ts"
import type { CronJob, Job, JobSpec } from "../types/batch-v1.ts"
import type { LabelSelector } from "../types/meta-v1.ts"
import { validateMatch } from "./apps.ts"
import { type Findings, type Loose, needsOneOf, nonNegative } from "./findings.ts"
import { validateJobPolicies } from "./job-policy.ts"
import { validateTemplateChange } from "./job-template.ts"
import { validatePodTemplate } from "./pod.ts"
import { validateSchedule, validateTimeZone } from "./schedule.ts"

const counts = [
  "parallelism",
  "completions",
  "activeDeadlineSeconds",
  "backoffLimit",
  "ttlSecondsAfterFinished",
  "backoffLimitPerIndex",
  "maxFailedIndexes"
] as const
const maxCronNameBytes = 52

/** A Job, new or changed. A selector that is absent is one that the server makes. */
export function* validateJob({ spec = {} }: Loose<Job>): Findings {
  yield* validateJobSpec(spec, "spec")
  if (spec.selector !== undefined) yield* validateMatch(labelSelectorFrom(spec.selector as LabelSelector), spec.template ?? {})
}

function* validateJobSpec(spec: Loose<JobSpec>, path: string): Findings {
  for (const count of counts) yield* nonNegative(`${path}.${count}`, spec[count])
  if (spec.completionMode === "Indexed" && spec.completions === undefined) {
    yield required(`${path}.completions`, "when completion mode is Indexed")
  } else if (spec.completionMode !== undefined && spec.completionMode !== "Indexed" && spec.completionMode !== "NonIndexed") {
    yield notSupported(`${path}.completionMode`, spec.completionMode, ["Indexed", "NonIndexed"])
  }
  yield* validateJobPolicies(spec, path)
  yield* validatePodTemplate(spec.template ?? {}, `${path}.template`)
  const policy = spec.template?.spec?.restartPolicy
  if (policy === undefined || policy === "Always") {
    yield required(`${path}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"')
  } else if (policy !== "OnFailure" && policy !== "Never") {
    yield notSupported(`${path}.template.spec.restartPolicy`, policy, ["OnFailure", "Never"])
  }
}

/** What a Job does is for life, save that a suspended one may be placed elsewhere, and use more or less. */
export function* validateJobUpdate(job: Loose<Job>, old: Loose<Job>): Findings {
  const { spec = {} } = job
  const oldSpec = old.spec ?? {}
  const elastic = spec.completionMode === "Indexed" && spec.completions === spec.parallelism
  for (const key of [
    "completions",
    "selector",
    "template",
    "completionMode",
    "podFailurePolicy",
    "backoffLimitPerIndex",
    "managedBy",
    "successPolicy"
  ] as const) {
    if (key === "completions" && elastic) continue
    if (equalJson(spec[key], oldSpec[key])) continue
    if (key === "template") yield* validateTemplateChange(job, old)
    else if (key === "completions" && spec.completionMode === "Indexed")
      yield invalid("spec.completions", spec.completions, "can only be modified in tandem with spec.parallelism")
    else yield immutable(`spec.${key}`, spec[key])
  }
}

/** A CronJob, new or changed. */
export function* validateCronJob({ metadata, spec = {} }: Loose<CronJob>): Findings {
  const { schedule = "", timeZone } = spec
  yield* validateSchedule(schedule, timeZone, "spec.schedule")
  yield* validateTimeZone(timeZone, "spec.timeZone")
  yield* nonNegative("spec.startingDeadlineSeconds", spec.startingDeadlineSeconds)
  yield* needsOneOf("spec.concurrencyPolicy", spec.concurrencyPolicy, ["Allow", "Forbid", "Replace"])
  yield* nonNegative("spec.successfulJobsHistoryLimit", spec.successfulJobsHistoryLimit)
  yield* nonNegative("spec.failedJobsHistoryLimit", spec.failedJobsHistoryLimit)
  const job = spec.jobTemplate?.spec ?? {}
  yield* validateJobSpec(job, "spec.jobTemplate.spec")
  if (job.selector !== undefined)
    yield invalid("spec.jobTemplate.spec.selector", job.selector, "`selector` will be auto-generated")
  if (job.manualSelector === true) yield notSupported("spec.jobTemplate.spec.manualSelector", true, ["nil", "false"])
  // The controller appends eleven characters to name a Job, whose own limit is 63.
  const { name = "" } = metadata ?? {}
  if (byteLength(name) > maxCronNameBytes && isDns1123Subdomain(name).length === 0) {
    yield invalid("metadata.name", name, "must be no more than 52 characters")
  }
}
