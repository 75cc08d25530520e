/** StatefulSets: the order in which pods come and go, and which of them an update reaches. @module */
import { type StatefulSet, type StatefulSetSpec, statefulsets } from "@tsukube/api/apps-v1"
import { type Pod, type PodCondition, pods, services } from "@tsukube/api/core-v1"
import { observeFromNow } from "../observe.ts"
import { awaitPodGone, awaitReady, pauseSpec, runningPod } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectThat, present, retryOnConflict, unlessGone } from "../suite.ts"
import { playNode } from "../unscheduled.ts"

const basic = "[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic]"
const otherImage = "registry.k8s.io/pause:3.9"
const gate = "conformance.example.com/healthy"
const name = "ss"

const make = async (cluster: Cluster, more: Partial<StatefulSetSpec> = {}): Promise<StatefulSet> => {
  const { client, namespace } = cluster
  const labels = { app: name }
  await client.create(services, {
    metadata: { namespace, name: "test" },
    spec: { clusterIP: "None", selector: labels, ports: [{ port: 80 }] }
  })
  const spec = { replicas: 3, serviceName: "test", selector: { matchLabels: labels } }
  const template = { metadata: { labels }, spec: pauseSpec(cluster) }
  return client.create(statefulsets, { metadata: { namespace, name }, spec: { ...spec, template, ...more } })
}

/** A template whose pods are only ready once the test has said that they are healthy. */
const gated = (cluster: Cluster): Partial<StatefulSetSpec> => ({
  template: { metadata: { labels: { app: name } }, spec: pauseSpec(cluster, { readinessGates: [{ conditionType: gate }] }) }
})

const podOf = (cluster: Cluster, ordinal: number): Promise<Pod> =>
  cluster.client.get(pods, { namespace: cluster.namespace, name: `${name}-${ordinal}` })

/** Says whether a pod is healthy. */
const tellHealth = (cluster: Cluster, ordinal: number, healthy: boolean): Promise<unknown> =>
  cluster.eventually(`pod ${ordinal} is there and told so`, async () => {
    const condition: PodCondition = { type: gate, status: healthy ? "True" : "False" }
    return playNode(cluster, await podOf(cluster, ordinal), { conditions: [condition] })
  })

/** Says so, and waits until that is what its Ready condition says. */
const sayHealthy = async (cluster: Cluster, ordinal: number, healthy: boolean): Promise<void> => {
  const status = healthy ? "True" : "False"
  await tellHealth(cluster, ordinal, healthy)
  await cluster.eventually(`the Ready condition of pod ${ordinal} is ${status}`, async () =>
    (await podOf(cluster, ordinal)).status?.conditions?.some((one) => one.type === "Ready" && one.status === status)
  )
}

const scale = ({ client, namespace }: Cluster, replicas: number): Promise<unknown> =>
  client.patch(statefulsets, { namespace, name }, { type: "merge", body: { spec: { replicas } } }, { subresource: "scale" })

const awaitStatus = (cluster: Cluster, what: string, holds: (object: StatefulSet) => boolean): Promise<StatefulSet> =>
  cluster.eventually(
    what,
    async () => {
      const object = await cluster.client.get(statefulsets, { namespace: cluster.namespace, name })
      const seen = object.status?.observedGeneration === object.metadata?.generation
      expectThat(seen && holds(object), `status: ${JSON.stringify(object.status)}`)
      return object
    },
    180_000
  )

const awaitReplicas = (cluster: Cluster, count: number): Promise<StatefulSet> =>
  awaitStatus(
    cluster,
    `${count} pods, all ready`,
    ({ status }) => status?.replicas === count && (status.readyReplicas ?? 0) === count
  )

