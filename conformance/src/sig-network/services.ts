/** Services as objects: their life, their status, changes of their type. @module */
import { endpoints, type Service, type ServiceSpec, services } from "@tsukube/api/core-v1"
import { endpointslices } from "@tsukube/api/discovery-v1"
import { observeFromNow } from "../observe.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectThat, present, retryOnConflict, unlessGone } from "../suite.ts"

const ports = [{ name: "http", port: 80, protocol: "TCP" as const, targetPort: 9376 }]

const update = ({ client, namespace }: Cluster, name: string, spec: (current: ServiceSpec) => ServiceSpec): Promise<Service> =>
  retryOnConflict(async () => {
    const current = await client.get(services, { namespace, name })
    return client.update(services, { ...current, spec: spec(current.spec ?? {}) })
  })

const expectExternal = ({ spec }: Service): void => {
  expectEqual(spec?.type, "ExternalName", "the type")
  expectEqual(spec?.clusterIP || "none", "none", "the cluster IP of an external name")
  expectEqual((spec?.ports ?? []).filter(({ nodePort }) => nodePort).length, 0, "node ports of an external name")
}

const expectClusterIp = ({ spec }: Service): void => {
  expectThat(/^[0-9a-f.:]+$/.test(spec?.clusterIP ?? ""), `a cluster IP: ${spec?.clusterIP}`)
  expectEqual(spec?.clusterIPs?.[0], spec?.clusterIP, "the first of the cluster IPs")
  expectThat(!spec?.externalName, "no external name is left")
}

const expectNodePort = (service: Service): void => {
  expectEqual(service.spec?.type, "NodePort", "the type")
  expectClusterIp(service)
  for (const { port, nodePort } of service.spec?.ports ?? []) expectThat((nodePort ?? 0) > 0, `port ${port} has a node port`)
}

// An ExternalName has no addresses of its own; an update must give the old ones up.
const toExternalName = (cluster: Cluster, name: string) =>
  update(cluster, name, ({ selector, clusterIP: _, clusterIPs: __, ports: ___, ...rest }) => ({
    ...rest,
    type: "ExternalName",
    externalName: "backend.conformance.example.com"
  }))

const typeChange = (from: string, to: string, run: (cluster: Cluster) => Promise<void>): ConformanceTest => ({
  name: `[sig-network] Services should be able to change the type from ${from} to ${to}`,
  run
})

const makeService = ({ client, namespace }: Cluster, spec: ServiceSpec): Promise<Service> =>
  client.create(services, { metadata: { namespace, name: "changing" }, spec })

const fromExternalName: ServiceSpec = { type: "ExternalName", externalName: "backend.conformance.example.com" }

const typeChanges: ReadonlyArray<ConformanceTest> = [
  typeChange("ExternalName", "ClusterIP", async (cluster) => {
    expectExternal(await makeService(cluster, fromExternalName))
    const changed = await update(cluster, "changing", ({ externalName: _, ...rest }) => ({ ...rest, type: "ClusterIP", ports }))
    expectEqual(changed.spec?.type, "ClusterIP", "the type")
    expectClusterIp(changed)
  }),
  typeChange("ExternalName", "NodePort", async (cluster) => {
    expectExternal(await makeService(cluster, fromExternalName))
    expectNodePort(await update(cluster, "changing", ({ externalName: _, ...rest }) => ({ ...rest, type: "NodePort", ports })))
  }),
  typeChange("ClusterIP", "ExternalName", async (cluster) => {
    expectClusterIp(await makeService(cluster, { type: "ClusterIP", ports }))
    expectExternal(await toExternalName(cluster, "changing"))
  }),
  typeChange("NodePort", "ExternalName", async (cluster) => {
    expectNodePort(await makeService(cluster, { type: "NodePort", ports }))
    expectExternal(await toExternalName(cluster, "changing"))
  })
]

