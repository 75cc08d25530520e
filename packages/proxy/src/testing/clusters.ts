/** States with every feature of Services, for golden files and walks. @module */
import { type ProxyNode, type ProxyState, proxyState } from "../state.ts"
import { here, service, slice } from "./objects.ts"

export const node: ProxyNode = { name: "node-1" }

/** States by the name of their golden file. */
export const states: Readonly<Record<string, ProxyState>> = {
  empty: proxyState([], [], node),
  "cluster-ip": proxyState(
    [service("web"), service("none", { clusterIP: "10.96.0.11" })],
    [slice("web", ["10.244.1.2", "10.244.2.3", "10.244.2.4"])],
    node
  ),
  "node-port": proxyState(
    [service("web", { type: "NodePort", ports: [{ name: "http", port: 80, nodePort: 30080 }], externalIPs: ["192.0.2.9"] })],
    [slice("web", ["10.244.1.2", "10.244.2.3"], { name: "http" })],
    node
  ),
  affinity: proxyState([service("web", { sessionAffinity: "ClientIP" })], [slice("web", ["10.244.1.2", "10.244.2.3"])], node),
  "load-balancer": proxyState(
    [
      service(
        "web",
        { type: "LoadBalancer", ports: [{ port: 80, nodePort: 30080 }], loadBalancerSourceRanges: ["203.0.113.0/24"] },
        { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } }
      )
    ],
    [slice("web", ["10.244.1.2"])],
    node
  ),
  "external-local": proxyState(
    [
      service("web", {
        type: "NodePort",
        externalTrafficPolicy: "Local",
        healthCheckNodePort: 30999,
        ports: [{ port: 80, nodePort: 30080 }]
      }),
      service("far", {
        type: "NodePort",
        clusterIP: "10.96.0.12",
        externalTrafficPolicy: "Local",
        ports: [{ port: 80, nodePort: 30081 }]
      })
    ],
    [slice("web", [["10.244.1.2", here], "10.244.2.3"]), slice("far", ["10.244.2.3"])],
    node
  ),
  "internal-local": proxyState(
    [
      service("web", { internalTrafficPolicy: "Local" }),
      service("far", { clusterIP: "10.96.0.12", internalTrafficPolicy: "Local" })
    ],
    [slice("web", [["10.244.1.2", here], "10.244.2.3"]), slice("far", ["10.244.2.3"])],
    node
  ),
  udp: proxyState(
    [service("dns", { ports: [{ name: "dns", port: 53, protocol: "UDP" }] })],
    [slice("dns", ["10.244.1.2"], { name: "dns", protocol: "UDP", port: 5353 })],
    node
  )
}
