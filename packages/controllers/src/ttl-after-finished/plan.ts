/** When a finished Job has outlived its use. Pure. @module */
import type { Job } from "@tsukube/api/batch-v1"
import { finished } from "../job/ending.ts"
import { isDeleting, timeOf } from "../object.ts"

/** Milliseconds until the Job is to be deleted; undefined while it runs, or when nobody asked for its deletion. */
export const untilExpiry = (job: Job, nowMs: number): number | undefined => {
  const { ttlSecondsAfterFinished: seconds } = job.spec ?? {}
  const endedAt = finished(job)?.lastTransitionTime
  if (seconds === undefined || endedAt === undefined || isDeleting(job)) return undefined
  return Math.max(0, timeOf(endedAt) + seconds * 1000 - nowMs)
}
