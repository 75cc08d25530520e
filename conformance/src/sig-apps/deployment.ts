/** Deployments: roll-outs, scale, status and life. @module */
import { type Deployment, type DeploymentSpec, deployments, type ReplicaSet, replicasets } from "@tsukube/api/apps-v1"
import type { Scale } from "@tsukube/api/autoscaling-v1"
import { pods } from "@tsukube/api/core-v1"
import { observeFromNow } from "../observe.ts"
import { awaitReadyPods, pauseSpec } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectThat, present, retryOnConflict, unlessGone } from "../suite.ts"

const deployment = (cluster: Cluster, name: string, more: Partial<DeploymentSpec> = {}): Deployment => ({
  metadata: { namespace: cluster.namespace, name, labels: { "test-deployment": name } },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: pauseSpec(cluster) },
    ...more
  }
})

const specOf = ({ spec }: Deployment): DeploymentSpec => present(spec, "spec")

/** Waits until the deployment's controller has seen the last change and all pods are of it, and available. */
const awaitComplete = ({ client, namespace, eventually }: Cluster, name: string): Promise<Deployment> =>
  eventually(
    `deployment ${name} is complete`,
    async () => {
      const object = await client.get(deployments, { namespace, name })
      const { observedGeneration, replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = object.status ?? {}
      const wanted = specOf(object).replicas
      const seen = { observedGeneration, replicas, updatedReplicas, availableReplicas }
      const complete = { replicas: wanted, updatedReplicas: wanted, availableReplicas: wanted }
      expectEqual(seen, { observedGeneration: object.metadata?.generation, ...complete }, "status")
      return object
    },
    180_000
  )

const change = ({ client, namespace }: Cluster, name: string, to: (spec: DeploymentSpec) => DeploymentSpec) =>
  retryOnConflict(async () => {
    const current = await client.get(deployments, { namespace, name })
    return client.update(deployments, { ...current, spec: to(specOf(current)) })
  })

/** A new pod template without a new image: an environment variable more. */
const newTemplate = (cluster: Cluster, name: string, round: string) =>
  change(cluster, name, (spec) => {
    const containers = present(spec.template.spec, "template").containers.map((one) => ({
      ...one,
      env: [{ name: "ROUND", value: round }]
    }))
    return { ...spec, template: { ...spec.template, spec: { ...spec.template.spec, containers } } }
  })

const replicaSetsOf = async ({ client, namespace }: Cluster, name: string): Promise<ReadonlyArray<ReplicaSet>> =>
  (await client.list(replicasets, { namespace, labelSelector: `app=${name}` })).items

const rolling: ConformanceTest = {
  name: "[sig-apps] Deployment RollingUpdateDeployment should delete old pods and create new ones",
  run: async (cluster) => {
    const { client, namespace } = cluster
    // Pods of a ReplicaSet that was there before are taken over and then replaced.
    const name = "rolling"
    const { spec } = deployment(cluster, name)
    const { selector, template } = present(spec, "spec")
    const labels = { app: name, "pre-existing": "true" }
    await client.create(replicasets, {
      metadata: { namespace, name: "rolling-before", labels },
      spec: { replicas: 1, selector, template: { ...template, metadata: { labels } } }
    })
    await awaitReadyPods(cluster, `app=${name}`, 1)
    await client.create(deployments, deployment(cluster, name, { strategy: { type: "RollingUpdate" } }))
    await awaitComplete(cluster, name)
    const [pod] = await awaitReadyPods(cluster, `app=${name}`, 1)
    expectEqual(pod?.metadata?.labels?.["pre-existing"], undefined, "the label of the old pod on the new one")
    const before = await client.get(replicasets, { namespace, name: "rolling-before" })
    expectEqual(before.spec?.replicas, 0, "replicas of the old ReplicaSet")
    expectEqual(before.metadata?.ownerReferences?.[0]?.name, name, "the owner of the old ReplicaSet")
  }
}

const recreate: ConformanceTest = {
  name: "[sig-apps] Deployment RecreateDeployment should delete old pods and create new ones",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const name = "recreated"
    await client.create(deployments, deployment(cluster, name, { strategy: { type: "Recreate" } }))
    await awaitComplete(cluster, name)
    using watch = await observeFromNow(cluster, pods, { namespace, labelSelector: `app=${name}` })
    await newTemplate(cluster, name, "two")
    await awaitComplete(cluster, name)
    // New pods only come when no old one runs any more, so the two never run at once.
    const running = new Set<string>()
    for (const { type, object } of watch.seen) {
      const hash = object.metadata?.labels?.["pod-template-hash"] ?? ""
      if (type === "DELETED" || object.metadata?.deletionTimestamp !== undefined) running.delete(hash)
      else if (object.status?.phase === "Running") running.add(hash)
      expectThat(running.size <= 1, `pods of two templates run at once: ${[...running].join(", ")}`)
    }
  }
}

