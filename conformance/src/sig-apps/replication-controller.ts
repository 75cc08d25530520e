/** ReplicationControllers: which pods are theirs, and what they say when they cannot make any. @module */
import { pods, type ReplicationController, replicationcontrollers, resourcequotas } from "@tsukube/api/core-v1"
import { pausePod, pauseSpec } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, retryOnConflict } from "../suite.ts"

const controller = (cluster: Cluster, name: string, replicas: number): ReplicationController => ({
  metadata: { namespace: cluster.namespace, name },
  spec: { replicas, selector: { name }, template: { metadata: { labels: { name } }, spec: pauseSpec(cluster) } }
})

const awaitOwner = ({ client, namespace, eventually }: Cluster, pod: string, owner: string | undefined): Promise<unknown> =>
  eventually(`the controller of pod ${pod} is ${owner ?? "nobody"}`, async () => {
    const { metadata } = await client.get(pods, { namespace, name: pod })
    expectEqual(metadata?.ownerReferences?.find((one) => one.controller)?.name, owner, "the controller of the pod")
    return true
  })

const adopts: ConformanceTest = {
  name: "[sig-apps] ReplicationController should adopt matching pods on creation",
  run: async (cluster) => {
    const { client, namespace } = cluster
    await client.create(pods, pausePod(cluster, "adopted"))
    await client.create(replicationcontrollers, controller(cluster, "adopted", 1))
    await awaitOwner(cluster, "adopted", "adopted")
    expectEqual((await client.list(pods, { namespace })).items.length, 1, "pods, since the adopted one is enough")
  }
}

const releases: ConformanceTest = {
  name: "[sig-apps] ReplicationController should release no longer matching pods",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const matching = async () => (await client.list(pods, { namespace, labelSelector: "name=released" })).items
    await client.create(replicationcontrollers, controller(cluster, "released", 1))
    const pod = await eventually("the controller has made a pod", async () => (await matching())[0]?.metadata?.name)
    await client.patch(
      pods,
      { namespace, name: pod },
      { type: "merge", body: { metadata: { labels: { name: "not-matching" } } } }
    )
    await awaitOwner(cluster, pod, undefined)
    await eventually("another pod takes its place", async () => (await matching()).length === 1)
  }
}

const failure: ConformanceTest = {
  name: "[sig-apps] ReplicationController should surface a failure condition on a common issue like exceeded quota",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const name = "condition-test"
    await client.create(resourcequotas, { metadata: { namespace, name }, spec: { hard: { pods: "2" } } })
    await eventually("the quota is counted", async () => {
      const { status } = await client.get(resourcequotas, { namespace, name })
      return status?.hard?.["pods"] === "2"
    })
    await client.create(replicationcontrollers, controller(cluster, name, 3))
    const awaitFailure = (there: boolean) =>
      eventually(`the controller ${there ? "has" : "has no"} failure`, async () => {
        const { metadata, status } = await client.get(replicationcontrollers, { namespace, name })
        expectEqual(status?.observedGeneration, metadata?.generation, "observedGeneration")
        const found = status?.conditions?.some((one) => one.type === "ReplicaFailure" && one.status === "True") === true
        expectEqual(found, there, "whether there is a failure condition")
        return true
      })
    await awaitFailure(true)
    await retryOnConflict(async () => {
      const current = await client.get(replicationcontrollers, { namespace, name })
      return client.update(replicationcontrollers, { ...current, spec: { ...current.spec, replicas: 2 } })
    })
    await awaitFailure(false)
  }
}

export const replicationControllerTests: ReadonlyArray<ConformanceTest> = [adopts, releases, failure]
