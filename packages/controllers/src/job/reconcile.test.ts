/** Jobs against a real API server in memory; the tests say in a node's stead how pods end. @module */
import { describe, expect, test } from "bun:test"
import { type Job, type JobSpec, jobs } from "@tsukube/api/batch-v1"
import { events, type Pod, type PodTemplateSpec, pods } from "@tsukube/api/core-v1"
import type { Client } from "@tsukube/client"
import { live } from "@tsukube/testing"
import { Effect } from "effect"
import { all } from "../all.ts"
import { runControllers } from "../run.ts"
import { eventually, startCluster, type TestCluster } from "../testing/cluster.ts"
import { endPod, playNodes } from "../testing/nodes.ts"
import { indexOf, trackingFinalizer } from "./pod.ts"
import { makeJobController } from "./reconcile.ts"

const namespace = "default"
const podSpec = { restartPolicy: "Never", containers: [{ name: "main", image: "i" }] } as const
const template: PodTemplateSpec = { spec: podSpec }

/** With a back-off that a test can wait for. */
const controllers = all.map((one) => (one.name === "job-controller" ? makeJobController(20) : one))

const start = Effect.gen(function* () {
  const cluster = yield* startCluster
  yield* runControllers(cluster.client, cluster.informers, {}, controllers)
  return cluster
})

const make = ({ client }: TestCluster, name: string, spec: Partial<JobSpec>) =>
  client.create(jobs, { metadata: { name, namespace }, spec: { template, ...spec } })

const getJob = (client: Client, name: string) => client.get(jobs, { namespace, name })

const podsOf = (client: Client, name: string) =>
  Effect.map(client.list(pods, { namespace, labelSelector: `job-name=${name}` }), ({ items }) => items)

const isActive = ({ metadata, status }: Pod): boolean =>
  metadata?.deletionTimestamp === undefined && status?.phase !== "Succeeded" && status?.phase !== "Failed"

const activeOf = (client: Client, name: string, count: number) =>
  eventually(
    `${count} active pods`,
    Effect.map(podsOf(client, name), (found) => found.filter(isActive)),
    (found) => found.length === count
  )

const awaitCondition = (client: Client, name: string, type: string) =>
  eventually(`${name} is ${type}`, getJob(client, name), ({ status }) =>
    (status?.conditions ?? []).some((one) => one.type === type && one.status === "True")
  )

const reasonsOf = ({ status }: Job) => (status?.conditions ?? []).map(({ type, reason }) => `${type}:${reason}`)

const eventsOf = (client: Client, name: string) =>
  Effect.map(client.list(events, { namespace, fieldSelector: `involvedObject.name=${name}` }), ({ items }) =>
    items.map(({ reason, message }) => `${reason}: ${message?.replace(/-[a-z0-9]{5}$/, "-x")}`).sort()
  )

