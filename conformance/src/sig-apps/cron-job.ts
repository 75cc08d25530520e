/** CronJobs that are due every minute: what their concurrency policies make of a job that is not done yet. @module */
import { type CronJob, type CronJobSpec, cronjobs, type Job, jobs } from "@tsukube/api/batch-v1"
import { events } from "@tsukube/api/core-v1"
import { type Cluster, type ConformanceTest, expectEqual, expectThat } from "../suite.ts"
import { unscheduledSpec } from "../unscheduled.ts"

/** Two full minutes and some time to see what happened. */
const twoRunsMs = 180_000

/** A CronJob whose jobs never end, since no node takes their pods. */
const makeCronJob = (cluster: Cluster, name: string, more: Partial<CronJobSpec>): Promise<CronJob> =>
  cluster.client.create(cronjobs, {
    metadata: { namespace: cluster.namespace, name },
    spec: {
      schedule: "*/1 * * * *",
      jobTemplate: { spec: { template: { spec: unscheduledSpec(cluster, { restartPolicy: "OnFailure" }) } } },
      ...more
    }
  })

const activeOf = async ({ client, namespace }: Cluster, name: string): Promise<ReadonlyArray<string>> =>
  ((await client.get(cronjobs, { namespace, name })).status?.active ?? []).map((one) => one.name ?? "")

const jobsOf = async ({ client, namespace }: Cluster, name: string): Promise<ReadonlyArray<Job>> =>
  (await client.list(jobs, { namespace })).items.filter(({ metadata }) =>
    metadata?.ownerReferences?.some((owner) => owner.kind === "CronJob" && owner.name === name)
  )

const awaitActive = (cluster: Cluster, name: string, count: number): Promise<ReadonlyArray<string>> =>
  cluster.eventually(
    `${count} active jobs of ${name}`,
    async () => {
      const active = await activeOf(cluster, name)
      expectThat(active.length >= count, `${active.length} are active`)
      return active
    },
    twoRunsMs
  )

const suspended: ConformanceTest = {
  name: "[sig-apps] CronJob should not schedule jobs when suspended",
  run: async (cluster) => {
    await makeCronJob(cluster, "suspended", { suspend: true })
    // Another one, of the same schedule, tells when the time has come.
    await makeCronJob(cluster, "running", {})
    await awaitActive(cluster, "running", 2)
    expectEqual(await activeOf(cluster, "suspended"), [], "active jobs")
    expectEqual((await jobsOf(cluster, "suspended")).length, 0, "jobs of the suspended CronJob")
  }
}

const forbids: ConformanceTest = {
  name: "[sig-apps] CronJob should not schedule new jobs when ForbidConcurrent",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    await makeCronJob(cluster, "forbids", { concurrencyPolicy: "Forbid" })
    const first = await awaitActive(cluster, "forbids", 1)
    expectEqual(first.length, 1, "active jobs")
    const fieldSelector = "involvedObject.kind=CronJob,involvedObject.name=forbids,reason=JobAlreadyActive"
    const isRefused = async () => (await client.list(events, { namespace, fieldSelector })).items.length > 0
    await eventually("the next run is refused", isRefused, twoRunsMs)
    expectEqual(await activeOf(cluster, "forbids"), first, "active jobs after the next run was due")
    expectEqual((await jobsOf(cluster, "forbids")).length, 1, "jobs")
  }
}

const replaces: ConformanceTest = {
  name: "[sig-apps] CronJob should replace jobs when ReplaceConcurrent",
  run: async (cluster) => {
    await makeCronJob(cluster, "replaces", { concurrencyPolicy: "Replace" })
    const [first] = await awaitActive(cluster, "replaces", 1)
    await cluster.eventually(
      "the active job is another one, and the only one",
      async () => {
        const active = await activeOf(cluster, "replaces")
        expectThat(active.length === 1 && active[0] !== first, `active: ${active.join(", ")}; at first: ${first}`)
        const left = (await jobsOf(cluster, "replaces")).filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
        return left.length === 1 && left[0]?.metadata?.name === active[0]
      },
      twoRunsMs
    )
  }
}

const concurrent: ConformanceTest = {
  name: "[sig-apps] CronJob should schedule multiple jobs concurrently",
  run: async (cluster) => {
    await makeCronJob(cluster, "concurrent", { concurrencyPolicy: "Allow" })
    const active = await awaitActive(cluster, "concurrent", 2)
    const unfinished = (await jobsOf(cluster, "concurrent")).filter(({ status }) => status?.completionTime === undefined)
    expectThat(unfinished.length >= 2, `${unfinished.length} jobs run at once; active: ${active.join(", ")}`)
  }
}

export const cronJobTests: ReadonlyArray<ConformanceTest> = [suspended, forbids, replaces, concurrent]
