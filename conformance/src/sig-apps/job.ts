/** Jobs: indexes, failure and success policies, and which pods are theirs; the tests say in a node's stead how most pods end. @module */
import { type Job, type JobSpec, jobs } from "@tsukube/api/batch-v1"
import { configmaps, type Pod, pods } from "@tsukube/api/core-v1"
import { observeFromNow } from "../observe.ts"
import { pauseSpec } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectThat, present, retryOnConflict, unlessGone } from "../suite.ts"
import { ended, playNode, unscheduledSpec } from "../unscheduled.ts"

/** Has a shell. */
const shellImage = "registry.k8s.io/e2e-test-images/busybox:1.37.0-1"

const makeJob = (cluster: Cluster, name: string, spec: Partial<JobSpec>): Promise<Job> =>
  cluster.client.create(jobs, {
    metadata: { namespace: cluster.namespace, name },
    spec: { template: { spec: unscheduledSpec(cluster, { restartPolicy: "Never" }) }, ...spec }
  })

const podsOf = async ({ client, namespace }: Cluster, name: string): Promise<ReadonlyArray<Pod>> =>
  (await client.list(pods, { namespace, labelSelector: `job-name=${name}` })).items

const isActive = ({ metadata, status }: Pod): boolean =>
  metadata?.deletionTimestamp === undefined && status?.phase !== "Succeeded" && status?.phase !== "Failed"

const indexOf = ({ metadata }: Pod): string => metadata?.annotations?.["batch.kubernetes.io/job-completion-index"] ?? ""

const awaitActive = (cluster: Cluster, name: string, count: number): Promise<ReadonlyArray<Pod>> =>
  cluster.eventually(`job ${name} has ${count} active pods`, async () => {
    const active = (await podsOf(cluster, name)).filter(isActive)
    expectEqual(active.length, count, "active pods")
    return active
  })

const awaitIndex = (cluster: Cluster, name: string, index: number): Promise<Pod> =>
  cluster.eventually(`job ${name} has an active pod of index ${index}`, async () =>
    (await podsOf(cluster, name)).find((pod) => isActive(pod) && indexOf(pod) === String(index))
  )

const awaitCondition = ({ client, namespace, eventually }: Cluster, name: string, type: string): Promise<Job> =>
  eventually(
    `job ${name} is ${type}`,
    async () => {
      const job = await client.get(jobs, { namespace, name })
      const found = job.status?.conditions?.some((one) => one.type === type && one.status === "True")
      expectThat(found === true, JSON.stringify(job.status))
      return job
    },
    120_000
  )

const restartsOf = ({ status }: Pod): number => status?.containerStatuses?.[0]?.restartCount ?? 0

const reasonOf = ({ status }: Job, type: string): string | undefined =>
  status?.conditions?.find((one) => one.type === type)?.reason

const adopts: ConformanceTest = {
  name: "[sig-apps] Job should adopt matching orphans and release non-matching pods",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const job = await makeJob(cluster, "adopting", { parallelism: 2, completions: 2 })
    const [pod] = await awaitActive(cluster, "adopting", 2)
    const key = { namespace, name: present(pod?.metadata?.name, "the pod's name") }
    const awaitOwner = (what: string, uid: string | undefined) =>
      eventually(what, async () => {
        const { metadata } = await client.get(pods, key)
        expectEqual(metadata?.ownerReferences?.find(({ controller }) => controller)?.uid, uid, "the controller of the pod")
        return true
      })
    await client.patch(pods, key, { type: "merge", body: { metadata: { ownerReferences: null } } })
    await awaitOwner("the orphan is adopted", job.metadata?.uid)
    await client.patch(pods, key, { type: "merge", body: { metadata: { labels: null } } })
    await awaitOwner("the pod is released", undefined)
  }
}

/** Its containers end with the code that a ConfigMap says, so that the test knows when to let them succeed. */
const locally: ConformanceTest = {
  name: "[sig-apps] Job should run a job to completion when tasks sometimes fail and are locally restarted",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const name = "restarting"
    await client.create(configmaps, { metadata: { namespace, name }, data: { code: "1" } })
    const env = [{ name: "CODE", valueFrom: { configMapKeyRef: { name, key: "code" } } }]
    const main = { name: "main", image: shellImage, command: ["sh", "-c", 'exit "$CODE"'], env }
    const template = { spec: pauseSpec(cluster, { restartPolicy: "OnFailure", containers: [main] }) }
    // Restarts count towards the limit, too: this test is not about it.
    await makeJob(cluster, name, { parallelism: 2, completions: 4, backoffLimit: 100, template })
    const restarted = await eventually(
      "containers are restarted",
      async () => {
        const found = (await podsOf(cluster, name)).filter((pod) => restartsOf(pod) > 0)
        return found.length > 0 && found
      },
      180_000
    )
    await client.patch(configmaps, { namespace, name }, { type: "merge", body: { data: { code: "0" } } })
    const { status } = await awaitCondition(cluster, name, "Complete")
    expectEqual([status?.succeeded, status?.failed ?? 0], [4, 0], "succeeded and failed pods")
    const all = await podsOf(cluster, name)
    expectEqual(all.length, 4, "pods; none was replaced")
    const uids = new Set(all.map(({ metadata }) => metadata?.uid))
    expectThat(
      restarted.every(({ metadata }) => uids.has(metadata?.uid)),
      "the pods that restarted their containers are still there"
    )
  }
}

