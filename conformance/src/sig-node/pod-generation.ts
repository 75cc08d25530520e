/** metadata.generation of pods, and status.observedGeneration that follows it. @module */
import { pods } from "@tsukube/api/core-v1"
import { pausePod, runningPod } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, present, retryOnConflict } from "../suite.ts"

const prefix = "[sig-node] Pods Extended (pod generation) Pod Generation"

const tolerate = ({ client, namespace }: Cluster, name: string, key: string) =>
  retryOnConflict(async () => {
    const current = await client.get(pods, { namespace, name })
    const spec = present(current.spec, "spec")
    const tolerations = [...(spec.tolerations ?? []), { key, operator: "Exists" as const, effect: "NoExecute" as const }]
    return client.update(pods, { ...current, spec: { ...spec, tolerations } })
  })

const awaitObserved = ({ client, namespace, eventually }: Cluster, name: string, generation: number) =>
  eventually(`the node has seen generation ${generation} of ${name}`, async () => {
    const { metadata, status } = await client.get(pods, { namespace, name })
    expectEqual([metadata?.generation, status?.observedGeneration], [generation, generation], "generation and observedGeneration")
    return true
  })

const increments: ConformanceTest = {
  name: `${prefix} pod generation should start at 1 and increment per update [MinimumKubeletVersion:1.34]`,
  run: async (cluster) => {
    const { client, namespace } = cluster
    const key = { namespace, name: "generation" }
    const created = await client.create(pods, pausePod(cluster, key.name))
    expectEqual(created.metadata?.generation, 1, "the generation of a new pod")
    await awaitObserved(cluster, key.name, 1)
    const tolerated = await tolerate(cluster, key.name, "conformance.example.com/one")
    expectEqual(tolerated.metadata?.generation, 2, "the generation after a change of the spec")
    const body = { metadata: { labels: { changed: "true" } } }
    const labelled = await client.patch(pods, key, { type: "merge", body })
    expectEqual(labelled.metadata?.generation, 2, "the generation after a change of a label")
    const deadline = await client.patch(pods, key, { type: "merge", body: { spec: { activeDeadlineSeconds: 3600 } } })
    expectEqual(deadline.metadata?.generation, 3, "the generation after a second change of the spec")
    await awaitObserved(cluster, key.name, 3)
  }
}

const custom: ConformanceTest = {
  name: `${prefix} custom-set generation on new pods and graceful delete`,
  run: async (cluster) => {
    const { client, namespace } = cluster
    const key = { namespace, name: "custom" }
    const pod = pausePod(cluster, key.name, {}, { terminationGracePeriodSeconds: 30 })
    // A finalizer keeps the pod readable however fast the node is.
    const finalizers = ["conformance.example.com/held"]
    const created = await client.create(pods, { ...pod, metadata: { ...pod.metadata, generation: 100, finalizers } })
    cluster.afterwards(() => client.patch(pods, key, { type: "merge", body: { metadata: { finalizers: null } } }))
    expectEqual(created.metadata?.generation, 1, "the generation of a new pod that asked for 100")
    await awaitObserved(cluster, key.name, 1)
    await client.delete(pods, key)
    const { metadata } = await client.get(pods, key)
    expectEqual(metadata?.generation, 2, "the generation after a graceful delete")
  }
}

const updates = 500

const converges: ConformanceTest = {
  name: `${prefix} issue 500 podspec updates and verify generation and observedGeneration eventually converge [MinimumKubeletVersion:1.34]`,
  run: async (cluster) => {
    const { client, namespace } = cluster
    const name = "many-updates"
    await runningPod(cluster, name)
    // Deadlines may only be lowered, so every one of them is a change.
    for (let index = 0; index < updates; index++) {
      const body = { spec: { activeDeadlineSeconds: 100_000 - index } }
      await client.patch(pods, { namespace, name }, { type: "merge", body })
    }
    await awaitObserved(cluster, name, updates + 1)
  }
}

export const podGeneration: ReadonlyArray<ConformanceTest> = [increments, custom, converges]
