/** LimitRanges: what they give to pods, what they refuse, and their own life. @module */
import { type LimitRangeItem, limitranges, pods } from "@tsukube/api/core-v1"
import { observeFromNow } from "../observe.ts"
import { pausePod } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectRefused, present, retryOnConflict, unlessGone } from "../suite.ts"

type Amounts = Readonly<Record<string, string>>

const limits: LimitRangeItem = {
  type: "Container",
  min: { cpu: "50m", memory: "100Mi", "ephemeral-storage": "100Gi" },
  max: { cpu: "500m", memory: "500Mi", "ephemeral-storage": "500Gi" },
  default: { cpu: "500m", memory: "500Mi", "ephemeral-storage": "500Gi" },
  defaultRequest: { cpu: "100m", memory: "200Mi", "ephemeral-storage": "200Gi" }
}

const podOf = (cluster: Cluster, name: string, requests: Amounts, containerLimits: Amounts) => {
  const resources = { requests, limits: containerLimits }
  const nodeSelector = { "conformance.example.com/nowhere": "true" }
  return pausePod(cluster, name, {}, { nodeSelector, containers: [{ name: "main", image: cluster.image, resources }] })
}

const defaults: ConformanceTest = {
  name: "[sig-scheduling] LimitRange should create a LimitRange with defaults and ensure pod has those defaults applied.",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const key = { namespace, name: "limit-range" }
    using watch = await observeFromNow(cluster, limitranges, { namespace })
    await client.create(limitranges, { metadata: key, spec: { limits: [limits] } })
    await watch.next("ADDED", ({ type }) => type === "ADDED")
    const made = async (name: string, requests: Amounts, containerLimits: Amounts) =>
      (await client.create(pods, podOf(cluster, name, requests, containerLimits), { dryRun: true })).spec?.containers[0]
        ?.resources
    // Admission looks into a cache, which may be behind for a moment.
    await eventually("pods get the defaults", async () => {
      const resources = await made("defaults", {}, {})
      expectEqual(
        resources,
        { limits: limits.default, requests: limits.defaultRequest },
        "resources of a pod that asks for nothing"
      )
      return true
    })
    const partial = await made("partial", { cpu: "150m" }, { memory: "300Mi" })
    // A limit without a request is the request too, before any LimitRange is asked.
    expectEqual(
      partial,
      {
        requests: { ...limits.defaultRequest, cpu: "150m", memory: "300Mi" },
        limits: { ...limits.default, memory: "300Mi" }
      },
      "resources of a pod that asks for a part"
    )
    const low = client.create(pods, podOf(cluster, "too-low", { cpu: "10m" }, {}))
    await expectRefused(low, 403, "a pod below the minimum")
    const high = client.create(pods, podOf(cluster, "too-high", {}, { cpu: "600m" }))
    await expectRefused(high, 403, "a pod above the maximum")

    await retryOnConflict(async () => {
      const current = await client.get(limitranges, key)
      const item = { ...limits, min: { cpu: "9m", memory: "100Mi", "ephemeral-storage": "100Gi" } }
      return client.update(limitranges, { ...current, spec: { limits: [item] } })
    })
    await eventually("the new minimum holds", () => made("now-allowed", { cpu: "10m" }, {}))
    await client.delete(limitranges, key)
    await eventually("the range is gone", async () => (await unlessGone(client.get(limitranges, key))) === undefined)
    await eventually("the maximum no longer holds", () => made("unlimited", {}, { cpu: "600m" }))
  }
}

const collection: ConformanceTest = {
  name: "[sig-scheduling] LimitRange should list, patch and delete a LimitRange by collection",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const other = await cluster.anotherNamespace()
    const label = cluster.unique("limits")
    const labelSelector = `limits=${label}`
    const make = (where: string) =>
      client.create(limitranges, {
        metadata: { namespace: where, name: "limits", labels: { limits: label } },
        spec: { limits: [limits] }
      })
    await make(namespace)
    await make(other)
    expectEqual((await client.list(limitranges, { labelSelector })).items.length, 2, "ranges in the list of all namespaces")
    const body = { metadata: { labels: { patched: "true" } }, spec: { limits: [{ ...limits, defaultRequest: { cpu: "150m" } }] } }
    const patched = await client.patch(limitranges, { namespace, name: "limits" }, { type: "merge", body })
    expectEqual(present(patched.spec, "spec").limits[0]?.defaultRequest?.["cpu"], "150m", "the request after the patch")
    await client.deleteCollection(limitranges, { namespace, labelSelector: "patched=true" })
    await eventually("the patched range is gone", async () => {
      const { items } = await client.list(limitranges, { labelSelector })
      return items.map(({ metadata }) => metadata?.namespace).join() === other
    })
  }
}

export const limitRange: ReadonlyArray<ConformanceTest> = [defaults, collection]