const ordered: ConformanceTest = {
  name: `${basic} Scaling should happen in predictable order and halt if any stateful pod is unhealthy`,
  run: async (cluster) => {
    const { client, namespace } = cluster
    using watch = await observeFromNow(cluster, pods, { namespace, labelSelector: `app=${name}` })
    await make(cluster, { ...gated(cluster), replicas: 1 })
    await sayHealthy(cluster, 0, true)
    await awaitReplicas(cluster, 1)
    await sayHealthy(cluster, 0, false)
    await scale(cluster, 3)
    await awaitStatus(cluster, "the controller has seen that three are wanted", ({ spec }) => spec?.replicas === 3)
    expectEqual((await client.list(pods, { namespace, labelSelector: `app=${name}` })).items.length, 1, "pods while one is ill")
    for (const ordinal of [0, 1, 2]) await sayHealthy(cluster, ordinal, true)
    await awaitReplicas(cluster, 3)
    const order = (type: string) =>
      watch.seen.filter((event) => event.type === type).map(({ object }) => object.metadata?.name ?? "")
    expectEqual(order("ADDED"), [`${name}-0`, `${name}-1`, `${name}-2`], "the order in which the pods came")

    for (const ordinal of [0, 1, 2]) await sayHealthy(cluster, ordinal, false)
    await scale(cluster, 0)
    await awaitStatus(cluster, "the controller has seen that none is wanted", ({ spec }) => spec?.replicas === 0)
    expectEqual((await client.list(pods, { namespace, labelSelector: `app=${name}` })).items.length, 3, "pods while all are ill")
    // The last one may go when it alone is ill.
    await tellHealth(cluster, 0, true)
    await tellHealth(cluster, 1, true)
    await awaitReplicas(cluster, 0)
    await cluster.eventually("all pods are gone", async () => order("DELETED").length === 3)
    expectEqual(order("DELETED"), [`${name}-2`, `${name}-1`, `${name}-0`], "the order in which the pods went")
  }
}

const burst: ConformanceTest = {
  name: `${basic} Burst scaling should run to completion even with unhealthy pods`,
  run: async (cluster) => {
    await make(cluster, { ...gated(cluster), replicas: 1, podManagementPolicy: "Parallel" })
    await sayHealthy(cluster, 0, true)
    await awaitReplicas(cluster, 1)
    await sayHealthy(cluster, 0, false)
    await scale(cluster, 3)
    const awaitCount = (count: number) => awaitStatus(cluster, `${count} pods`, ({ status }) => status?.replicas === count)
    await awaitCount(3)
    for (const ordinal of [0, 1, 2]) await sayHealthy(cluster, ordinal, true)
    await awaitReplicas(cluster, 3)
    await sayHealthy(cluster, 0, false)
    await scale(cluster, 0)
    await awaitCount(0)
  }
}

const evicted: ConformanceTest = {
  name: `${basic} Should recreate evicted statefulset`,
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const port = [{ containerPort: 21017, hostPort: 21017, protocol: "TCP" as const }]
    const containers = [{ name: "main", image: cluster.image, ports: port }]
    const { spec } = await runningPod(cluster, "holds-the-port", {}, { containers })
    const nodeName = present(spec?.nodeName, "the node")
    // Put on the node past the scheduler, the pod of the set is refused there as long as the port is held.
    const template = { metadata: { labels: { app: name } }, spec: pauseSpec(cluster, { containers, nodeName }) }
    await make(cluster, { replicas: 1, template })
    const first = await eventually("the set has made its pod", () => unlessGone(podOf(cluster, 0)))
    await eventually("the pod that the node refused is made anew", async () => {
      const pod = await unlessGone(podOf(cluster, 0))
      return pod !== undefined && pod.metadata?.uid !== first.metadata?.uid
    })
    await client.delete(pods, { namespace, name: "holds-the-port" }, { gracePeriodSeconds: 0 })
    await awaitPodGone(cluster, "holds-the-port")
    await awaitReady(cluster, `${name}-0`)
  }
}

const change = ({ client, namespace }: Cluster, to: (spec: StatefulSetSpec) => StatefulSetSpec): Promise<StatefulSet> =>
  retryOnConflict(async () => {
    const current = await client.get(statefulsets, { namespace, name })
    return client.update(statefulsets, { ...current, spec: to(present(current.spec, "spec")) })
  })

const withImage =
  (image: string) =>
  (spec: StatefulSetSpec): StatefulSetSpec => {
    const containers = present(spec.template.spec, "template").containers.map((one) => ({ ...one, image }))
    return { ...spec, template: { ...spec.template, spec: { ...spec.template.spec, containers } } }
  }