const oldReplicaSets: ConformanceTest = {
  name: "[sig-apps] Deployment deployment should delete old replica sets",
  run: async (cluster) => {
    const name = "cleanup"
    await cluster.client.create(deployments, deployment(cluster, name, { revisionHistoryLimit: 0 }))
    await awaitComplete(cluster, name)
    await newTemplate(cluster, name, "two")
    await awaitComplete(cluster, name)
    await cluster.eventually("only the new ReplicaSet is left", async () => (await replicaSetsOf(cluster, name)).length === 1)
  }
}

const rollover: ConformanceTest = {
  name: "[sig-apps] Deployment deployment should support rollover",
  run: async (cluster) => {
    const { client } = cluster
    const name = "rollover"
    const strategy = { type: "RollingUpdate" as const, rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }
    await client.create(deployments, deployment(cluster, name, { strategy, minReadySeconds: 3 }))
    await cluster.eventually("the first ReplicaSet is there", async () => (await replicaSetsOf(cluster, name)).length === 1)
    // The second template comes before the first one is rolled out, the third before the second.
    await newTemplate(cluster, name, "two")
    await cluster.eventually("the second ReplicaSet is there", async () => (await replicaSetsOf(cluster, name)).length === 2)
    await newTemplate(cluster, name, "three")
    await awaitComplete(cluster, name)
    const sizes = (await replicaSetsOf(cluster, name)).map(({ spec }) => [
      spec?.template?.spec?.containers[0]?.env?.[0]?.value ?? "one",
      spec?.replicas
    ])
    expectEqual(Object.fromEntries(sizes), { one: 0, two: 0, three: 1 }, "replicas by template")
  }
}

const proportional: ConformanceTest = {
  name: "[sig-apps] Deployment deployment should support proportional scaling",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const name = "proportional"
    const strategy = { type: "RollingUpdate" as const, rollingUpdate: { maxUnavailable: 2, maxSurge: 3 } }
    await client.create(deployments, deployment(cluster, name, { replicas: 10, strategy }))
    await awaitComplete(cluster, name)
    // A template whose pods no node takes: the roll-out stays in the middle, with 8 old pods and 5 new ones.
    await change(cluster, name, (spec) => ({
      ...spec,
      template: {
        ...spec.template,
        spec: { ...present(spec.template.spec, "template"), nodeSelector: { "conformance.example.com/nowhere": "true" } }
      }
    }))
    const sizes = async () => {
      const sets = await replicaSetsOf(cluster, name)
      return sets.map(({ spec }) => spec?.replicas ?? 0).sort((a, b) => b - a)
    }
    await eventually("the roll-out is in the middle", async () => {
      expectEqual(await sizes(), [8, 5], "replicas of the old and the new ReplicaSet")
      return true
    })
    await client.patch(deployments, { namespace, name }, { type: "merge", body: { spec: { replicas: 30 } } })
    await eventually("the new pods are shared out in proportion", async () => {
      expectEqual(await sizes(), [20, 13], "replicas of the old and the new ReplicaSet")
      return true
    })
  }
}