const indexed: ConformanceTest = {
  name: "[sig-apps] Job should create pods for an Indexed job with completion indexes and specified hostname",
  run: async (cluster) => {
    const name = "indexed"
    await makeJob(cluster, name, { parallelism: 2, completions: 4, completionMode: "Indexed" })
    for (const index of [0, 1, 2, 3]) {
      const pod = await awaitIndex(cluster, name, index)
      expectEqual(pod.spec?.hostname, `${name}-${index}`, "the hostname")
      expectThat(
        pod.metadata?.name?.startsWith(`${name}-${index}-`) === true,
        `the pod's name has the index: ${pod.metadata?.name}`
      )
      await playNode(cluster, pod, ended(pod, 0))
    }
    const { status } = await awaitCondition(cluster, name, "Complete")
    expectEqual([status?.completedIndexes, status?.succeeded], ["0-3", 4], "completed indexes and how many")
  }
}

const disruption: ConformanceTest = {
  name: "[sig-apps] Job should allow to use a pod failure policy to ignore failure matching on DisruptionTarget condition",
  run: async (cluster) => {
    const name = "disrupted"
    await makeJob(cluster, name, {
      backoffLimit: 0,
      podFailurePolicy: { rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }] }
    })
    const [first] = await awaitActive(cluster, name, 1)
    const disrupted = present(first, "the first pod")
    const condition = { type: "DisruptionTarget", status: "True" as const, reason: "EvictionByEvictionAPI" }
    await playNode(cluster, disrupted, { ...ended(disrupted, 137), conditions: [condition] })
    // With a limit of 0, a failure that counted would have ended the job.
    const [second] = await awaitActive(cluster, name, 1)
    const replacement = present(second, "the second pod")
    expectThat(replacement.metadata?.uid !== disrupted.metadata?.uid, "the pod was replaced")
    await playNode(cluster, replacement, ended(replacement, 0))
    const { status } = await awaitCondition(cluster, name, "Complete")
    expectEqual([status?.succeeded, status?.failed ?? 0], [1, 0], "succeeded and failed pods")
  }
}

const exitCode: ConformanceTest = {
  name: "[sig-apps] Job should allow to use the pod failure policy on exit code to fail the job early",
  run: async (cluster) => {
    const name = "early"
    await makeJob(cluster, name, {
      parallelism: 2,
      completions: 4,
      backoffLimit: 6,
      podFailurePolicy: { rules: [{ action: "FailJob", onExitCodes: { operator: "In", values: [42] } }] }
    })
    const [pod] = await awaitActive(cluster, name, 2)
    const failing = present(pod, "a pod")
    await playNode(cluster, failing, ended(failing, 42))
    const job = await awaitCondition(cluster, name, "Failed")
    expectEqual(reasonOf(job, "Failed"), "PodFailurePolicy", "the reason")
  }
}

const perIndex: ConformanceTest = {
  name: "[sig-apps] Job should execute all indexes despite some failing when using backoffLimitPerIndex",
  run: async (cluster) => {
    const name = "per-index"
    await makeJob(cluster, name, { parallelism: 2, completions: 4, completionMode: "Indexed", backoffLimitPerIndex: 0 })
    for (const index of [0, 1, 2, 3]) {
      const pod = await awaitIndex(cluster, name, index)
      await playNode(cluster, pod, ended(pod, index % 2 === 0 ? 1 : 0))
    }
    const { status } = await awaitCondition(cluster, name, "Failed")
    expectEqual([status?.completedIndexes, status?.failedIndexes], ["1,3", "0,2"], "completed and failed indexes")
    expectEqual([status?.succeeded, status?.failed], [2, 2], "succeeded and failed pods")
  }
}

