/** Past runs of a CronJob, and whether the next is started. */
import { describe, expect, test } from "bun:test"
import { parseCron } from "@tsukube/api"
import type { CronJob, CronJobSpec, CronJobStatus, Job } from "@tsukube/api/batch-v1"
import { jobNameOf, jobOf } from "./job.ts"
import { decide, review, timing } from "./plan.ts"
import { offsetsOf } from "./time-zone.ts"

const now = Date.parse("2026-01-01T12:00:30Z")
const noon = Date.parse("2026-01-01T12:00:00Z")
const cronJob = (spec: Partial<CronJobSpec>, status: CronJobStatus = {}): CronJob => ({
  metadata: { name: "tick", namespace: "default", uid: "u", creationTimestamp: "2026-01-01T11:59:10Z" },
  spec: { schedule: "* * * * *", concurrencyPolicy: "Allow", jobTemplate: {}, ...spec },
  status
})
const job = (name: string, end?: "Complete" | "Failed", startTime = "2026-01-01T11:00:00Z"): Job => ({
  metadata: { name, uid: name },
  status: {
    startTime,
    ...(end === "Complete" ? { completionTime: startTime.replace("T11", "T12") } : {}),
    conditions: end === undefined ? [] : [{ type: end, status: "True" }]
  }
})
const reference = (name: string) => ({ kind: "Job", name, uid: name })
const names = (jobs: ReadonlyArray<{ readonly name?: string; readonly metadata?: { readonly name?: string } }>) =>
  jobs.map((one) => one.name ?? one.metadata?.name)

describe("a review", () => {
  test("strikes out what has ended, remembers the last success and tells of Jobs that nobody knows", () => {
    const seen = review(cronJob({}, { active: [reference("a"), reference("b"), reference("lost")] }), [
      job("a", "Complete"),
      job("b"),
      job("by-hand")
    ])
    expect(names(seen.status.active ?? [])).toEqual(["b", "lost"])
    expect(names(seen.missing)).toEqual(["lost"])
    expect(seen.status.lastSuccessfulTime).toBe("2026-01-01T12:00:00Z")
    expect(seen.said.map(({ reason, message }) => `${reason}: ${message}`)).toEqual([
      "SawCompletedJob: Saw completed job: a, condition: Complete",
      "UnexpectedJob: Saw a job that the controller did not create or forgot: by-hand"
    ])
  })

  test("keeps as much history as it should, the latest of it", () => {
    const jobs = [0, 1, 2, 3].flatMap((minute) => [
      job(`good-${minute}`, "Complete", `2026-01-01T11:0${minute}:00Z`),
      job(`bad-${minute}`, "Failed", `2026-01-01T11:0${minute}:00Z`)
    ])
    const { outdated } = review(cronJob({ successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 }), jobs)
    expect(names(outdated)).toEqual(["good-0", "bad-0", "bad-1", "bad-2"])
    expect(review(cronJob({}), jobs).outdated).toEqual([])
  })
})

describe("a run", () => {
  const outcome = (spec: Partial<CronJobSpec>, status: CronJobStatus = {}) => {
    const cron = cronJob(spec, status)
    const schedule = parseCron(cron.spec.schedule)
    const offsetAt = offsetsOf("UTC")
    if (typeof schedule === "string" || offsetAt === undefined) throw new Error("no schedule")
    const times = timing(cron, schedule, offsetAt, now)
    const { isStarted, said } = decide(cron, status, times, now)
    const due = times.dueMs === undefined ? "nothing" : new Date(times.dueMs).toISOString().slice(11, 16)
    return { due, isStarted, said: said.map(({ reason }) => reason).join() }
  }
  const last = (time: string): CronJobStatus => ({ lastScheduleTime: `2026-01-01T${time}:00Z` })
  const running: CronJobStatus = { active: [reference("other")] }
  for (const [what, spec, status, expected] of [
    ["is started when its minute has come", {}, {}, { due: "12:00", isStarted: true, said: "" }],
    ["is started once", {}, last("12:00"), { due: "nothing", isStarted: false, said: "" }],
    ["makes up for those that were missed", {}, last("11:40"), { due: "12:00", isStarted: true, said: "" }],
    ["tells when too many were missed", {}, last("10:10"), { due: "12:00", isStarted: true, said: "TooManyMissedTimes" }],
    [
      "is not started when its Job is known",
      {},
      { active: [reference(jobNameOf(cronJob({}), noon))] },
      { due: "12:00", isStarted: false, said: "" }
    ],
    ["may run beside another", {}, running, { due: "12:00", isStarted: true, said: "" }],
    ["may not", { concurrencyPolicy: "Forbid" }, running, { due: "12:00", isStarted: false, said: "JobAlreadyActive" }],
    ["may take its place", { concurrencyPolicy: "Replace" }, running, { due: "12:00", isStarted: true, said: "" }],
    [
      "is looked at no more once it is too late",
      { startingDeadlineSeconds: 20 },
      {},
      { due: "nothing", isStarted: false, said: "" }
    ],
    ["is in time within its deadline", { startingDeadlineSeconds: 31 }, {}, { due: "12:00", isStarted: true, said: "" }],
    [
      "of an interval may be too late",
      { schedule: "@every 1m", startingDeadlineSeconds: 10 },
      {},
      { due: "12:00", isStarted: false, said: "MissSchedule" }
    ]
  ] satisfies ReadonlyArray<readonly [string, Partial<CronJobSpec>, CronJobStatus, object]>) {
    test(what, () => expect(outcome(spec, status)).toEqual(expected))
  }
})

test("the Job of a run has the minute in its name and the time, told in its zone, as an annotation", () => {
  const template = { metadata: { labels: { a: "b" }, annotations: { c: "d" } }, spec: { template: { spec: { containers: [] } } } }
  const offsetAt = offsetsOf("Europe/Berlin")
  const { metadata, spec } = jobOf(cronJob({ jobTemplate: template }), noon, offsetAt ?? (() => 0))
  expect(spec).toEqual(template.spec)
  expect(metadata).toEqual({
    name: `tick-${noon / 60_000}`,
    namespace: "default",
    labels: { a: "b" },
    annotations: { c: "d", "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-01T13:00:00+01:00" },
    ownerReferences: [
      { apiVersion: "batch/v1", kind: "CronJob", name: "tick", uid: "u", controller: true, blockOwnerDeletion: true }
    ]
  })
})
