/** Endpoints and EndpointSlices: as objects, and as their controllers write them for Services. @module */
import { type Endpoints, endpoints, type Pod, pods, services } from "@tsukube/api/core-v1"
import { endpointslices } from "@tsukube/api/discovery-v1"
import { observeFromNow } from "../observe.ts"
import { awaitPodGone, runningPod } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectThat, present, unlessGone } from "../suite.ts"

const addressesOf = ({ subsets }: Endpoints): ReadonlyArray<string> =>
  (subsets ?? []).flatMap(({ addresses }) => addresses?.map(({ ip }) => ip) ?? []).sort()

const sliceLabel = (service: string) => `kubernetes.io/service-name=${service}`

const slicesOf = async ({ client, namespace }: Cluster, service: string) =>
  (await client.list(endpointslices, { namespace, labelSelector: sliceLabel(service) })).items

const makeService = ({ client, namespace }: Cluster, name: string, app: string) =>
  client.create(services, {
    metadata: { namespace, name },
    spec: { selector: { app }, ports: [{ name: "http", port: 80, targetPort: 3000, protocol: "TCP" }] }
  })

const awaitEndpoints = ({ client, namespace, eventually }: Cluster, name: string, ips: ReadonlyArray<string>) =>
  eventually(`Endpoints ${name} have ${ips.join(", ") || "no addresses"}`, async () => {
    const object = await client.get(endpoints, { namespace, name })
    expectEqual(addressesOf(object), [...ips].sort(), "addresses")
    return object
  })

const awaitSlices = (cluster: Cluster, name: string, ips: ReadonlyArray<string>) =>
  cluster.eventually(`EndpointSlices of ${name} have ${ips.join(", ") || "no addresses"}`, async () => {
    const slices = await slicesOf(cluster, name)
    expectThat(slices.length > 0, "there is a slice")
    const found = slices.flatMap((slice) => slice.endpoints?.flatMap(({ addresses }) => addresses) ?? [])
    expectEqual(found.sort(), [...ips].sort(), "addresses")
    return slices
  })

const awaitGone = (cluster: Cluster, name: string, what: "Endpoints" | "EndpointSlices") =>
  cluster.eventually(`the ${what} of ${name} are gone`, async () => {
    const { client, namespace } = cluster
    return what === "Endpoints"
      ? (await unlessGone(client.get(endpoints, { namespace, name }))) === undefined
      : (await slicesOf(cluster, name)).length === 0
  })

const ipOf = ({ status }: Pod): string => present(status?.podIP, "the pod's IP")

const noPods = (word: "Endpoints" | "EndpointSlices", name: string): ConformanceTest => ({
  name,
  run: async (cluster) => {
    await makeService(cluster, "empty", "matches-no-pod")
    await (word === "Endpoints" ? awaitEndpoints(cluster, "empty", []) : awaitSlices(cluster, "empty", []))
    await cluster.client.delete(services, { namespace: cluster.namespace, name: "empty" })
    await awaitGone(cluster, "empty", word)
  }
})

const matching = (word: "Endpoints" | "both", name: string): ConformanceTest => ({
  name,
  run: async (cluster) => {
    const { client, namespace } = cluster
    await makeService(cluster, "web", "web")
    const first = await runningPod(cluster, "web-1", { app: "web" })
    const second = await runningPod(cluster, "web-2", { app: "web" })
    await runningPod(cluster, "other", { app: "other" })
    const ips = [ipOf(first), ipOf(second)]
    const object = await awaitEndpoints(cluster, "web", ips)
    expectEqual(
      object.subsets?.map((subset) => subset.ports?.map(({ name: port, port: number }) => `${port} ${number}`)),
      [["http 3000"]],
      "ports of the Endpoints"
    )
    if (word === "both") {
      for (const slice of await awaitSlices(cluster, "web", ips)) {
        expectEqual(slice.addressType, ips[0]?.includes(":") ? "IPv6" : "IPv4", "the address type")
        expectEqual(
          slice.ports?.map(({ name: port, port: number }) => `${port} ${number}`),
          ["http 3000"],
          "ports of the slice"
        )
        for (const { targetRef } of slice.endpoints ?? []) expectEqual(targetRef?.kind, "Pod", "what the endpoint points to")
      }
    }
    await client.delete(pods, { namespace, name: "web-1" }, { gracePeriodSeconds: 0 })
    await awaitPodGone(cluster, "web-1")
    await awaitEndpoints(cluster, "web", [ipOf(second)])
    if (word === "both") await awaitSlices(cluster, "web", [ipOf(second)])
    await client.patch(pods, { namespace, name: "web-2" }, { type: "merge", body: { metadata: { labels: { app: "none" } } } })
    await awaitEndpoints(cluster, "web", [])
    if (word === "both") await awaitSlices(cluster, "web", [])
  }
})

