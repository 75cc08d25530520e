/** ResourceQuota: what it counts of a namespace, and its own life. @module */
import type { Resource } from "@tsukube/api"
import { replicasets } from "@tsukube/api/apps-v1"
import {
  configmaps,
  pods,
  type ResourceQuota,
  replicationcontrollers,
  resourcequotas,
  secrets,
  services
} from "@tsukube/api/core-v1"
import { observeFromNow } from "../observe.ts"
import { pauseSpec } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectRefused, present, retryOnConflict, unlessGone } from "../suite.ts"

type Amounts = Readonly<Record<string, string>>

const makeQuota = ({ client, namespace }: Cluster, hard: Amounts, name = "quota"): Promise<ResourceQuota> =>
  client.create(resourcequotas, { metadata: { namespace, name }, spec: { hard } })

const awaitUsed = ({ client, namespace, eventually }: Cluster, used: Amounts, name = "quota"): Promise<unknown> =>
  eventually(`the quota says it uses ${JSON.stringify(used)}`, async () => {
    const { status } = await client.get(resourcequotas, { namespace, name })
    const counted = Object.fromEntries(Object.keys(used).map((resource) => [resource, status?.used?.[resource]]))
    expectEqual(counted, used, "status.used")
    return true
  })

/** What a namespace has of a resource before the test makes any: root certificates, tokens. */
const alreadyThere = async ({ client, namespace, eventually }: Cluster, resource: Resource): Promise<number> => {
  await eventually("the root certificate", () => unlessGone(client.get(configmaps, { namespace, name: "kube-root-ca.crt" })))
  return (await client.list(resource, { namespace })).items.length
}

const ensureStatus: ConformanceTest = {
  name: "[sig-api-machinery] ResourceQuota should create a ResourceQuota and ensure its status is promptly calculated.",
  run: async (cluster) => {
    await makeQuota(cluster, { pods: "5", services: "10" })
    await awaitUsed(cluster, { pods: "0", services: "0" })
  }
}

interface Counted {
  readonly word: string
  readonly resource: Resource
  /** Of the quota: the amounts of one object. */
  readonly amounts: Amounts
  readonly spec: (cluster: Cluster) => Readonly<Record<string, unknown>>
}

const counted: ReadonlyArray<Counted> = [
  { word: "configMap", resource: configmaps, amounts: { configmaps: "1" }, spec: () => ({}) },
  { word: "secret", resource: secrets, amounts: { secrets: "1" }, spec: () => ({}) },
  {
    word: "service",
    resource: services,
    amounts: { services: "1", "services.nodeports": "1" },
    spec: () => ({ spec: { type: "NodePort", ports: [{ port: 80 }] } })
  },
  {
    word: "pod",
    resource: pods,
    amounts: { pods: "1", "requests.cpu": "500m", "requests.memory": "252Mi" },
    spec: ({ image }) => ({
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: "main", image, resources: { requests: { cpu: "500m", memory: "252Mi" } } }]
      }
    })
  },
  {
    word: "replica set",
    resource: replicasets,
    amounts: { "count/replicasets.apps": "1" },
    spec: (cluster) => ({
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: "quota" } },
        template: { metadata: { labels: { app: "quota" } }, spec: pauseSpec(cluster) }
      }
    })
  },
  {
    word: "replication controller",
    resource: replicationcontrollers,
    amounts: { replicationcontrollers: "1" },
    spec: (cluster) => ({
      spec: {
        replicas: 0,
        selector: { app: "quota" },
        template: { metadata: { labels: { app: "quota" } }, spec: pauseSpec(cluster) }
      }
    })
  }
]

/** A quota that has room for one more: the first object counts, the second is refused, a deleted one gives its room back. */
const captures = ({ word, resource, amounts, spec }: Counted): ConformanceTest => ({
  name: `[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a ${word}.`,
  run: async (cluster) => {
    const { client, namespace } = cluster
    const before = await alreadyThere(cluster, resource)
    const plus = (amount: string) => (before === 0 ? amount : String(before + Number(amount)))
    const free = Object.fromEntries(Object.entries(amounts).map(([name]) => [name, String(before)]))
    const full = Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, plus(amount)]))
    await makeQuota(cluster, full)
    await awaitUsed(cluster, free)
    const make = (name: string) => client.create(resource, { metadata: { namespace, name }, ...spec(cluster) })
    await make("counted")
    await awaitUsed(cluster, full)
    const refusal = await expectRefused(make("too-many"), 403, "one more than the quota allows")
    expectEqual(refusal.message.includes("exceeded quota: quota"), true, `the quota is named in: ${refusal.message}`)
    await client.delete(resource, { namespace, name: "counted" })
    await awaitUsed(cluster, free)
  }
})

