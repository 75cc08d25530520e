/** What becomes of an owner's dependents: deleted after it, before it, or left alone. @module */
import { type Deployment, deployments, replicasets } from "@tsukube/api/apps-v1"
import { type Pod, pods, type ReplicationController, replicationcontrollers } from "@tsukube/api/core-v1"
import type { OwnerReference } from "@tsukube/api/meta-v1"
import { awaitPodGone, pausePod, pauseSpec } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, present, unlessGone } from "../suite.ts"

const simpleDeployment = (cluster: Cluster, name: string): Deployment => ({
  metadata: { namespace: cluster.namespace, name },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: pauseSpec(cluster) }
  }
})

const makeWithReplicaSet = async (cluster: Cluster, name: string): Promise<void> => {
  const { client, namespace, eventually } = cluster
  await client.create(deployments, simpleDeployment(cluster, name))
  await eventually("the deployment has a replica set", async () => {
    const { items } = await client.list(replicasets, { namespace, labelSelector: `app=${name}` })
    return items.length === 1
  })
}

const deleteReplicaSet: ConformanceTest = {
  name: "[sig-api-machinery] Garbage collector should delete RS created by deployment when not orphaning",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    await makeWithReplicaSet(cluster, "web")
    await client.delete(deployments, { namespace, name: "web" }, { propagationPolicy: "Background" })
    await eventually("replica set and pods are gone", async () => {
      const sets = await client.list(replicasets, { namespace })
      const left = await client.list(pods, { namespace })
      return sets.items.length + left.items.length === 0
    })
  }
}

const orphanReplicaSet: ConformanceTest = {
  name: "[sig-api-machinery] Garbage collector should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    await makeWithReplicaSet(cluster, "web")
    await client.delete(deployments, { namespace, name: "web" }, { propagationPolicy: "Orphan" })
    await eventually(
      "the deployment is gone",
      async () => (await unlessGone(client.get(deployments, { namespace, name: "web" }))) === undefined
    )
    const { items } = await client.list(replicasets, { namespace })
    expectEqual(items.length, 1, "replica sets after the deployment is gone")
    // The deployment could only go once nothing pointed to it any more, so nothing can pull the replica set along later.
    expectEqual(items[0]?.metadata?.ownerReferences ?? [], [], "owners of the replica set")
    expectEqual(items[0]?.metadata?.deletionTimestamp, undefined, "deletionTimestamp of the replica set")
  }
}

const referenceTo = (kind: string, { metadata }: Pod | ReplicationController): OwnerReference => ({
  apiVersion: "v1",
  kind,
  name: metadata?.name ?? "",
  uid: metadata?.uid ?? "",
  controller: false,
  blockOwnerDeletion: true
})

const circle: ConformanceTest = {
  name: "[sig-api-machinery] Garbage collector should not be blocked by dependency circle",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const made = await Promise.all(["pod1", "pod2", "pod3"].map((name) => client.create(pods, pausePod(cluster, name))))
    for (const [index, { metadata }] of made.entries()) {
      const owner = referenceTo("Pod", present(made[(index + 2) % 3], "the owner"))
      const body = { metadata: { ownerReferences: [owner] } }
      await client.patch(pods, { namespace, name: metadata?.name ?? "" }, { type: "merge", body })
    }
    await client.delete(pods, { namespace, name: "pod1" }, { propagationPolicy: "Foreground" })
    for (const name of ["pod1", "pod2", "pod3"]) await awaitPodGone(cluster, name)
  }
}

const controller = (cluster: Cluster, name: string, replicas: number): ReplicationController => ({
  metadata: { namespace: cluster.namespace, name },
  spec: {
    replicas,
    selector: { app: name },
    template: { metadata: { labels: { app: name } }, spec: pauseSpec(cluster) }
  }
})