const failIndex: ConformanceTest = {
  name: "[sig-apps] Job should mark indexes as failed when the FailIndex action is matched in podFailurePolicy",
  run: async (cluster) => {
    const name = "fail-index"
    await makeJob(cluster, name, {
      parallelism: 2,
      completions: 2,
      completionMode: "Indexed",
      backoffLimitPerIndex: 1,
      podFailurePolicy: { rules: [{ action: "FailIndex", onExitCodes: { operator: "In", values: [42] } }] }
    })
    const first = await awaitIndex(cluster, name, 0)
    await playNode(cluster, first, ended(first, 42))
    const second = await awaitIndex(cluster, name, 1)
    await playNode(cluster, second, ended(second, 0))
    const { status } = await awaitCondition(cluster, name, "Failed")
    expectEqual([status?.completedIndexes, status?.failedIndexes], ["1", "0"], "completed and failed indexes")
    expectEqual([status?.succeeded, status?.failed], [1, 1], "pods that succeeded and failed; none was tried again")
  }
}

const maxFailed: ConformanceTest = {
  name: "[sig-apps] Job should terminate job execution when the number of failed indexes exceeds maxFailedIndexes",
  run: async (cluster) => {
    const name = "max-failed"
    await makeJob(cluster, name, {
      parallelism: 4,
      completions: 8,
      completionMode: "Indexed",
      backoffLimitPerIndex: 0,
      maxFailedIndexes: 1
    })
    for (const index of [0, 2]) {
      const pod = await awaitIndex(cluster, name, index)
      await playNode(cluster, pod, ended(pod, 1))
    }
    const job = await awaitCondition(cluster, name, "Failed")
    expectEqual(reasonOf(job, "Failed"), "MaxFailedIndexesExceeded", "the reason")
    expectEqual(job.status?.failedIndexes, "0,2", "failed indexes")
    await awaitActive(cluster, name, 0)
  }
}

const life: ConformanceTest = {
  name: "[sig-apps] Job should manage the lifecycle of a job",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const key = { namespace, name: "life" }
    const label = cluster.unique("life")
    const labelSelector = `life=${label}`
    using watch = await observeFromNow(cluster, jobs, { namespace })
    await makeJob(cluster, key.name, { suspend: true })
    await awaitCondition(cluster, key.name, "Suspended")
    const patch = { metadata: { labels: { life: label } } }
    await client.patch(jobs, key, { type: "strategic", body: patch })
    await watch.next("the patched label", ({ object }) => object.metadata?.labels?.["life"] === label)
    await retryOnConflict(async () => {
      const current = await client.get(jobs, key)
      return client.update(jobs, { ...current, spec: { ...present(current.spec, "spec"), suspend: false } })
    })
    await watch.next("the job is not suspended", ({ object }) => object.spec?.suspend === false)
    const [pod] = await awaitActive(cluster, key.name, 1)
    await playNode(cluster, present(pod, "the pod"), ended(present(pod, "the pod"), 0))
    await awaitCondition(cluster, key.name, "Complete")
    expectEqual((await client.list(jobs, { labelSelector })).items.length, 1, "jobs in the list of all namespaces")
    await client.deleteCollection(jobs, { namespace, labelSelector, propagationPolicy: "Background" })
    await watch.next("DELETED", ({ type }) => type === "DELETED")
    await eventually("it is gone", async () => (await unlessGone(client.get(jobs, key))) === undefined)
  }
}

const successes: ReadonlyArray<readonly [rule: string, criteria: object]> = [
  ["succeeded when all indexes succeeded", { succeededIndexes: "0-1" }],
  ["succeededCount rule should succeeded even when some indexes remain pending", { succeededCount: 1 }],
  ["succeededIndexes rule should succeeded even when some indexes remain pending", { succeededIndexes: "0" }]
]

const succeeds = ([rule, criteria]: (typeof successes)[number]): ConformanceTest => {
  const all = rule.includes("all indexes")
  return {
    name: `[sig-apps] Job with successPolicy ${all ? `should ${rule}` : rule}`,
    run: async (cluster) => {
      const name = "successful"
      const successPolicy = { rules: [criteria] }
      await makeJob(cluster, name, { parallelism: 2, completions: 2, completionMode: "Indexed", successPolicy })
      for (const index of all ? [0, 1] : [0]) {
        const pod = await awaitIndex(cluster, name, index)
        await playNode(cluster, pod, ended(pod, 0))
      }
      const job = await awaitCondition(cluster, name, "Complete")
      expectEqual(job.status?.completedIndexes, all ? "0,1" : "0", "completed indexes")
      if (!all) expectEqual(reasonOf(job, "SuccessCriteriaMet"), "SuccessPolicy", "why the job is complete")
      await awaitActive(cluster, name, 0)
    }
  }
}

export const jobTests: ReadonlyArray<ConformanceTest> = [
  adopts,
  locally,
  indexed,
  disruption,
  exitCode,
  perIndex,
  failIndex,
  maxFailed,
  life,
  ...successes.map(succeeds)
]
