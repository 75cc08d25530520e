/** DaemonSets, StatefulSets, Jobs and ReplicationControllers: what the API makes of them, and scale and life with their controllers. @module */
import { type DaemonSet, daemonsets, type StatefulSet, statefulsets } from "@tsukube/api/apps-v1"
import type { Scale } from "@tsukube/api/autoscaling-v1"
import { type Job, jobs } from "@tsukube/api/batch-v1"
import { type ReplicationController, replicationcontrollers } from "@tsukube/api/core-v1"
import { observeFromNow } from "../observe.ts"
import { awaitReadyPods, pauseSpec } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectThat, retryOnConflict, unlessGone } from "../suite.ts"

const template = (cluster: Cluster, name: string) => ({ metadata: { labels: { app: name } }, spec: pauseSpec(cluster) })

const metadataOf = ({ namespace }: Cluster, name: string) => ({ namespace, name, labels: { app: name } })

const daemonSet = (cluster: Cluster, name: string): DaemonSet => ({
  metadata: metadataOf(cluster, name),
  spec: { selector: { matchLabels: { app: name } }, template: template(cluster, name) }
})

const statefulSet = (cluster: Cluster, name: string): StatefulSet => ({
  metadata: metadataOf(cluster, name),
  spec: { replicas: 1, serviceName: "none", selector: { matchLabels: { app: name } }, template: template(cluster, name) }
})

const job = (cluster: Cluster, name: string): Job => ({
  metadata: metadataOf(cluster, name),
  spec: { parallelism: 1, completions: 1, template: { spec: pauseSpec(cluster, { restartPolicy: "Never" }) } }
})

const controller = (cluster: Cluster, name: string): ReplicationController => ({
  metadata: metadataOf(cluster, name),
  spec: { replicas: 1, selector: { app: name }, template: template(cluster, name) }
})

const condition = (type: string) => ({ type, status: "True" as const, reason: "E2E", message: "Set by the test" })

const has =
  (type: string) =>
  (one: { readonly object: { readonly status?: { readonly conditions?: ReadonlyArray<{ readonly type: string }> } } }) =>
    one.object.status?.conditions?.some((other) => other.type === type) === true

const daemonCollection: ConformanceTest = {
  name: "[sig-apps] Daemon set should list and delete a collection of DaemonSets",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    await client.create(daemonsets, daemonSet(cluster, "collected"))
    const labelSelector = "app=collected"
    expectEqual((await client.list(daemonsets, { namespace, labelSelector })).items.length, 1, "DaemonSets in the list")
    await client.deleteCollection(daemonsets, { namespace, labelSelector })
    await eventually("it is gone", async () => (await client.list(daemonsets, { namespace, labelSelector })).items.length === 0)
  }
}

const daemonStatus: ConformanceTest = {
  name: "[sig-apps] Daemon set should verify changes to a daemon set status",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const key = { namespace, name: "status" }
    await client.create(daemonsets, daemonSet(cluster, key.name))
    using watch = await observeFromNow(cluster, daemonsets, { namespace })
    await retryOnConflict(async () => {
      const current = await client.get(daemonsets, key, { subresource: "status" })
      const counts = { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 }
      const conditions = [condition("StatusUpdate")]
      return client.updateStatus(daemonsets, { ...current, status: { ...counts, ...current.status, conditions } })
    })
    await watch.next("the updated status", has("StatusUpdate"))
    const body = { status: { conditions: [condition("StatusPatched")] } }
    await client.patch(daemonsets, key, { type: "merge", body }, { subresource: "status" })
    await watch.next("the patched status", has("StatusPatched"))
  }
}

const basic = "[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic]"

const statefulCollection: ConformanceTest = {
  name: `${basic} should list, patch and delete a collection of StatefulSets`,
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const label = cluster.unique("set")
    const made = statefulSet(cluster, "collected")
    await client.create(statefulsets, { ...made, metadata: { ...made.metadata, labels: { app: "collected", set: label } } })
    const labelSelector = `set=${label}`
    expectEqual((await client.list(statefulsets, { labelSelector })).items.length, 1, "StatefulSets of all namespaces")
    const body = { metadata: { labels: { patched: "true" } }, spec: { replicas: 2 } }
    const patched = await client.patch(statefulsets, { namespace, name: "collected" }, { type: "strategic", body })
    expectEqual(
      [patched.metadata?.labels?.["patched"], patched.spec?.replicas],
      ["true", 2],
      "label and replicas after the patch"
    )
    await client.deleteCollection(statefulsets, { namespace, labelSelector: "patched=true" })
    await eventually("it is gone", async () => (await client.list(statefulsets, { labelSelector })).items.length === 0)
  }
}

const statefulStatus: ConformanceTest = {
  name: `${basic} should validate Statefulset Status endpoints`,
  run: async (cluster) => {
    const { client, namespace } = cluster
    const key = { namespace, name: "status" }
    await client.create(statefulsets, statefulSet(cluster, key.name))
    using watch = await observeFromNow(cluster, statefulsets, { namespace })
    await retryOnConflict(async () => {
      const current = await client.get(statefulsets, key, { subresource: "status" })
      const replicas = current.status?.replicas ?? 0
      const conditions = [...(current.status?.conditions ?? []), condition("StatusUpdate")]
      return client.updateStatus(statefulsets, { ...current, status: { ...current.status, replicas, conditions } })
    })
    await watch.next("the updated status", has("StatusUpdate"))
    const body = { status: { conditions: [condition("StatusPatched")] } }
    await client.patch(statefulsets, key, { type: "merge", body }, { subresource: "status" })
    await watch.next("the patched status", has("StatusPatched"))
  }
}

