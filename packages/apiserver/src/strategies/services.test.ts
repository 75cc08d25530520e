import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { makeMemory, Store } from "@tsukube/store"
import { Layer } from "effect"
import { type Answer, type Running, startServer } from "../testing/server.ts"

const options = { serviceCidr: "10.0.0.0/27", nodePortRange: { from: 30000, to: 30009 } }
const path = "/api/v1/namespaces/default/services"
const merge = { headers: { "content-type": "application/merge-patch+json" } }

let first: Running
let second: Running
beforeAll(async () => {
  const shared = Layer.succeed(Store, makeMemory())
  first = await startServer(options, shared)
  second = await startServer(options, shared)
})
afterAll(async () => {
  await first.close()
  await second.close()
})

const service = (name: string, spec: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
  kind: "Service",
  apiVersion: "v1",
  metadata: { name },
  spec: { ports: [{ port: 80 }], selector: { app: name }, ...spec }
})

const addresses = async (): Promise<ReadonlyArray<string>> =>
  (await first.json("GET", "/apis/networking.k8s.io/v1/ipaddresses")).items.map((item: Answer) => item.metadata.name)

test("the kubernetes Service has the first address", async () => {
  const kubernetes = await first.json("GET", `${path}/kubernetes`)
  expect(kubernetes.spec).toMatchObject({ clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.1"], ipFamilies: ["IPv4"] })
  expect(await addresses()).toEqual(["10.0.0.1"])
  expect((await first.json("GET", "/apis/networking.k8s.io/v1/servicecidrs/kubernetes")).spec.cidrs).toEqual(["10.0.0.0/27"])
})

describe("a Service", () => {
  test("gets an address and gives it back", async () => {
    const made = await first.json("POST", path, service("web"))
    expect(made.spec).toMatchObject({ type: "ClusterIP", ipFamilyPolicy: "SingleStack", internalTrafficPolicy: "Cluster" })
    expect(made.spec.clusterIPs).toEqual([made.spec.clusterIP])
    expect(await addresses()).toContain(made.spec.clusterIP)
    const patched = await first.json("PATCH", `${path}/web`, { spec: { ports: [{ port: 81 }] } }, merge)
    expect(patched.spec.clusterIP).toBe(made.spec.clusterIP)
    await first.json("DELETE", `${path}/web`)
    expect(await addresses()).not.toContain(made.spec.clusterIP)
  })

  test("is replaced without its address and keeps it", async () => {
    const made = await first.json("POST", path, service("kept"))
    const put = await first.json("PUT", `${path}/kept`, service("kept", { ports: [{ port: 90 }] }))
    expect(put.spec.clusterIP).toBe(made.spec.clusterIP)
    await first.json("DELETE", `${path}/kept`)
  })

  test("may ask for an address of the range that is free", async () => {
    const made = await first.json("POST", path, service("asked", { clusterIP: "10.0.0.7" }))
    expect(made.spec.clusterIPs).toEqual(["10.0.0.7"])
    const taken = await second.json("POST", path, service("late", { clusterIP: "10.0.0.7" }), { code: 422 })
    expect(taken.message).toContain("failed to allocate IP 10.0.0.7: provided IP is already allocated")
    const outside = await first.json("POST", path, service("far", { clusterIP: "10.1.0.7" }), { code: 422 })
    expect(outside.message).toContain("is not in the valid range. The range of valid IPs is 10.0.0.0/27")
    await first.json("DELETE", `${path}/asked`)
  })

  test("without an address of its own has none", async () => {
    const headless = await first.json("POST", path, service("headless", { clusterIP: "None" }))
    expect(headless.spec).toMatchObject({ clusterIP: "None", clusterIPs: ["None"] })
    const external = await first.json("POST", path, service("external", { type: "ExternalName", externalName: "example.com" }))
    expect(external.spec.clusterIP).toBeUndefined()
    expect(await addresses()).toEqual(["10.0.0.1"])
    await first.json("DELETE", `${path}/headless`)
    await first.json("DELETE", `${path}/external`)
  })

  test("gets node ports, keeps them, and gives them back when its type changes", async () => {
    const made = await first.json("POST", path, service("nodes", { type: "NodePort" }))
    const { nodePort } = made.spec.ports[0]
    expect(nodePort).toBeGreaterThanOrEqual(30000)
    expect(nodePort).toBeLessThanOrEqual(30009)
    const taken = await second.json("POST", path, service("same", { type: "NodePort", ports: [{ port: 1, nodePort }] }), {
      code: 422
    })
    expect(taken.message).toContain("provided port is already allocated")
    const plain = await first.json("PATCH", `${path}/nodes`, { spec: { type: "ClusterIP" } }, merge)
    expect(plain.spec.ports[0].nodePort).toBeUndefined()
    const free = await second.json("POST", path, service("same", { type: "NodePort", ports: [{ port: 1, nodePort }] }))
    expect(free.spec.ports[0].nodePort).toBe(nodePort)
    await first.json("DELETE", `${path}/nodes`)
    await first.json("DELETE", `${path}/same`)
  })
})

test("two servers never give one address or port twice, and the last one is found", async () => {
  const names = Array.from({ length: 10 }, (_, i) => `many-${i}`)
  const made = await Promise.all(
    names.map((name, i) => (i % 2 === 0 ? first : second).json("POST", path, service(name, { type: "NodePort" })))
  )
  expect(new Set(made.map(({ spec }) => spec.clusterIP)).size).toBe(10)
  expect(new Set(made.map(({ spec }) => spec.ports[0].nodePort)).size).toBe(10)
  const full = await first.json("POST", path, service("eleven", { type: "NodePort" }), { code: 422 })
  expect(full.message).toContain("range is full")
  expect(await addresses()).toHaveLength(11)
  await Promise.all(names.map((name) => second.json("DELETE", `${path}/${name}`)))
  expect(await addresses()).toEqual(["10.0.0.1"])
})

describe("a cluster with two ranges", () => {
  test("gives both families to those who want them, and says where it is", async () => {
    const server = await startServer({
      serviceCidr: "10.0.0.0/24,fd00::/120",
      advertise: { address: "192.0.2.7", port: 6443 }
    })
    const one = await server.json("POST", path, service("one"))
    expect(one.spec.ipFamilies).toEqual(["IPv4"])
    const both = await server.json("POST", path, service("both", { ipFamilyPolicy: "PreferDualStack" }))
    expect(both.spec.ipFamilies).toEqual(["IPv4", "IPv6"])
    expect(both.spec.clusterIPs[1]).toStartWith("fd00::")
    const sixth = await server.json("POST", path, service("sixth", { ipFamilies: ["IPv6"] }))
    expect(sixth.spec.clusterIP).toStartWith("fd00::")
    const less = await server.json(
      "PATCH",
      `${path}/both`,
      { spec: { ipFamilyPolicy: "SingleStack", ipFamilies: ["IPv4"], clusterIPs: [both.spec.clusterIP] } },
      merge
    )
    expect(less.spec.clusterIPs).toEqual([both.spec.clusterIP])
    const endpoints = await server.json("GET", "/api/v1/namespaces/default/endpoints/kubernetes")
    expect(endpoints.subsets).toEqual([
      { addresses: [{ ip: "192.0.2.7" }], ports: [{ name: "https", port: 6443, protocol: "TCP" }] }
    ])
    const slice = await server.json("GET", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes")
    expect(slice.endpoints[0].addresses).toEqual(["192.0.2.7"])
    await server.close()
  })

  test("of one family refuses the other", async () => {
    const refused = await first.json("POST", path, service("six", { ipFamilies: ["IPv6"] }), { code: 422 })
    expect(refused.message).toContain('spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster')
    const dual = await first.json("POST", path, service("dual", { ipFamilyPolicy: "RequireDualStack" }), { code: 422 })
    expect(dual.message).toContain("this cluster is not configured for dual-stack services")
  })
})

test("a Service that becomes an ExternalName gives everything back", async () => {
  const server = await startServer()
  const path = "/api/v1/namespaces/default/services"
  const spec = { type: "NodePort", selector: { a: "b" }, ports: [{ port: 80 }] }
  for (const [name, change] of [
    ["kept", {}],
    ["cleared", { clusterIP: "", clusterIPs: undefined }]
  ] as const) {
    const made = await server.json("POST", path, { metadata: { name }, spec })
    const next = { ...made, spec: { ...made.spec, ...change, type: "ExternalName", externalName: "example.com" } }
    const external = await server.json("PUT", `${path}/${name}`, next)
    expect(Object.keys(external.spec).sort()).not.toContain("ipFamilies")
    expect(external.spec.ports[0].nodePort).toBeUndefined()
    expect((await server.send("GET", `/apis/networking.k8s.io/v1/ipaddresses/${made.spec.clusterIP}`)).status).toBe(404)
  }
  await server.close()
})
