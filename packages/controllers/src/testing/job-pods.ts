/** Jobs and their pods as plain data, for tests of decisions about them. @module */
import type { Job, JobSpec, JobStatus } from "@tsukube/api/batch-v1"
import type { Pod } from "@tsukube/api/core-v1"
import { trackingFinalizer } from "../job/pod.ts"
import type { Situation } from "../job/tally.ts"

/** When the tests take place. */
export const now: number = Date.parse("2026-01-01T12:00:00Z")

/** A moment so many seconds before `now`. */
export const before = (seconds: number): string => new Date(now - seconds * 1000).toISOString().replace(".000", "")

/** A Job of one pod at a time, started an hour ago. */
export const job = (spec: Partial<JobSpec> = {}, status: JobStatus = {}): Job => ({
  metadata: { name: "work", namespace: "default", uid: "job" },
  spec: {
    parallelism: 1,
    completions: 1,
    backoffLimit: 6,
    template: { spec: { containers: [], restartPolicy: "Never" } },
    ...spec
  },
  status: { startTime: before(3600), ...status }
})

/** What a pod is to be. */
export interface PodFacts {
  readonly index?: number
  readonly phase?: "Pending" | "Running" | "Succeeded" | "Failed"
  readonly exitCode?: number
  /** Seconds since it ended. */
  readonly endedFor?: number
  readonly isDeleting?: boolean
  readonly isCounted?: boolean
  readonly failures?: number
  readonly ignored?: number
  readonly condition?: string
  readonly restarts?: number
}

/** A pod of the Job; it runs unless told otherwise. */
export const pod = (uid: string, facts: PodFacts = {}): Pod => {
  const { index, phase = "Running", exitCode, endedFor, failures, ignored, condition, restarts = 0 } = facts
  const key = "batch.kubernetes.io/job"
  const terminated = { exitCode: exitCode ?? (phase === "Succeeded" ? 0 : 1), finishedAt: before(endedFor ?? 60) }
  const hasEnded = phase === "Succeeded" || phase === "Failed"
  return {
    metadata: {
      name: uid,
      namespace: "default",
      uid,
      creationTimestamp: before(600),
      finalizers: facts.isCounted === true ? [] : [trackingFinalizer],
      annotations: {
        ...(index === undefined ? {} : { [`${key}-completion-index`]: String(index) }),
        ...(failures === undefined ? {} : { [`${key}-index-failure-count`]: String(failures) }),
        ...(ignored === undefined ? {} : { [`${key}-index-ignored-failure-count`]: String(ignored) })
      },
      ...(facts.isDeleting === true ? { deletionTimestamp: before(30), deletionGracePeriodSeconds: 30 } : {})
    },
    status: {
      phase,
      conditions: condition === undefined ? [] : [{ type: condition, status: "True" }],
      containerStatuses: [
        {
          name: "main",
          image: "i",
          imageID: "",
          ready: false,
          restartCount: restarts,
          state: hasEnded ? { terminated } : { running: {} }
        }
      ]
    }
  }
}

/** What a pass knows; everything is settled. */
export const situation = (of: Job, pods: ReadonlyArray<Pod>, more: Partial<Situation> = {}): Situation => ({
  job: of,
  pods,
  released: new Set(),
  backoff: { failures: 0, lastMs: 0 },
  settled: true,
  nowMs: now,
  ...more
})