const updateAndDelete: ConformanceTest = {
  name: "[sig-api-machinery] ResourceQuota should be able to update and delete ResourceQuota.",
  run: async ({ client, namespace, eventually }) => {
    const key = { namespace, name: "quota" }
    await client.create(resourcequotas, { metadata: key, spec: { hard: { cpu: "1", memory: "500Mi" } } })
    expectEqual((await client.get(resourcequotas, key)).spec?.hard, { cpu: "1", memory: "500Mi" }, "the limits as created")
    await retryOnConflict(async () => {
      const current = await client.get(resourcequotas, key)
      return client.update(resourcequotas, { ...current, spec: { hard: { cpu: "2", memory: "1Gi" } } })
    })
    expectEqual((await client.get(resourcequotas, key)).spec?.hard, { cpu: "2", memory: "1Gi" }, "the limits after the update")
    await client.delete(resourcequotas, key)
    await eventually("the quota is gone", async () => (await unlessGone(client.get(resourcequotas, key))) === undefined)
  }
}

const lifecycle: ConformanceTest = {
  name: "[sig-api-machinery] ResourceQuota should manage the lifecycle of a ResourceQuota",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const name = "lifecycle"
    const labelSelector = `life=${namespace}`
    await client.create(resourcequotas, {
      metadata: { namespace, name, labels: { life: namespace } },
      spec: { hard: { pods: "5" } }
    })
    const all = await client.list(resourcequotas, { labelSelector })
    expectEqual(all.items.length, 1, "quotas in the list of all namespaces")
    const patched = await client.patch(
      resourcequotas,
      { namespace, name },
      { type: "strategic", body: { metadata: { labels: { [name]: "patched" } }, spec: { hard: { memory: "750Mi" } } } }
    )
    expectEqual(patched.spec?.hard, { memory: "750Mi", pods: "5" }, "the limits after the patch")
    expectEqual(patched.metadata?.labels?.[name], "patched", "the label after the patch")
    await client.deleteCollection(resourcequotas, { namespace, labelSelector })
    await eventually("the quota is gone", async () => (await client.list(resourcequotas, { labelSelector })).items.length === 0)
  }
}

const status: ConformanceTest = {
  name: "[sig-api-machinery] ResourceQuota should apply changes to a resourcequota status",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const key = { namespace, name: "quota" }
    await makeQuota(cluster, { cpu: "1", memory: "500Mi" })
    await eventually("the quota has a status", async () => (await client.get(resourcequotas, key)).status?.hard !== undefined)
    using watch = await observeFromNow(cluster, resourcequotas, { namespace })
    const written = await retryOnConflict(async () => {
      const current = await client.get(resourcequotas, key)
      return client.updateStatus(resourcequotas, {
        ...current,
        status: { ...current.status, hard: { cpu: "111m", memory: "1Gi" } }
      })
    })
    expectEqual(written.status?.hard, { cpu: "111m", memory: "1Gi" }, "status.hard after the update")
    expectEqual(written.spec?.hard, { cpu: "1", memory: "500Mi" }, "spec.hard after the update of the status")
    await watch.next("the updated status", ({ object }) => object.status?.hard?.["cpu"] === "111m")
    const body = { status: { hard: { cpu: "222m", memory: "2Gi" } } }
    const patched = await client.patch(resourcequotas, key, { type: "merge", body }, { subresource: "status" })
    expectEqual(patched.status?.hard, { cpu: "222m", memory: "2Gi" }, "status.hard after the patch")
    const read = await client.get(resourcequotas, key, { subresource: "status" })
    present(read.status?.hard, "status.hard of the status subresource")
  }
}

export const resourceQuota: ReadonlyArray<ConformanceTest> = [
  ensureStatus,
  ...counted.map(captures),
  updateAndDelete,
  lifecycle,
  status
]
