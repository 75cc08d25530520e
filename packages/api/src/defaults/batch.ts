/** Defaults of batch/v1. @module */
import type { CronJob, Job, JobSpec } from "../types/batch-v1.ts"
import { change, each, fill, maybe } from "./fill.ts"
import { defaultPodTemplate } from "./pod.ts"
import { type DefaultsTable, kind } from "./table.ts"

const retries = 6
const unlimited = 2 ** 31 - 1

const defaultJob = (job: Job): Job =>
  change(job, {
    metadata: fill(job.metadata ?? {}, { labels: job.spec?.template?.metadata?.labels }),
    spec: maybe(job.spec, defaultJobSpec)
  })

const defaultJobSpec = (spec: JobSpec): JobSpec =>
  change(
    fill(spec, {
      completions: spec.parallelism === undefined ? 1 : undefined,
      parallelism: 1,
      backoffLimit: spec.backoffLimitPerIndex === undefined ? retries : unlimited,
      completionMode: "NonIndexed",
      suspend: false,
      podReplacementPolicy: spec.podFailurePolicy === undefined ? "TerminatingOrFailed" : "Failed"
    }),
    {
      template: maybe(spec.template, defaultPodTemplate),
      podFailurePolicy: maybe(spec.podFailurePolicy, (policy) =>
        change(policy, {
          rules:
            each(policy.rules, (rule) =>
              change(rule, { onPodConditions: each(rule.onPodConditions, (pattern) => fill(pattern, { status: "True" })) })
            ) ?? policy.rules
        })
      )
    }
  )

/** The job of a template gets its own defaults when it is made; only its pods' are filled in here. */
const defaultCronJob = (cron: CronJob): CronJob =>
  change(cron, {
    spec: maybe(cron.spec, (spec) =>
      change(
        fill(spec, { concurrencyPolicy: "Allow", suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 }),
        {
          jobTemplate: maybe(spec.jobTemplate, (job) =>
            change(fill(job, { metadata: {} }), {
              spec: maybe(job.spec, (jobSpec) => change(jobSpec, { template: maybe(jobSpec.template, defaultPodTemplate) }))
            })
          )
        }
      )
    )
  })

export const batch: DefaultsTable = { CronJob: kind(defaultCronJob), Job: kind(defaultJob) }