const validOwner: ConformanceTest = {
  name: "[sig-api-machinery] Garbage collector should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const doomed = await client.create(replicationcontrollers, controller(cluster, "to-be-deleted", 0))
    const staying = await client.create(replicationcontrollers, controller(cluster, "to-stay", 0))
    const both = [doomed, staying].map((owner) => referenceTo("ReplicationController", owner))
    const owned = (name: string, ownerReferences: ReadonlyArray<OwnerReference>) => {
      const pod = pausePod(cluster, name)
      return client.create(pods, { ...pod, metadata: { ...pod.metadata, ownerReferences } })
    }
    for (const index of [1, 2, 3]) {
      await owned(`shared-${index}`, both)
      await owned(`single-${index}`, both.slice(0, 1))
    }
    await client.delete(replicationcontrollers, { namespace, name: "to-be-deleted" }, { propagationPolicy: "Foreground" })
    await eventually("the owner is gone", async () => {
      return (await unlessGone(client.get(replicationcontrollers, { namespace, name: "to-be-deleted" }))) === undefined
    })
    for (const index of [1, 2, 3]) {
      await awaitPodGone(cluster, `single-${index}`)
      const { metadata } = await client.get(pods, { namespace, name: `shared-${index}` })
      expectEqual(metadata?.deletionTimestamp, undefined, `deletionTimestamp of shared-${index}`)
      expectEqual(
        metadata?.ownerReferences?.map(({ name }) => name),
        ["to-stay"],
        `owners of shared-${index}`
      )
    }
  }
}

/** A controller whose pods are there. */
const makeController = async (cluster: Cluster, name: string, replicas: number): Promise<void> => {
  const { client, namespace, eventually } = cluster
  await client.create(replicationcontrollers, controller(cluster, name, replicas))
  await eventually(`the controller has made ${replicas} pods`, async () => {
    return (await client.list(pods, { namespace, labelSelector: `app=${name}` })).items.length === replicas
  })
}

const deletePods: ConformanceTest = {
  name: "[sig-api-machinery] Garbage collector should delete pods created by rc when not orphaning",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    await makeController(cluster, "web", 2)
    await client.delete(replicationcontrollers, { namespace, name: "web" }, { propagationPolicy: "Background" })
    await eventually("the pods are gone", async () => (await client.list(pods, { namespace })).items.length === 0)
  }
}

const orphanPods: ConformanceTest = {
  name: "[sig-api-machinery] Garbage collector should orphan pods created by rc if delete options say so",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    await makeController(cluster, "web", 5)
    await client.delete(replicationcontrollers, { namespace, name: "web" }, { propagationPolicy: "Orphan" })
    await eventually("the controller is gone", async () => {
      return (await unlessGone(client.get(replicationcontrollers, { namespace, name: "web" }))) === undefined
    })
    const { items } = await client.list(pods, { namespace })
    expectEqual(items.length, 5, "pods after the controller is gone")
    expectEqual(
      items.flatMap(({ metadata }) => metadata?.ownerReferences ?? []),
      [],
      "owners of the pods"
    )
  }
}

const foreground: ConformanceTest = {
  name: "[sig-api-machinery] Garbage collector should keep the rc around until all its pods are deleted if the deleteOptions says so",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    await makeController(cluster, "web", 2)
    const held = present((await client.list(pods, { namespace })).items[0]?.metadata?.name, "a pod")
    const setFinalizers = (finalizers: ReadonlyArray<string> | null) =>
      client.patch(pods, { namespace, name: held }, { type: "merge", body: { metadata: { finalizers } } })
    await setFinalizers(["conformance.example.com/held"])
    await client.delete(replicationcontrollers, { namespace, name: "web" }, { propagationPolicy: "Foreground" })
    await eventually("only the held pod is left", async () => (await client.list(pods, { namespace })).items.length === 1)
    const { metadata } = await client.get(replicationcontrollers, { namespace, name: "web" })
    expectEqual(metadata?.finalizers, ["foregroundDeletion"], "finalizers of the controller while a pod is left")
    await setFinalizers(null)
    await eventually("the controller is gone", async () => {
      return (await unlessGone(client.get(replicationcontrollers, { namespace, name: "web" }))) === undefined
    })
  }
}

export const garbageCollector: ReadonlyArray<ConformanceTest> = [
  deleteReplicaSet,
  orphanReplicaSet,
  circle,
  validOwner,
  deletePods,
  orphanPods,
  foreground
]
