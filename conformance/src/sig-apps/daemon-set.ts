/** DaemonSets: a pod on every node, on chosen nodes, replaced when it fails and when its template changes. @module */
import {
  controllerrevisions,
  type DaemonSet,
  type DaemonSetSpec,
  type DaemonSetUpdateStrategy,
  daemonsets
} from "@tsukube/api/apps-v1"
import { nodes, type Pod, pods } from "@tsukube/api/core-v1"
import { awaitPodGone, pauseSpec } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectThat, present, retryOnConflict } from "../suite.ts"
import { playNode } from "../unscheduled.ts"

const name = "daemon-set"
const otherImage = "registry.k8s.io/pause:3.9"

const make = (cluster: Cluster, more: Partial<DaemonSetSpec> = {}, nodeSelector?: Readonly<Record<string, string>>) =>
  cluster.client.create(daemonsets, {
    metadata: { namespace: cluster.namespace, name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: pauseSpec(cluster, nodeSelector === undefined ? {} : { nodeSelector })
      },
      ...more
    }
  })

const podsOf = async ({ client, namespace }: Cluster): Promise<ReadonlyArray<Pod>> => {
  const { items } = await client.list(pods, { namespace, labelSelector: `app=${name}` })
  return items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
}

const nodesOf = async (cluster: Cluster): Promise<ReadonlyArray<string>> =>
  (await podsOf(cluster)).map(({ spec }) => spec?.nodeName ?? "").sort()

const specOf = ({ spec }: DaemonSet): DaemonSetSpec => present(spec, "spec")

const change = ({ client, namespace }: Cluster, to: (spec: DaemonSetSpec) => DaemonSetSpec): Promise<DaemonSet> =>
  retryOnConflict(async () => {
    const current = await client.get(daemonsets, { namespace, name })
    return client.update(daemonsets, { ...current, spec: to(specOf(current)) })
  })

const withImage =
  (image: string) =>
  (spec: DaemonSetSpec): DaemonSetSpec => {
    const containers = present(spec.template.spec, "template").containers.map((one) => ({ ...one, image }))
    return { ...spec, template: { ...spec.template, spec: { ...spec.template.spec, containers } } }
  }

/** Waits until every node that should has a ready pod of the newest template. */
const awaitRolledOut = (cluster: Cluster): Promise<DaemonSet> =>
  cluster.eventually(
    "every node has a ready pod of the newest template",
    async () => {
      const object = await cluster.client.get(daemonsets, { namespace: cluster.namespace, name })
      const { status } = object
      const wanted = status?.desiredNumberScheduled ?? 0
      expectThat(wanted > 0, "some node should have a pod")
      expectEqual(
        [status?.observedGeneration, status?.numberReady, status?.updatedNumberScheduled, status?.numberMisscheduled],
        [object.metadata?.generation, wanted, wanted, 0],
        "observed generation, ready, updated, misscheduled"
      )
      expectEqual((await podsOf(cluster)).length, wanted, "pods")
      return object
    },
    180_000
  )

const simple: ConformanceTest = {
  name: "[sig-apps] Daemon set should run and stop simple daemon",
  run: async (cluster) => {
    const { client, namespace } = cluster
    await make(cluster)
    await awaitRolledOut(cluster)
    const before = await nodesOf(cluster)
    expectEqual(new Set(before).size, before.length, "nodes with a pod, each once")
    const stopped = present((await podsOf(cluster))[0]?.metadata?.name, "the name of a pod")
    await client.delete(pods, { namespace, name: stopped })
    await awaitPodGone(cluster, stopped)
    await cluster.eventually("the node has another pod", async () => {
      expectEqual(await nodesOf(cluster), before, "nodes with a pod")
      return true
    })
    await awaitRolledOut(cluster)
  }
}