const lifecycle: ConformanceTest = {
  name: "[sig-network] Endpoints should test the lifecycle of an Endpoint",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const key = { namespace, name: "lifecycle" }
    const label = cluster.unique("endpoints")
    using watch = await observeFromNow(cluster, endpoints, { namespace, labelSelector: `life=${label}` })
    const subset = (ip: string, port: number) => ({
      addresses: [{ ip }],
      ports: [{ name: "http", port, protocol: "TCP" as const }]
    })
    await client.create(endpoints, { metadata: { ...key, labels: { life: label } }, subsets: [subset("10.0.0.24", 80)] })
    await watch.next("ADDED", ({ type }) => type === "ADDED")
    expectEqual((await client.list(endpoints, { labelSelector: `life=${label}` })).items.length, 1, "Endpoints in all namespaces")

    const current = await client.get(endpoints, key)
    const metadata = { ...current.metadata, labels: { ...current.metadata?.labels, updated: "true" } }
    await client.update(endpoints, { ...current, metadata })
    await watch.next(
      "the updated label",
      ({ type, object }) => type === "MODIFIED" && object.metadata?.labels?.["updated"] === "true"
    )
    const body = { metadata: { labels: { patched: "true" } }, subsets: [subset("10.0.0.25", 8080)] }
    await client.patch(endpoints, key, { type: "merge", body })
    await watch.next(
      "the patched label",
      ({ type, object }) => type === "MODIFIED" && object.metadata?.labels?.["patched"] === "true"
    )
    const patched = await client.get(endpoints, key)
    expectEqual(addressesOf(patched), ["10.0.0.25"], "addresses after the patch")
    expectEqual(patched.subsets?.[0]?.ports?.[0]?.port, 8080, "the port after the patch")

    await client.deleteCollection(endpoints, { namespace, labelSelector: `life=${label}` })
    await watch.next("DELETED", ({ type }) => type === "DELETED")
    await eventually("the Endpoints are gone", async () => (await unlessGone(client.get(endpoints, key))) === undefined)
  }
}

const mirroring: ConformanceTest = {
  name: "[sig-network] EndpointSliceMirroring should mirror a custom Endpoints resource through create update and delete",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const key = { namespace, name: "custom" }
    await client.create(services, { metadata: key, spec: { ports: [{ name: "example", port: 80, protocol: "TCP" }] } })
    const subset = (ip: string) => ({ addresses: [{ ip }], ports: [{ name: "example", port: 80, protocol: "TCP" as const }] })
    await client.create(endpoints, { metadata: key, subsets: [subset("10.1.2.3")] })
    const [slice] = await awaitSlices(cluster, "custom", ["10.1.2.3"])
    expectEqual(slice?.ports?.[0]?.port, 80, "the port of the mirrored slice")
    await client.patch(endpoints, key, { type: "merge", body: { subsets: [subset("10.2.3.4")] } })
    await awaitSlices(cluster, "custom", ["10.2.3.4"])
    await client.delete(endpoints, key)
    await awaitGone(cluster, "custom", "EndpointSlices")
  }
}

export const endpointTests: ReadonlyArray<ConformanceTest> = [
  noPods(
    "EndpointSlices",
    "[sig-network] EndpointSlice should create and delete EndpointSlices for a Service with a selector that matches no pods"
  ),
  noPods(
    "Endpoints",
    "[sig-network] EndpointsController should create and delete Endpoints for a Service with a selector that matches no pods"
  ),
  matching("both", "[sig-network] EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service"),
  matching("Endpoints", "[sig-network] EndpointsController should create Endpoints for Pods matching a Service"),
  lifecycle,
  mirroring
]
