/** ReplicaSets: which pods are theirs, scale, status and life. @module */
import { type ReplicaSet, type ReplicaSetSpec, replicasets } from "@tsukube/api/apps-v1"
import type { Scale } from "@tsukube/api/autoscaling-v1"
import { type Pod, pods } from "@tsukube/api/core-v1"
import { observeFromNow } from "../observe.ts"
import { pausePod, pauseSpec } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, present, retryOnConflict, unlessGone } from "../suite.ts"

const replicaSet = (cluster: Cluster, name: string, more: Partial<ReplicaSetSpec> = {}): ReplicaSet => ({
  metadata: { namespace: cluster.namespace, name, labels: { app: name } },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: pauseSpec(cluster) },
    ...more
  }
})

const awaitReady = ({ client, namespace, eventually }: Cluster, name: string, count: number): Promise<ReplicaSet> =>
  eventually(
    `ReplicaSet ${name} has ${count} ready pods`,
    async () => {
      const object = await client.get(replicasets, { namespace, name })
      const { replicas, readyReplicas = 0 } = object.status ?? {}
      expectEqual([object.spec?.replicas, replicas, readyReplicas], [count, count, count], "wanted, there and ready")
      return object
    },
    180_000
  )

const ownerOf = ({ metadata }: Pod): string | undefined => metadata?.ownerReferences?.find(({ controller }) => controller)?.name

const adopts: ConformanceTest = {
  name: "[sig-apps] ReplicaSet should adopt matching pods on creation and release no longer matching pods",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const name = "adopting"
    const orphan = pausePod(cluster, "orphan", { app: name })
    await client.create(pods, orphan)
    await client.create(replicasets, replicaSet(cluster, name))
    await eventually("the orphan is adopted", async () => {
      expectEqual(ownerOf(await client.get(pods, { namespace, name: "orphan" })), name, "the controller of the pod")
      return true
    })
    await awaitReady(cluster, name, 1)
    expectEqual((await client.list(pods, { namespace })).items.length, 1, "pods, since the adopted one is enough")
    await client.patch(
      pods,
      { namespace, name: "orphan" },
      { type: "merge", body: { metadata: { labels: { app: "released" } } } }
    )
    await eventually("the pod is released", async () => {
      const pod = await client.get(pods, { namespace, name: "orphan" })
      expectEqual(ownerOf(pod), undefined, "the controller of the pod")
      return true
    })
    await eventually("another pod takes its place", async () => {
      return (await client.list(pods, { namespace, labelSelector: `app=${name}` })).items.length === 1
    })
  }
}

const replaces: ConformanceTest = {
  name: "[sig-apps] ReplicaSet Replace and Patch tests",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const key = { namespace, name: "replaced" }
    await client.create(replicasets, replicaSet(cluster, key.name))
    await awaitReady(cluster, key.name, 1)
    await client.patch(replicasets, key, { type: "merge", body: { spec: { replicas: 2 } } })
    await awaitReady(cluster, key.name, 2)
    const env = [{ name: "ROUND", value: "two" }]
    const body = { spec: { replicas: 3, template: { spec: { containers: [{ name: "main", env }] } } } }
    const patched = await client.patch(replicasets, key, { type: "strategic", body })
    expectEqual(patched.spec?.template?.spec?.containers[0]?.image, cluster.image, "the image, which the patch does not name")
    await awaitReady(cluster, key.name, 3)
    const { items } = await client.list(pods, { namespace, labelSelector: "app=replaced" })
    const rounds = items.map(({ spec }) => spec?.containers[0]?.env?.[0]?.value ?? "one").sort()
    expectEqual(rounds, ["one", "one", "two"], "templates of the pods: a ReplicaSet replaces none that runs")
    const replaced = await retryOnConflict(async () => {
      const current = await client.get(replicasets, key)
      return client.update(replicasets, { ...current, spec: { ...present(current.spec, "spec"), replicas: 1 } })
    })
    expectEqual(replaced.spec?.replicas, 1, "replicas after the replace")
    await awaitReady(cluster, key.name, 1)
    await eventually("one pod is left", async () => (await client.list(pods, { namespace })).items.length === 1)
  }
}

const scale: ConformanceTest = {
  name: "[sig-apps] ReplicaSet Replicaset should have a working scale subresource",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const key = { namespace, name: "scaled" }
    await client.create(replicasets, replicaSet(cluster, key.name))
    await awaitReady(cluster, key.name, 1)
    const current = await client.getSubresource<Scale>(replicasets, key, "scale")
    expectEqual([current.kind, current.spec?.replicas, current.status?.replicas], ["Scale", 1, 1], "the scale")
    const body = { ...current, metadata: { ...current.metadata, resourceVersion: "" }, spec: { replicas: 2 } }
    const updated = await client.updateSubresource<Scale>(replicasets, key, "scale", body)
    expectEqual(updated.spec?.replicas, 2, "replicas after the update of the scale")
    await awaitReady(cluster, key.name, 2)
    await client.patch(replicasets, key, { type: "merge", body: { spec: { replicas: 4 } } }, { subresource: "scale" })
    expectEqual((await client.get(replicasets, key)).spec?.replicas, 4, "replicas after the patch of the scale")
    await awaitReady(cluster, key.name, 4)
  }
}

const collection: ConformanceTest = {
  name: "[sig-apps] ReplicaSet should list and delete a collection of ReplicaSets",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    await client.create(replicasets, replicaSet(cluster, "collected", { replicas: 3 }))
    await awaitReady(cluster, "collected", 3)
    expectEqual((await client.list(replicasets, { namespace, labelSelector: "app=collected" })).items.length, 1, "ReplicaSets")
    await client.deleteCollection(replicasets, { namespace, labelSelector: "app=collected" })
    await eventually("it is gone", async () => {
      return (await unlessGone(client.get(replicasets, { namespace, name: "collected" }))) === undefined
    })
  }
}

const condition = (type: string) => ({ type, status: "True" as const, reason: "E2E", message: "Set by the test" })

const status: ConformanceTest = {
  name: "[sig-apps] ReplicaSet should validate Replicaset Status endpoints",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const key = { namespace, name: "status" }
    await client.create(replicasets, replicaSet(cluster, key.name))
    await awaitReady(cluster, key.name, 1)
    expectEqual((await client.get(replicasets, key, { subresource: "status" })).status?.replicas, 1, "replicas of the status")
    using watch = await observeFromNow(cluster, replicasets, { namespace })
    const has = (type: string) => (one: { object: ReplicaSet }) =>
      one.object.status?.conditions?.some((other) => other.type === type) === true
    await retryOnConflict(async () => {
      const current = await client.get(replicasets, key)
      const replicas = current.status?.replicas ?? 0
      return client.updateStatus(replicasets, {
        ...current,
        status: { ...current.status, replicas, conditions: [condition("StatusUpdate")] }
      })
    })
    await watch.next("the updated status", has("StatusUpdate"))
    const body = { status: { conditions: [condition("StatusPatched")] } }
    await client.patch(replicasets, key, { type: "merge", body }, { subresource: "status" })
    await watch.next("the patched status", has("StatusPatched"))
  }
}

export const replicaSetTests: ReadonlyArray<ConformanceTest> = [adopts, replaces, scale, collection, status]
