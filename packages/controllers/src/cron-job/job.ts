/** The Jobs of a CronJob: how they are made, what is read from them. Pure. @module */
import { apiVersionOf, ownerReference } from "@tsukube/api"
import { type CronJob, cronjobs, type Job, jobs } from "@tsukube/api/batch-v1"
import type { ObjectReference } from "@tsukube/api/core-v1"
import { nameOf, namespaceOf, timeOf, uidOf } from "../object.ts"
import { formatLocal, type OffsetAt } from "./time-zone.ts"

const scheduledKey = "batch.kubernetes.io/cronjob-scheduled-timestamp"

/** The name of the run of a minute: it is a lock, too, since only one Job can have it. */
export const jobNameOf = (cronJob: CronJob, dueMs: number): string => `${nameOf(cronJob)}-${Math.floor(dueMs / 60_000)}`

/** The Job of a run; `offsetAt` is the zone in which its time is told. */
export const jobOf = (cronJob: CronJob, dueMs: number, offsetAt: OffsetAt): Job => {
  const { metadata: { labels, annotations } = {}, spec } = cronJob.spec.jobTemplate
  return {
    metadata: {
      name: jobNameOf(cronJob, dueMs),
      namespace: namespaceOf(cronJob),
      annotations: { ...annotations, [scheduledKey]: formatLocal(dueMs, offsetAt) },
      ownerReferences: [ownerReference(cronJob, cronjobs)],
      ...(labels === undefined ? {} : { labels })
    },
    ...(spec === undefined ? {} : { spec })
  }
}

/** How the list of active Jobs names one. */
export const activeReference = (job: Job): ObjectReference => ({
  apiVersion: apiVersionOf(jobs),
  kind: jobs.kind,
  namespace: namespaceOf(job),
  name: nameOf(job),
  uid: uidOf(job),
  ...(job.metadata?.resourceVersion === undefined ? {} : { resourceVersion: job.metadata.resourceVersion })
})

/** Oldest start first; those that never started last. */
export const byStart = (left: Job, right: Job): number => {
  const [a, b] = [left, right].map(({ status }) =>
    status?.startTime === undefined ? Number.MAX_VALUE : timeOf(status.startTime)
  )
  return (a ?? 0) - (b ?? 0) || (nameOf(left) < nameOf(right) ? -1 : 1)
}
