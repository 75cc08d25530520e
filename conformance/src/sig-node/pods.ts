/** The life of a pod as a client sees it; nothing here needs to look into a container. @module */
import { type Pod, pods } from "@tsukube/api/core-v1"
import { observeFromNow } from "../observe.ts"
import { awaitPodGone, awaitReady, pausePod, runningPod } from "../pods.ts"
import { type ConformanceTest, expectEqual, expectThat, present, retryOnConflict } from "../suite.ts"

const submitted: ConformanceTest = {
  name: "[sig-node] Pods should be submitted and removed",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const label = cluster.unique("time")
    const labelSelector = `time=${label}`
    using watch = await observeFromNow(cluster, pods, { namespace, labelSelector })
    await client.create(pods, pausePod(cluster, "submitted", { time: label }, { terminationGracePeriodSeconds: 30 }))
    expectEqual((await client.list(pods, { namespace, labelSelector })).items.length, 1, "pods with the label")
    await watch.next("ADDED", ({ type }) => type === "ADDED")
    await awaitReady(cluster, "submitted")
    await client.delete(pods, { namespace, name: "submitted" })
    const marked = await watch.next("the pod is being deleted", ({ object }) => object.metadata?.deletionTimestamp !== undefined)
    expectEqual(marked.object.metadata?.deletionGracePeriodSeconds, 30, "the grace period")
    await watch.next("DELETED", ({ type }) => type === "DELETED", 90_000)
    await awaitPodGone(cluster, "submitted")
    expectEqual((await client.list(pods, { namespace, labelSelector })).items.length, 0, "pods after the delete")
  }
}

const updated: ConformanceTest = {
  name: "[sig-node] Pods should be updated",
  run: async (cluster) => {
    const { client, namespace } = cluster
    await runningPod(cluster, "updated", { time: "before" })
    await retryOnConflict(async () => {
      const current = await client.get(pods, { namespace, name: "updated" })
      const labels = { ...current.metadata?.labels, time: "after" }
      return client.update(pods, { ...current, metadata: { ...current.metadata, labels } })
    })
    const { items } = await client.list(pods, { namespace, labelSelector: "time=after" })
    expectEqual(items.length, 1, "pods with the new label")
    await awaitReady(cluster, "updated")
  }
}

const activeDeadline: ConformanceTest = {
  name: "[sig-node] Pods should allow activeDeadlineSeconds to be updated",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const key = { namespace, name: "deadline" }
    await runningPod(cluster, "deadline")
    await retryOnConflict(async () => {
      const current = await client.get(pods, key)
      return client.update(pods, { ...current, spec: { ...present(current.spec, "spec"), activeDeadlineSeconds: 5 } })
    })
    const failed = await eventually("the pod is ended by its deadline", async () => {
      const pod = await client.get(pods, key)
      return pod.status?.phase === "Failed" && pod
    })
    expectEqual(failed.status?.reason, "DeadlineExceeded", "the reason")
  }
}

const collection: ConformanceTest = {
  name: "[sig-node] Pods should delete a collection of pods",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const labelSelector = "type=Testing"
    for (const index of [1, 2, 3]) await client.create(pods, pausePod(cluster, `test-pod-${index}`, { type: "Testing" }))
    expectEqual((await client.list(pods, { namespace, labelSelector })).items.length, 3, "pods before")
    await client.deleteCollection(pods, { namespace, labelSelector, gracePeriodSeconds: 1 })
    await eventually("the pods are gone", async () => (await client.list(pods, { namespace, labelSelector })).items.length === 0)
  }
}

const hostIp: ConformanceTest = {
  name: "[sig-node] Pods should get a host IP",
  run: async (cluster) => {
    const { status } = await runningPod(cluster, "host-ip")
    const ip = present(status?.hostIP, "status.hostIP")
    expectThat(/^[0-9a-f.:]+$/.test(ip), `status.hostIP is an address: ${ip}`)
    expectEqual(status?.hostIPs?.[0]?.ip, ip, "the first of status.hostIPs")
  }
}