const statefulScale: ConformanceTest = {
  name: `${basic} should have a working scale subresource`,
  run: async (cluster) => {
    const { client, namespace } = cluster
    const key = { namespace, name: "scaled" }
    await client.create(statefulsets, statefulSet(cluster, key.name))
    await awaitReadyPods({ ...cluster, eventually: (what, probe) => cluster.eventually(what, probe) }, "app=scaled", 1)
    const current = await client.getSubresource<Scale>(statefulsets, key, "scale")
    expectEqual([current.kind, current.spec?.replicas], ["Scale", 1], "the scale")
    const body = { ...current, metadata: { ...current.metadata, resourceVersion: "" }, spec: { replicas: 2 } }
    await client.updateSubresource<Scale>(statefulsets, key, "scale", body)
    expectEqual((await client.get(statefulsets, key)).spec?.replicas, 2, "replicas after the update of the scale")
    await awaitReadyPods(cluster, "app=scaled", 2)
  }
}

const jobStatus: ConformanceTest = {
  name: "[sig-apps] Job should apply changes to a job status",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const key = { namespace, name: "status" }
    await client.create(jobs, job(cluster, key.name))
    using watch = await observeFromNow(cluster, jobs, { namespace })
    const body = { metadata: { annotations: { patched: "true" } }, status: { conditions: [condition("CustomConditionType")] } }
    await client.patch(jobs, key, { type: "merge", body }, { subresource: "status" })
    await watch.next("the patched status", has("CustomConditionType"))
    await retryOnConflict(async () => {
      const current = await client.get(jobs, key, { subresource: "status" })
      const conditions = [...(current.status?.conditions ?? []), condition("SecondConditionType")]
      return client.updateStatus(jobs, { ...current, status: { ...current.status, conditions } })
    })
    await watch.next("the updated status", has("SecondConditionType"))
  }
}

const jobDelete: ConformanceTest = {
  name: "[sig-apps] Job should delete a job",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const key = { namespace, name: "deleted" }
    await client.create(jobs, job(cluster, key.name))
    await eventually("the job has an active pod", async () => {
      expectEqual((await client.get(jobs, key)).status?.active, 1, "status.active")
      return true
    })
    await client.delete(jobs, key, { propagationPolicy: "Foreground" })
    await eventually("the job is gone", async () => (await unlessGone(client.get(jobs, key))) === undefined)
  }
}

const controllerScale: ConformanceTest = {
  name: "[sig-apps] ReplicationController should get and update a ReplicationController scale",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const key = { namespace, name: "scaled" }
    await client.create(replicationcontrollers, controller(cluster, key.name))
    const awaitReplicas = (count: number) =>
      eventually(`the controller has ${count} pods`, async () => {
        expectEqual((await client.get(replicationcontrollers, key)).status?.replicas, count, "status.replicas")
        return true
      })
    await awaitReplicas(1)
    // The controller writes its status all the while.
    await retryOnConflict(async () => {
      const current = await client.getSubresource<Scale>(replicationcontrollers, key, "scale")
      expectEqual([current.status?.replicas, current.status?.selector], [1, "app=scaled"], "replicas and selector of the scale")
      return client.updateSubresource<Scale>(replicationcontrollers, key, "scale", { ...current, spec: { replicas: 2 } })
    })
    await awaitReplicas(2)
  }
}

const controllerLife: ConformanceTest = {
  name: "[sig-apps] ReplicationController should test the lifecycle of a ReplicationController",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const key = { namespace, name: "life" }
    const label = cluster.unique("life")
    const labelSelector = `life=${label}`
    using watch = await observeFromNow(cluster, replicationcontrollers, { namespace, labelSelector })
    const made = controller(cluster, key.name)
    await client.create(replicationcontrollers, { ...made, metadata: { ...made.metadata, labels: { life: label } } })
    await watch.next("ADDED", ({ type }) => type === "ADDED")
    await watch.next("a replica is ready", ({ object }) => object.status?.readyReplicas === 1, 60_000)
    const body = { metadata: { labels: { patched: "true" } } }
    await client.patch(replicationcontrollers, key, { type: "strategic", body })
    await watch.next("the patched label", ({ object }) => object.metadata?.labels?.["patched"] === "true")
    await client.patch(replicationcontrollers, key, { type: "merge", body: { spec: { replicas: 2 } } }, { subresource: "scale" })
    await watch.next("two replicas are ready", ({ object }) => object.status?.readyReplicas === 2, 60_000)
    expectEqual((await client.list(replicationcontrollers, { labelSelector })).items.length, 1, "controllers of all namespaces")
    await client.deleteCollection(replicationcontrollers, { namespace, labelSelector })
    await watch.next("DELETED", ({ type }) => type === "DELETED")
    expectThat((await unlessGone(client.get(replicationcontrollers, key))) === undefined, "it is gone")
  }
}

export const otherWorkloads: ReadonlyArray<ConformanceTest> = [
  daemonCollection,
  daemonStatus,
  statefulCollection,
  statefulStatus,
  statefulScale,
  jobStatus,
  jobDelete,
  controllerScale,
  controllerLife
]