const scale: ConformanceTest = {
  name: "[sig-apps] Deployment Deployment should have a working scale subresource",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const key = { namespace, name: "scaled" }
    await client.create(deployments, deployment(cluster, key.name))
    await awaitComplete(cluster, key.name)
    const current = await client.getSubresource<Scale>(deployments, key, "scale")
    expectEqual([current.kind, current.spec?.replicas, current.status?.replicas], ["Scale", 1, 1], "the scale")
    const { metadata } = current
    const body = { ...current, metadata: { ...metadata, resourceVersion: "" }, spec: { replicas: 2 } }
    const updated = await client.updateSubresource<Scale>(deployments, key, "scale", body)
    expectEqual(updated.spec?.replicas, 2, "replicas after the update of the scale")
    expectEqual((await awaitComplete(cluster, key.name)).spec?.replicas, 2, "replicas of the deployment")
    await client.patch(deployments, key, { type: "merge", body: { spec: { replicas: 4 } } }, { subresource: "scale" })
    expectEqual((await client.get(deployments, key)).spec?.replicas, 4, "replicas after the patch of the scale")
    await awaitComplete(cluster, key.name)
  }
}

const condition = (type: string) => ({ type, status: "True" as const, reason: "E2E", message: "Set by the test" })

const status: ConformanceTest = {
  name: "[sig-apps] Deployment should validate Deployment Status endpoints",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const key = { namespace, name: "status" }
    await client.create(deployments, deployment(cluster, key.name))
    await awaitComplete(cluster, key.name)
    const read = await client.get(deployments, key, { subresource: "status" })
    expectThat((read.status?.conditions?.length ?? 0) > 0, "the status subresource shows conditions")
    using watch = await observeFromNow(cluster, deployments, { namespace })
    await retryOnConflict(async () => {
      const current = await client.get(deployments, key)
      const conditions = [...(current.status?.conditions ?? []), condition("StatusUpdate")]
      return client.updateStatus(deployments, { ...current, status: { ...current.status, conditions } })
    })
    const has = (type: string) => (one: { object: Deployment }) =>
      one.object.status?.conditions?.some((other) => other.type === type) === true
    await watch.next("the updated status", has("StatusUpdate"))
    const body = { status: { conditions: [condition("StatusPatched")] } }
    await client.patch(deployments, key, { type: "merge", body }, { subresource: "status" })
    await watch.next("the patched status", has("StatusPatched"))
  }
}

const lifecycle: ConformanceTest = {
  name: "[sig-apps] Deployment should run the lifecycle of a Deployment",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const key = { namespace, name: "test-deployment" }
    const label = cluster.unique("life")
    const labelSelector = `life=${label}`
    using watch = await observeFromNow(cluster, deployments, { namespace, labelSelector })
    const made = deployment(cluster, key.name, { replicas: 2 })
    await client.create(deployments, { ...made, metadata: { ...made.metadata, labels: { life: label } } })
    await watch.next("ADDED", ({ type }) => type === "ADDED")
    await watch.next("all replicas are ready", ({ object }) => object.status?.readyReplicas === 2, 180_000)

    const body = { metadata: { labels: { patched: "true" } }, spec: { replicas: 1 } }
    await client.patch(deployments, key, { type: "strategic", body })
    await watch.next("the patched label", ({ object }) => object.metadata?.labels?.["patched"] === "true")
    await awaitComplete(cluster, key.name)
    const { items } = await client.list(deployments, { labelSelector })
    expectEqual(
      items.map(({ metadata, spec }) => [metadata?.name, spec?.replicas]),
      [["test-deployment", 1]],
      "the deployment in the list of all namespaces"
    )
    await change(cluster, key.name, (spec) => ({ ...spec, replicas: 2 }))
    await watch.next("two replicas are ready again", ({ object }) => object.status?.readyReplicas === 2, 180_000)
    const statusBody = { status: { readyReplicas: 0, availableReplicas: 0 } }
    await client.patch(deployments, key, { type: "merge", body: statusBody }, { subresource: "status" })
    await watch.next("the patched status", ({ object }) => (object.status?.readyReplicas ?? 0) === 0)
    await awaitComplete(cluster, key.name)
    await client.deleteCollection(deployments, { namespace, labelSelector })
    await watch.next("DELETED", ({ type }) => type === "DELETED")
    await eventually("it is gone", async () => (await unlessGone(client.get(deployments, key))) === undefined)
  }
}

export const deploymentTests: ReadonlyArray<ConformanceTest> = [
  rolling,
  recreate,
  oldReplicaSets,
  rollover,
  proportional,
  scale,
  status,
  lifecycle
]