describe("a Job", () => {
  test(
    "makes as many pods as it may, and is complete when enough have succeeded",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* start
        const { client } = cluster
        yield* playNodes(cluster, () => 0)
        yield* make(cluster, "work", { completions: 5, parallelism: 2 })
        const job = yield* awaitCondition(client, "work", "Complete")
        expect(reasonsOf(job)).toEqual(["SuccessCriteriaMet:CompletionsReached", "Complete:CompletionsReached"])
        const { startTime, completionTime, conditions: _, ...counts } = job.status ?? {}
        expect(counts).toEqual({ succeeded: 5, ready: 0, terminating: 0, uncountedTerminatedPods: {} })
        expect([startTime, completionTime].every((time) => time !== undefined)).toBe(true)
        const left = yield* podsOf(client, "work")
        expect(left).toHaveLength(5)
        expect(left.flatMap(({ metadata }) => metadata?.finalizers ?? [])).toEqual([])
        const said = yield* eventually("events", eventsOf(client, "work"), (all) => all.length === 6)
        expect(said).toEqual(["Completed: Job completed", ...Array(5).fill("SuccessfulCreate: Created pod: work-x")])
      })
    )
  )

  test(
    "tries again after failures, until there were too many",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* start
        const { client } = cluster
        yield* playNodes(cluster, () => 1)
        yield* make(cluster, "hopeless", { backoffLimit: 2 })
        const job = yield* awaitCondition(client, "hopeless", "Failed")
        expect(reasonsOf(job)).toEqual(["FailureTarget:BackoffLimitExceeded", "Failed:BackoffLimitExceeded"])
        expect([job.status?.failed, job.status?.succeeded]).toEqual([3, undefined])
        expect(yield* podsOf(client, "hopeless")).toHaveLength(3)
        const said = yield* eventually("events", eventsOf(client, "hopeless"), (all) => all.length === 4)
        expect(said[0]).toBe("BackoffLimitExceeded: Job has reached the specified backoff limit")
      })
    )
  )

  test(
    "with indexes gives every index a pod that knows it, and again one where the pod failed",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* start
        const { client } = cluster
        const failed = new Set<number>()
        yield* playNodes(cluster, (pod) => {
          const index = indexOf(pod) ?? -1
          if (index % 2 === 0 || failed.has(index)) return 0
          failed.add(index)
          return 1
        })
        yield* make(cluster, "indexed", { completions: 4, parallelism: 4, completionMode: "Indexed" })
        const { status } = yield* awaitCondition(client, "indexed", "Complete")
        expect([status?.completedIndexes, status?.succeeded, status?.failed]).toEqual(["0-3", 4, 2])
        const [pod] = (yield* podsOf(client, "indexed")).filter((one) => indexOf(one) === 3)
        expect(pod?.metadata?.name).toMatch(/^indexed-3-[a-z0-9]{5}$/)
        expect(pod?.spec?.hostname).toBe("indexed-3")
        expect(pod?.metadata?.labels?.["batch.kubernetes.io/job-completion-index"]).toBe("3")
        expect(pod?.spec?.containers[0]?.env?.[0]?.valueFrom?.fieldRef?.fieldPath).toBe(
          "metadata.labels['batch.kubernetes.io/job-completion-index']"
        )
      })
    )
  )

  test(
    "may limit the failures of each index, and hands their number on from pod to pod",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* start
        const { client } = cluster
        const failures = new Map<number, Array<string>>()
        yield* playNodes(cluster, (pod) => {
          const index = indexOf(pod) ?? -1
          const before = pod.metadata?.annotations?.["batch.kubernetes.io/job-index-failure-count"] ?? "none"
          failures.set(index, [...(failures.get(index) ?? []), before])
          return index === 1 ? 7 : 0
        })
        yield* make(cluster, "each", { completions: 3, parallelism: 3, completionMode: "Indexed", backoffLimitPerIndex: 2 })
        const job = yield* awaitCondition(client, "each", "Failed")
        expect(reasonsOf(job)).toEqual(["FailureTarget:FailedIndexes", "Failed:FailedIndexes"])
        const { completedIndexes, failedIndexes, failed } = job.status ?? {}
        expect({ completedIndexes, failedIndexes, failed }).toEqual({ completedIndexes: "0,2", failedIndexes: "1", failed: 3 })
        expect(failures.get(1)).toEqual(["0", "1", "2"])
      })
    )
  )

  test(
    "at rest has no pods, and begins anew when it goes on",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* start
        const { client } = cluster
        const suspend = (value: boolean) =>
          client.patch(jobs, { namespace, name: "resting" }, { type: "merge", body: { spec: { suspend: value } } })
        yield* make(cluster, "resting", { parallelism: 2, completions: 2 })
        yield* activeOf(client, "resting", 2)
        yield* suspend(true)
        const resting = yield* awaitCondition(client, "resting", "Suspended")
        expect(resting.status?.startTime).toBeUndefined()
        yield* activeOf(client, "resting", 0)
        yield* suspend(false)
        const [pod] = yield* activeOf(client, "resting", 2)
        const resumed = yield* eventually("resumed", getJob(client, "resting"), ({ status }) => status?.startTime !== undefined)
        expect(reasonsOf(resumed)).toEqual(["Suspended:JobResumed"])
        // Pods that were taken away did not fail.
        expect(resumed.status?.failed).toBeUndefined()
        yield* endPod(cluster, pod!, 0)
        const said = yield* eventually("events", eventsOf(client, "resting"), (all) => all.length >= 8)
        expect(said.filter((one) => !one.includes("reated pod") && !one.includes("eleted pod"))).toEqual([
          "Resumed: Job resumed",
          "Suspended: Job suspended"
        ])
      })
    )
  )

  test(
    "that has run for too long ends its pods and waits until they are gone",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* start
        const { client } = cluster
        yield* make(cluster, "slow", { activeDeadlineSeconds: 1, template: { spec: { ...podSpec, nodeName: "n" } } })
        const [pod] = yield* activeOf(client, "slow", 1)
        const doomed = yield* awaitCondition(client, "slow", "FailureTarget")
        expect(reasonsOf(doomed)).toEqual(["FailureTarget:DeadlineExceeded"])
        expect(doomed.status?.terminating).toBe(1)
        yield* client.delete(pods, { namespace, name: pod?.metadata?.name ?? "" }, { gracePeriodSeconds: 0 })
        const { status } = yield* awaitCondition(client, "slow", "Failed")
        expect([status?.failed, status?.terminating, status?.active]).toEqual([1, 0, undefined])
      })
    )
  )

  test(
    "that is deleted lets its pods go, and they go with it or stay as they were told",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* start
        const { client } = cluster
        for (const propagationPolicy of ["Background", "Foreground", "Orphan"] as const) {
          const name = propagationPolicy.toLowerCase()
          yield* make(cluster, name, { parallelism: 2, completions: 2 })
          yield* activeOf(client, name, 2)
          yield* client.delete(jobs, { namespace, name }, { propagationPolicy })
          const left = propagationPolicy === "Orphan" ? 2 : 0
          const isFree = (pod: Pod) => pod.metadata?.finalizers === undefined && pod.metadata?.ownerReferences === undefined
          yield* eventually(name, podsOf(client, name), (found) => found.length === left && found.every(isFree))
        }
        expect((yield* client.list(jobs, { namespace })).items).toEqual([])
      })
    )
  )

  test(
    "adopts what its selector finds, with the finalizer, and lets go what it no longer finds",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* start
        const { client } = cluster
        yield* make(cluster, "adopting", { parallelism: 2, completions: 2 })
        const [pod] = yield* activeOf(client, "adopting", 2)
        const key = { namespace, name: pod?.metadata?.name ?? "" }
        yield* client.patch(pods, key, { type: "merge", body: { metadata: { ownerReferences: null, finalizers: null } } })
        yield* eventually("adoption", client.get(pods, key), ({ metadata }) =>
          Boolean(metadata?.ownerReferences?.[0]?.controller && metadata.finalizers?.includes(trackingFinalizer))
        )
        yield* client.patch(pods, key, { type: "merge", body: { metadata: { labels: null } } })
        yield* eventually(
          "release",
          client.get(pods, key),
          ({ metadata }) => metadata?.ownerReferences === undefined && metadata?.finalizers === undefined
        )
        yield* activeOf(client, "adopting", 2)
      })
    )
  )

  test(
    "of another controller is left alone",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* start
        const { client } = cluster
        yield* make(cluster, "foreign", { managedBy: "example.com/other" })
        yield* make(cluster, "ours", { managedBy: "kubernetes.io/job-controller" })
        yield* activeOf(client, "ours", 1)
        const { status } = yield* getJob(client, "foreign")
        expect(status ?? {}).toEqual({})
        expect(yield* podsOf(client, "foreign")).toEqual([])
      })
    )
  )

  test(
    "that has finished is deleted when its time to live is over",
    live(() =>
      Effect.gen(function* () {
        const cluster = yield* start
        const { client } = cluster
        yield* playNodes(cluster, () => 0)
        yield* make(cluster, "brief", { ttlSecondsAfterFinished: 0 })
        yield* make(cluster, "kept", {})
        yield* awaitCondition(client, "kept", "Complete")
        const left = Effect.map(client.list(jobs, { namespace }), ({ items }) => items.map(({ metadata }) => metadata?.name))
        yield* eventually("the end", left, (names) => names.join() === "kept")
        yield* eventually("its pods too", podsOf(client, "brief"), (found) => found.length === 0)
      })
    )
  )
})