const statusLifecycle: ConformanceTest = {
  name: "[sig-network] Services should complete a service status lifecycle",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const key = { namespace, name: "status" }
    using watch = await observeFromNow(cluster, services, { namespace })
    const spec: ServiceSpec = { type: "LoadBalancer", loadBalancerClass: "conformance.example.com/nobody", ports }
    await client.create(services, { metadata: { ...key, labels: { life: "status" } }, spec })
    await watch.next("ADDED", ({ type }) => type === "ADDED")
    const all = await client.list(services, { labelSelector: "life=status", fieldSelector: `metadata.namespace=${namespace}` })
    expectEqual(all.items.length, 1, "services in the list of all namespaces")

    const read = await client.get(services, key, { subresource: "status" })
    expectEqual(read.status?.loadBalancer, {}, "the load balancer before anybody set it")
    const patch = {
      metadata: { annotations: { patchedstatus: "true" } },
      status: { loadBalancer: { ingress: [{ ip: "203.0.113.1" }] } }
    }
    const patched = await client.patch(services, key, { type: "merge", body: patch }, { subresource: "status" })
    expectEqual(patched.status?.loadBalancer?.ingress?.[0]?.ip, "203.0.113.1", "the address after the patch of the status")
    await watch.next("the patched status", ({ object }) => object.status?.loadBalancer?.ingress?.[0]?.ip === "203.0.113.1")
    const updated = await retryOnConflict(async () => {
      const current = await client.get(services, key)
      const condition = {
        type: "StatusUpdate",
        status: "True" as const,
        reason: "Conformance",
        message: "set from the test",
        lastTransitionTime: "2026-01-01T00:00:00Z"
      }
      return client.updateStatus(services, { ...current, status: { ...current.status, conditions: [condition] } })
    })
    expectEqual(updated.status?.conditions?.[0]?.type, "StatusUpdate", "the condition after the update of the status")
    await watch.next("the updated status", ({ object }) => object.status?.conditions?.[0]?.type === "StatusUpdate")

    const labels = { metadata: { labels: { "test-service": "patched" } } }
    const relabelled = await client.patch(services, key, { type: "strategic", body: labels })
    expectEqual(relabelled.metadata?.labels?.["test-service"], "patched", "the label after the patch")
    await client.delete(services, key)
    await eventually("the service is gone", async () => (await unlessGone(client.get(services, key))) === undefined)
    await watch.next("DELETED", ({ type }) => type === "DELETED")
  }
}

const deleteCollection: ConformanceTest = {
  name: "[sig-network] Services should delete a collection of services",
  run: async ({ client, namespace, eventually }) => {
    const make = (name: string, label: string) =>
      client.create(services, { metadata: { namespace, name, labels: { group: label } }, spec: { ports } })
    await make("one", "deleted")
    await make("two", "deleted")
    await make("three", "kept")
    await client.deleteCollection(services, { namespace, labelSelector: "group=deleted" })
    await eventually("the services with the label are gone", async () => {
      const { items } = await client.list(services, { namespace })
      return items.map(({ metadata }) => metadata?.name).join() === "three"
    })
  }
}

const listed: ConformanceTest = {
  name: "[sig-network] Services should find a service from listing all namespaces",
  run: async ({ client }) => {
    const { items } = await client.list(services)
    const found = items.some(({ metadata }) => metadata?.name === "kubernetes" && metadata.namespace === "default")
    expectThat(found, "default/kubernetes is in the list of all namespaces")
  }
}

const masterService: ConformanceTest = {
  name: "[sig-network] API Server should provide secure master service",
  run: async ({ client }) => {
    const { spec } = await client.get(services, { namespace: "default", name: "kubernetes" })
    expectEqual(
      spec?.ports?.map(({ name, port, protocol }) => ({ name, port, protocol })),
      [{ name: "https", port: 443, protocol: "TCP" }],
      "ports of the service"
    )
  }
}

const serverEndpoints: ConformanceTest = {
  name: "[sig-network] API Server should have Endpoints and EndpointSlices pointing to API Server",
  run: async ({ client }) => {
    const namespace = "default"
    const { subsets } = await client.get(endpoints, { namespace, name: "kubernetes" })
    const subset = present(subsets?.[0], "a subset of the Endpoints")
    const addresses = subset.addresses?.map(({ ip }) => ip) ?? []
    expectThat(addresses.length > 0, "the Endpoints have an address")
    expectEqual(subset.ports?.[0]?.name, "https", "the port of the Endpoints")
    const { items } = await client.list(endpointslices, { namespace, labelSelector: "kubernetes.io/service-name=kubernetes" })
    expectThat(items.length > 0, "the service has an EndpointSlice")
    const slices = items.flatMap((one) => one.endpoints?.flatMap((endpoint) => endpoint.addresses) ?? [])
    for (const address of addresses) expectThat(slices.includes(address), `${address} is in the slices: ${slices.join(", ")}`)
    const port = subset.ports?.[0]?.port
    expectThat(
      items.every((one) => one.ports?.some((other) => other.port === port)),
      `every slice has port ${port}`
    )
  }
}

export const serviceTests: ReadonlyArray<ConformanceTest> = [
  ...typeChanges,
  statusLifecycle,
  deleteCollection,
  listed,
  masterService,
  serverEndpoints
]
