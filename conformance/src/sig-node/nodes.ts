/** Nodes: their life as objects, and taints that drive pods away. @module */
import { type Node, nodes, pods, type Toleration } from "@tsukube/api/core-v1"
import { observeFromNow } from "../observe.ts"
import { runningPod } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectThat, present, retryOnConflict, unlessGone } from "../suite.ts"

const lifecycle: ConformanceTest = {
  name: "[sig-node] Node Lifecycle should run through the lifecycle of a node",
  run: async (cluster) => {
    const { client } = cluster
    const name = cluster.unique("conformance-fake-node")
    const key = { name }
    using watch = await observeFromNow(cluster, nodes, { fieldSelector: `metadata.name=${name}` })
    cluster.afterwards(() => client.delete(nodes, key))
    await client.create(nodes, {
      metadata: { name },
      status: { phase: "Running", conditions: [{ type: "Ready", status: "True", reason: "Test", message: "a node for a test" }] }
    })
    await watch.next("ADDED", ({ type }) => type === "ADDED")
    expectEqual((await client.get(nodes, key)).metadata?.name, name, "the name")
    await client.patch(nodes, key, { type: "strategic", body: { metadata: { labels: { [name]: "patched" } } } })
    await watch.next("the patched label", ({ object }) => object.metadata?.labels?.[name] === "patched")
    await retryOnConflict(async () => {
      const current = await client.get(nodes, key)
      const labels = { ...current.metadata?.labels, [name]: "updated" }
      return client.update(nodes, { ...current, metadata: { ...current.metadata, labels } })
    })
    const { items } = await client.list(nodes, { labelSelector: `${name}=updated` })
    expectEqual(items.length, 1, "nodes with the updated label")
    await client.deleteCollection(nodes, { labelSelector: `${name}=updated` })
    await watch.next("DELETED", ({ type }) => type === "DELETED")
    expectThat((await unlessGone(client.get(nodes, key))) === undefined, "the node is gone")
  }
}

const taint = { key: "kubernetes.io/e2e-evict-taint-key", value: "evictTaintVal", effect: "NoExecute" as const }

const setTaints = ({ client }: Cluster, name: string, change: (taints: NonNullable<Node["spec"]>["taints"]) => unknown) =>
  retryOnConflict(async () => {
    const { metadata, spec } = await client.get(nodes, { name })
    const body = { metadata: { resourceVersion: metadata?.resourceVersion }, spec: { taints: change(spec?.taints ?? []) } }
    return client.patch(nodes, { name }, { type: "merge", body })
  })

/** Taints the node, and takes the taint back when the test is over. */
const taintNode = async (cluster: Cluster, name: string): Promise<void> => {
  cluster.afterwards(() => untaintNode(cluster, name))
  await setTaints(cluster, name, (taints) => [...(taints ?? []), taint])
}

const untaintNode = (cluster: Cluster, name: string) =>
  setTaints(cluster, name, (taints) => taints?.filter(({ key }) => key !== taint.key))

const tolerateFor = (tolerationSeconds: number): ReadonlyArray<Toleration> => [
  { key: taint.key, value: taint.value, operator: "Equal", effect: "NoExecute", tolerationSeconds }
]

const evicted = async ({ client, namespace }: Cluster, name: string): Promise<boolean> => {
  const pod = await unlessGone(client.get(pods, { namespace, name }))
  return pod === undefined || pod.metadata?.deletionTimestamp !== undefined
}

const onOneNode: ConformanceTest = {
  name: "[sig-node] NoExecuteTaintManager Multiple Pods evicts pods with minTolerationSeconds",
  run: async (cluster) => {
    const { eventually } = cluster
    const first = await runningPod(cluster, "soon", {}, { tolerations: tolerateFor(2) })
    const nodeName = present(first.spec?.nodeName, "the node of the pod")
    await runningPod(cluster, "later", {}, { nodeName, tolerations: tolerateFor(8) })
    const startMs = performance.now()
    await taintNode(cluster, nodeName)
    await eventually("the pod that tolerates 2 s is evicted", () => evicted(cluster, "soon"))
    expectThat(performance.now() - startMs > 1_000, "not before its time")
    expectThat(!(await evicted(cluster, "later")), "the pod that tolerates 8 s is still there")
    await eventually("the pod that tolerates 8 s is evicted", () => evicted(cluster, "later"))
    expectThat(performance.now() - startMs > 7_000, "not before its time")
  }
}

const cancelled: ConformanceTest = {
  name: "[sig-node] NoExecuteTaintManager Single Pod removing taint cancels eviction",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const pod = await runningPod(cluster, "tolerant", {}, { tolerations: tolerateFor(10) })
    const nodeName = present(pod.spec?.nodeName, "the node of the pod")
    await taintNode(cluster, nodeName)
    await eventually("the node has the taint", async () => {
      const { spec } = await client.get(nodes, { name: nodeName })
      return spec?.taints?.some(({ key }) => key === taint.key)
    })
    await untaintNode(cluster, nodeName)
    // Nothing may happen, and that takes a while to see: longer than the pod tolerates.
    const untilMs = performance.now() + 15_000
    await eventually("the time of the toleration is over", async () => performance.now() > untilMs)
    const { metadata } = await client.get(pods, { namespace, name: "tolerant" })
    expectEqual(metadata?.deletionTimestamp, undefined, "deletionTimestamp of the pod after its node is free of the taint")
  }
}

export const nodeTests: ReadonlyArray<ConformanceTest> = [lifecycle, onOneNode, cancelled]
