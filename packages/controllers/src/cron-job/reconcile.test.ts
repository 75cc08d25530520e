/** CronJobs against a real API server in memory: their last run is set back, so that the next is due at once. */
import { expect, test } from "bun:test"
import { type CronJobSpec, cronjobs, jobs } from "@tsukube/api/batch-v1"
import { events } from "@tsukube/api/core-v1"
import { live } from "@tsukube/testing"
import { Effect } from "effect"
import { runControllers } from "../run.ts"
import { eventually, startCluster, type TestCluster } from "../testing/cluster.ts"
import { playNodes } from "../testing/nodes.ts"

const namespace = "default"
const jobTemplate = {
  spec: { template: { spec: { restartPolicy: "Never" as const, containers: [{ name: "main", image: "i" }] } } }
}

/** Suspended: it runs when it is woken. */
const make = ({ client }: TestCluster, name: string, more: Partial<CronJobSpec> = {}) =>
  client.create(cronjobs, { metadata: { name, namespace }, spec: { schedule: "0 0 * * *", suspend: true, jobTemplate, ...more } })

/** Its last run was so many days ago: today's is due. */
const wake = ({ client }: TestCluster, name: string, days: number) =>
  Effect.gen(function* () {
    const lastScheduleTime = new Date(Date.now() - days * 86_400_000).toISOString().replace(/\.\d+/, "")
    const key = { namespace, name }
    yield* client.patch(cronjobs, key, { type: "merge", body: { status: { lastScheduleTime } } }, { subresource: "status" })
    yield* client.patch(cronjobs, key, { type: "merge", body: { spec: { suspend: false } } })
  })

const statusOf = ({ client }: TestCluster, name: string) =>
  Effect.map(client.get(cronjobs, { namespace, name }), ({ status }) => status ?? {})

const jobsOf = ({ client }: TestCluster, name: string) =>
  Effect.map(client.list(jobs, { namespace }), ({ items }) =>
    items.filter(({ metadata }) => metadata?.ownerReferences?.[0]?.name === name)
  )

const reasonsOf = ({ client }: TestCluster, name: string) =>
  Effect.map(client.list(events, { namespace, fieldSelector: `involvedObject.name=${name}` }), ({ items }) =>
    items.map(({ reason }) => reason).sort()
  )

const start = Effect.gen(function* () {
  const cluster = yield* startCluster
  yield* runControllers(cluster.client, cluster.informers)
  return cluster
})

test(
  "a run that is due is started once, and its success is remembered",
  live(() =>
    Effect.gen(function* () {
      const cluster = yield* start
      yield* make(cluster, "daily")
      yield* wake(cluster, "daily", 3)
      const { active, lastScheduleTime } = yield* eventually(
        "a run",
        statusOf(cluster, "daily"),
        (status) => status.active?.length === 1
      )
      const minute = Date.parse(lastScheduleTime ?? "") / 60_000
      expect(active?.map(({ kind, name }) => `${kind} ${name}`)).toEqual([`Job daily-${minute}`])
      yield* playNodes(cluster, () => 0)
      const done = yield* eventually("its end", statusOf(cluster, "daily"), (status) => status.lastSuccessfulTime !== undefined)
      expect(done.active).toBeUndefined()
      expect(yield* jobsOf(cluster, "daily")).toHaveLength(1)
      const said = yield* eventually("events", reasonsOf(cluster, "daily"), (all) => all.length === 2)
      expect(said).toEqual(["SawCompletedJob", "SuccessfulCreate"])
    })
  )
)

test(
  "a Job that was made before a crash is found again, and not made twice",
  live(() =>
    Effect.gen(function* () {
      const cluster = yield* start
      yield* make(cluster, "daily")
      yield* wake(cluster, "daily", 3)
      const before = yield* eventually("a run", statusOf(cluster, "daily"), (status) => status.active?.length === 1)
      const forgetting = { status: { active: null, lastScheduleTime: "2026-01-01T00:00:00Z" } }
      const key = { namespace, name: "daily" }
      yield* cluster.client.patch(cronjobs, key, { type: "merge", body: forgetting }, { subresource: "status" })
      const after = yield* eventually("memory", statusOf(cluster, "daily"), (status) => status.active?.length === 1)
      expect(after.active?.[0]?.uid).toBe(before.active?.[0]?.uid)
      expect(after.lastScheduleTime).toBe(before.lastScheduleTime)
    })
  )
)

test(
  "a run may take the place of the one before, which goes with its pods",
  live(() =>
    Effect.gen(function* () {
      const cluster = yield* start
      const { client } = cluster
      const cronJob = yield* make(cluster, "replacing", { concurrencyPolicy: "Replace" })
      const owner = {
        apiVersion: "batch/v1",
        kind: "CronJob",
        name: "replacing",
        uid: cronJob.metadata?.uid ?? "",
        controller: true
      }
      const old = yield* client.create(jobs, {
        metadata: { name: "old", namespace, ownerReferences: [owner] },
        spec: jobTemplate.spec
      })
      const active = [{ apiVersion: "batch/v1", kind: "Job", name: "old", namespace, uid: old.metadata?.uid }]
      const key = { namespace, name: "replacing" }
      yield* client.patch(cronjobs, key, { type: "merge", body: { status: { active } } }, { subresource: "status" })
      yield* wake(cluster, "replacing", 3)
      const left = yield* eventually(
        "the change",
        jobsOf(cluster, "replacing"),
        (all) => all.length === 1 && all[0]?.metadata?.name !== "old"
      )
      const status = yield* eventually("status", statusOf(cluster, "replacing"), ({ active: now }) => now?.[0]?.name !== "old")
      expect(status.active?.map(({ uid }) => uid)).toEqual(left.map(({ metadata }) => metadata?.uid))
    })
  )
)

test(
  "an active Job that went missing is struck out, and a schedule that is never due is told",
  live(() =>
    Effect.gen(function* () {
      const cluster = yield* start
      yield* make(cluster, "never", { schedule: "0 0 31 2 *", suspend: false })
      yield* eventually("an event", reasonsOf(cluster, "never"), (all) => all.join() === "InvalidSchedule")
      const active = [{ apiVersion: "batch/v1", kind: "Job", name: "gone", namespace, uid: "0" }]
      const key = { namespace, name: "never" }
      yield* cluster.client.patch(cronjobs, key, { type: "merge", body: { status: { active } } }, { subresource: "status" })
      yield* eventually("nothing active", statusOf(cluster, "never"), (status) => status.active === undefined)
      yield* eventually("an event", reasonsOf(cluster, "never"), (all) => all.includes("MissingJob"))
    })
  )
)