const patchStatus: ConformanceTest = {
  name: "[sig-node] Pods should patch a pod status",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const key = { namespace, name: "patched" }
    await runningPod(cluster, "patched")
    const condition = { type: "conformance.example.com/patched", status: "True", reason: "Patched", message: "set by the test" }
    const body = { metadata: { labels: { "pod-status": "patched" } }, status: { conditions: [condition] } }
    const patched = await client.patch(pods, key, { type: "strategic", body }, { subresource: "status" })
    const found = patched.status?.conditions?.find(({ type }) => type === condition.type)
    expectEqual([found?.status, found?.message], ["True", "set by the test"], "the condition after the patch")
    expectThat((patched.status?.conditions?.length ?? 0) > 1, "a strategic merge keeps the other conditions")
    const read = await client.get(pods, key, { subresource: "status" })
    expectEqual(read.metadata?.uid, patched.metadata?.uid, "the uid of what the status subresource reads")
  }
}

const lifecycle: ConformanceTest = {
  name: "[sig-node] Pods should run through the lifecycle of Pods and PodStatus",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const label = cluster.unique("life")
    const labelSelector = `life=${label}`
    const key = { namespace, name: "pod-test" }
    using watch = await observeFromNow(cluster, pods, { namespace, labelSelector })
    await client.create(pods, pausePod(cluster, key.name, { life: label }))
    await watch.next("ADDED", ({ type }) => type === "ADDED")
    await watch.next("the pod runs", ({ object }) => object.status?.phase === "Running", 180_000)

    const body = { metadata: { labels: { patched: "true" } } }
    await client.patch(pods, key, { type: "strategic", body })
    await watch.next("the patched label", ({ object }) => object.metadata?.labels?.["patched"] === "true")
    await awaitReady(cluster, key.name)
    expectEqual((await client.list(pods, { labelSelector })).items.length, 1, "pods in the list of all namespaces")

    const written = await retryOnConflict(async () => {
      const current = await client.get(pods, key, { subresource: "status" })
      const conditions = (current.status?.conditions ?? []).map((one) =>
        one.type === "Ready" ? { ...one, status: "False" as const, reason: "Conformance" } : one
      )
      return client.updateStatus(pods, { ...current, status: { ...current.status, conditions } })
    })
    const readyOf = (pod: Pod) => pod.status?.conditions?.find(({ type }) => type === "Ready")
    expectEqual(readyOf(written)?.status, "False", "the Ready condition that was written")

    await client.deleteCollection(pods, { namespace, labelSelector, gracePeriodSeconds: 1 })
    await watch.next("DELETED", ({ type }) => type === "DELETED", 60_000)
    await eventually("the pod is gone", async () => (await client.list(pods, { labelSelector })).items.length === 0)
  }
}

const qosClass: ConformanceTest = {
  name: "[sig-node] Pods Extended Pods Set QOS Class should be set on Pods with matching resource requests and limits for memory and cpu",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const amounts = { cpu: "100m", memory: "100Mi" }
    const containers = [{ name: "main", image: cluster.image, resources: { requests: amounts, limits: amounts } }]
    await client.create(pods, pausePod(cluster, "guaranteed", {}, { containers }))
    const { status } = await client.get(pods, { namespace, name: "guaranteed" })
    expectEqual(status?.qosClass, "Guaranteed", "the QOS class")
  }
}

const ephemeral: ConformanceTest = {
  name: "[sig-node] Ephemeral Containers should update the ephemeral containers in an existing pod",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const key = { namespace, name: "debugged" }
    await runningPod(cluster, key.name)
    const add = { spec: { ephemeralContainers: [{ name: "debugger", image: cluster.image }] } }
    await client.patch(pods, key, { type: "strategic", body: add }, { subresource: "ephemeralcontainers" })
    expectEqual(
      (await client.get(pods, key)).spec?.ephemeralContainers?.map(({ name }) => name),
      ["debugger"],
      "ephemeral containers after the patch"
    )
    await retryOnConflict(async () => {
      const current = await client.get(pods, key)
      const spec = present(current.spec, "spec")
      const ephemeralContainers = [...(spec.ephemeralContainers ?? []), { name: "second", image: cluster.image }]
      return client.update(pods, { ...current, spec: { ...spec, ephemeralContainers } }, { subresource: "ephemeralcontainers" })
    })
    expectEqual(
      (await client.get(pods, key)).spec?.ephemeralContainers?.map(({ name }) => name),
      ["debugger", "second"],
      "ephemeral containers after the update"
    )
  }
}

export const podTests: ReadonlyArray<ConformanceTest> = [
  submitted,
  updated,
  activeDeadline,
  collection,
  hostIp,
  patchStatus,
  lifecycle,
  qosClass,
  ephemeral
]
