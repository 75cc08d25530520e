import { expect, test } from "bun:test"
import { type ProxyNode, proxyState, type ServicePortState } from "./state.ts"
import { here, leaving, service, slice } from "./testing/objects.ts"

const node: ProxyNode = { name: "node-1", zone: "west" }
const only = (...parameters: Parameters<typeof proxyState>): ServicePortState => proxyState(...parameters).ports[0]!
const clusterIps = (port: ServicePortState): ReadonlyArray<string> => port.clusterEndpoints.map((endpoint) => endpoint.ip)
const localIps = (port: ServicePortState): ReadonlyArray<string> => port.localEndpoints.map((endpoint) => endpoint.ip)

test("ports and slices are matched by name and protocol", () => {
  const ports = [
    { name: "dns", port: 53, protocol: "UDP" as const },
    { name: "dns-tcp", port: 53, protocol: "TCP" as const }
  ]
  const slices = [slice("dns", ["10.0.0.1"], { name: "dns", protocol: "UDP", port: 5353 })]
  const state = proxyState([service("dns", { ports })], slices, node)
  expect(state.ports.map((port) => [port.name, clusterIps(port)])).toEqual([
    ["default/dns:dns", ["10.0.0.1"]],
    ["default/dns:dns-tcp", []]
  ])
  expect(state.ports[0]!.clusterEndpoints[0]!.key).toBe("10.0.0.1:5353")
})

test("headless, external-name and other proxies' Services are left out", () => {
  const labelled = service("other")
  const services = [
    service("headless", { clusterIP: "None" }),
    service("alias", { type: "ExternalName", externalName: "example.org" }),
    service("six", { clusterIP: "fd00::1", clusterIPs: ["fd00::1"] }),
    { ...labelled, metadata: { ...labelled.metadata, labels: { "service.kubernetes.io/service-proxy-name": "mine" } } }
  ]
  expect(proxyState(services, [], node).ports).toEqual([])
})

test("terminating endpoints serve only when none is ready", () => {
  const web = service("web")
  expect(clusterIps(only([web], [slice("web", ["10.0.0.1", ["10.0.0.2", leaving]])], node))).toEqual(["10.0.0.1"])
  expect(clusterIps(only([web], [slice("web", [["10.0.0.2", leaving]])], node))).toEqual(["10.0.0.2"])
  const dead = { conditions: { ready: false, serving: false, terminating: true } }
  expect(only([web], [slice("web", [["10.0.0.2", dead]])], node).hasEndpoints).toBe(false)
})

test("an endpoint that is in two slices for a moment is used once, and ready if one says so", () => {
  const slices = [slice("web", [["10.0.0.1", leaving]]), slice("web", ["10.0.0.1"]), slice("web", [["10.0.0.1", leaving]])]
  expect(clusterIps(only([service("web")], slices, node))).toEqual(["10.0.0.1"])
})

test("Local policies use this node's endpoints, and know whether there are others", () => {
  const slices = [slice("web", [["10.0.0.1", here], "10.0.0.2"])]
  const internal = only([service("web", { internalTrafficPolicy: "Local" })], slices, node)
  expect([localIps(internal), clusterIps(internal)]).toEqual([["10.0.0.1"], []])
  const spec = { type: "NodePort", externalTrafficPolicy: "Local", ports: [{ port: 80, nodePort: 30080 }] } as const
  const external = only([service("web", spec)], slices, node)
  expect([localIps(external), clusterIps(external)]).toEqual([["10.0.0.1"], ["10.0.0.1", "10.0.0.2"]])
  const elsewhere = only([service("web", spec)], [slice("web", ["10.0.0.2"])], node)
  expect([elsewhere.hasEndpoints, localIps(elsewhere), elsewhere.readyLocalCount]).toEqual([true, [], 0])
})

test("the fallback to terminating endpoints is decided for local ones by themselves", () => {
  const spec = { type: "NodePort", externalTrafficPolicy: "Local", ports: [{ port: 80, nodePort: 30080 }] } as const
  const port = only([service("web", spec)], [slice("web", [["10.0.0.1", { ...here, ...leaving }], "10.0.0.2"])], node)
  expect([localIps(port), clusterIps(port)]).toEqual([["10.0.0.1"], ["10.0.0.2"]])
})

test("hints narrow the choice when all endpoints have them and one is near", () => {
  const zone = (name: string) => ({ hints: { forZones: [{ name }] } })
  const web = service("web")
  expect(
    clusterIps(
      only(
        [web],
        [
          slice("web", [
            ["10.0.0.1", zone("west")],
            ["10.0.0.2", zone("east")]
          ])
        ],
        node
      )
    )
  ).toEqual(["10.0.0.1"])
  expect(clusterIps(only([web], [slice("web", [["10.0.0.1", zone("west")], "10.0.0.2"])], node))).toHaveLength(2)
  expect(
    clusterIps(
      only(
        [web],
        [
          slice("web", [
            ["10.0.0.1", zone("north")],
            ["10.0.0.2", zone("east")]
          ])
        ],
        node
      )
    )
  ).toHaveLength(2)
  const forNode = { hints: { forNodes: [{ name: "node-1" }], forZones: [{ name: "west" }] } }
  const other = { hints: { forNodes: [{ name: "node-2" }], forZones: [{ name: "west" }] } }
  expect(
    clusterIps(
      only(
        [web],
        [
          slice("web", [
            ["10.0.0.1", forNode],
            ["10.0.0.2", other]
          ])
        ],
        node
      )
    )
  ).toEqual(["10.0.0.1"])
})

test("load balancer addresses of mode Proxy are not caught, source ranges count only with an address", () => {
  const spec = { type: "LoadBalancer", loadBalancerSourceRanges: ["10.0.0.0/8"], ports: [{ port: 80, nodePort: 30080 }] } as const
  const ingress = [{ ip: "192.0.2.1" }, { ip: "192.0.2.2", ipMode: "Proxy" }, { hostname: "x" }]
  const port = only([service("web", spec, { loadBalancer: { ingress } })], [], node)
  expect([port.loadBalancerIps, port.sourceRanges]).toEqual([["192.0.2.1"], ["10.0.0.0/8"]])
  expect(only([service("web", spec)], [], node).sourceRanges).toEqual([])
})

test("session affinity lasts three hours unless told otherwise", () => {
  expect(only([service("web", { sessionAffinity: "ClientIP" })], [], node).affinitySeconds).toBe(10_800)
  const spec = { sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: 7 } } } as const
  expect(only([service("web", spec)], [], node).affinitySeconds).toBe(7)
})