const complex: ConformanceTest = {
  name: "[sig-apps] Daemon set should run and stop complex daemon",
  run: async (cluster) => {
    const { client, eventually } = cluster
    const label = `conformance.example.com/${cluster.unique("color")}`
    const { items } = await client.list(nodes)
    const free = items.find(({ spec }) => spec?.unschedulable !== true && (spec?.taints ?? []).length === 0)
    const node = present(free?.metadata?.name, "a node that takes pods")
    const paint = (color: string | null) =>
      client.patch(nodes, { name: node }, { type: "merge", body: { metadata: { labels: { [label]: color } } } })
    cluster.afterwards(() => paint(null))
    const awaitNodes = (expected: ReadonlyArray<string>) =>
      eventually(`the nodes with a pod are: ${expected.join(", ") || "none"}`, async () => {
        expectEqual(await nodesOf(cluster), expected, "nodes with a pod")
        return true
      })
    await make(cluster, {}, { [label]: "blue" })
    await eventually("the controller has seen it", async () => {
      const { status } = await client.get(daemonsets, { namespace: cluster.namespace, name })
      return status?.observedGeneration === 1
    })
    await awaitNodes([])
    await paint("blue")
    await awaitNodes([node])
    await paint("green")
    await awaitNodes([])
    await change(cluster, (spec) => ({
      ...spec,
      updateStrategy: { type: "RollingUpdate" },
      template: { ...spec.template, spec: { ...present(spec.template.spec, "template"), nodeSelector: { [label]: "green" } } }
    }))
    await awaitNodes([node])
    await awaitRolledOut(cluster)
  }
}

const retries: ConformanceTest = {
  name: "[sig-apps] Daemon set should retry creating failed daemon pods",
  run: async (cluster) => {
    await make(cluster)
    await awaitRolledOut(cluster)
    const before = await nodesOf(cluster)
    const failed = present((await podsOf(cluster))[0], "a pod")
    await playNode(cluster, failed, { phase: "Failed" })
    await cluster.eventually("the failed pod is replaced", async () => {
      const now = await podsOf(cluster)
      expectThat(!now.some(({ metadata }) => metadata?.uid === failed.metadata?.uid), "the failed pod is still there")
      expectEqual(await nodesOf(cluster), before, "nodes with a pod")
      return true
    })
    await awaitRolledOut(cluster)
  }
}

const rollsOut: ConformanceTest = {
  name: "[sig-apps] Daemon set should update pod when spec was updated and update strategy is RollingUpdate",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const updateStrategy: DaemonSetUpdateStrategy = { type: "RollingUpdate" }
    await make(cluster, { updateStrategy })
    await awaitRolledOut(cluster)
    await change(cluster, withImage(otherImage))
    await awaitRolledOut(cluster)
    const images = (await podsOf(cluster)).map(({ spec }) => spec?.containers[0]?.image)
    expectThat(
      images.every((image) => image === otherImage),
      `every pod has the new image: ${images.join(", ")}`
    )
    const { items } = await client.list(controllerrevisions, { namespace, labelSelector: `app=${name}` })
    expectEqual(items.map(({ revision }) => revision).sort(), [1, 2], "revisions in the history")
  }
}

const rollsBack: ConformanceTest = {
  name: "[sig-apps] Daemon set should rollback without unnecessary restarts",
  run: async (cluster) => {
    await make(cluster, { updateStrategy: { type: "RollingUpdate" } })
    const { status } = await awaitRolledOut(cluster)
    const before = new Map((await podsOf(cluster)).map(({ metadata }) => [metadata?.uid, metadata?.name]))
    if ((status?.desiredNumberScheduled ?? 0) < 2) throw new Error("a roll-out can only stop half-way with two nodes or more")
    // A name without a registry behind it never starts; a node that runs nothing starts it all the same.
    await change(cluster, withImage("conformance.invalid/not/there:1"))
    await cluster.eventually("the roll-out has begun", async () =>
      (await podsOf(cluster)).some(({ metadata }) => !before.has(metadata?.uid))
    )
    const kept = (await podsOf(cluster)).filter(
      ({ metadata, spec }) => before.has(metadata?.uid) && spec?.containers[0]?.image === cluster.image
    )
    await change(cluster, withImage(cluster.image))
    await awaitRolledOut(cluster)
    const after = await podsOf(cluster)
    expectThat(
      after.every(({ spec }) => spec?.containers[0]?.image === cluster.image),
      "every pod has the old image"
    )
    // The pods that the roll-out had not reached yet already are what the roll-back asks for.
    const restarted = after.filter(({ status: now }) => now?.containerStatuses?.some(({ restartCount }) => restartCount > 0))
    expectEqual(restarted.length, 0, "restarted containers")
    expectThat(kept.length < before.size, "the roll-out had replaced a pod")
  }
}

export const daemonSetTests: ReadonlyArray<ConformanceTest> = [simple, complex, retries, rollsOut, rollsBack]