const withPartition =
  (partition: number) =>
  (spec: StatefulSetSpec): StatefulSetSpec => ({
    ...spec,
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition } }
  })

/** Waits until the pods from that ordinal on, and only they, are of the set's newest template. */
const awaitUpdatedFrom = async (cluster: Cluster, partition: number, [before, after]: readonly [string, string]) => {
  const set = await awaitStatus(
    cluster,
    `pods from ${partition} on are updated and ready`,
    ({ status }) => status?.readyReplicas === 3 && (partition === 0 || (status.updatedReplicas ?? 0) === 3 - partition)
  )
  await cluster.eventually(`the images of the pods, updated from ${partition} on`, async () => {
    for (const ordinal of [0, 1, 2]) {
      const { metadata, spec } = await podOf(cluster, ordinal)
      const isNew = ordinal >= partition
      expectEqual(spec?.containers[0]?.image, isNew ? after : before, `the image of pod ${ordinal}`)
      const revision = metadata?.labels?.["controller-revision-hash"]
      if (isNew) expectEqual(revision, set.status?.updateRevision, `the revision of pod ${ordinal}`)
    }
    return true
  })
}

const awaitOneRevision = (cluster: Cluster): Promise<StatefulSet> =>
  awaitStatus(
    cluster,
    "the update is complete",
    ({ status }) => status?.readyReplicas === 3 && status.currentRevision === status.updateRevision
  )

const rolling: ConformanceTest = {
  name: `${basic} should perform rolling updates and roll backs of template modifications`,
  run: async (cluster) => {
    await make(cluster)
    await awaitReplicas(cluster, 3)
    const first = await awaitOneRevision(cluster)
    using watch = await observeFromNow(cluster, pods, { namespace: cluster.namespace, labelSelector: `app=${name}` })
    await change(cluster, withImage(otherImage))
    await awaitUpdatedFrom(cluster, 0, [cluster.image, otherImage])
    const second = await awaitOneRevision(cluster)
    expectThat(second.status?.updateRevision !== first.status?.updateRevision, "the template has a revision of its own")
    const went = watch.seen.filter(({ type }) => type === "DELETED").map(({ object }) => object.metadata?.name)
    expectEqual(went, [`${name}-2`, `${name}-1`, `${name}-0`], "the order in which the pods were replaced")
    await change(cluster, withImage(cluster.image))
    await awaitUpdatedFrom(cluster, 0, [otherImage, cluster.image])
    const third = await awaitOneRevision(cluster)
    expectEqual(third.status?.currentRevision, first.status?.currentRevision, "the revision after the roll-back")
  }
}

const canary: ConformanceTest = {
  name: `${basic} should perform canary updates and phased rolling updates of template modifications`,
  run: async (cluster) => {
    const { client, namespace } = cluster
    const images = [cluster.image, otherImage] as const
    await make(cluster)
    await awaitReplicas(cluster, 3)
    await awaitOneRevision(cluster)
    await change(cluster, (spec) => withPartition(3)(withImage(otherImage)(spec)))
    await awaitUpdatedFrom(cluster, 3, images)
    await change(cluster, withPartition(2))
    await awaitUpdatedFrom(cluster, 2, images)
    // Pods that are replaced for another reason come back as the partition says.
    for (const ordinal of [0, 2]) {
      const { metadata } = await podOf(cluster, ordinal)
      await client.delete(pods, { namespace, name: `${name}-${ordinal}` })
      await cluster.eventually(`pod ${ordinal} is another one`, async () => {
        const pod = await unlessGone(podOf(cluster, ordinal))
        return pod !== undefined && pod.metadata?.uid !== metadata?.uid
      })
    }
    await awaitUpdatedFrom(cluster, 2, images)
    for (const partition of [1, 0]) {
      await change(cluster, withPartition(partition))
      await awaitUpdatedFrom(cluster, partition, images)
    }
    await awaitOneRevision(cluster)
  }
}

export const statefulSetTests: ReadonlyArray<ConformanceTest> = [ordered, burst, evicted, rolling, canary]
