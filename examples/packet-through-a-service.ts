/** Which pod does a packet to a Service reach? The rules of the service proxy, walked without a kernel. @module */
import type { Service } from "@tsukube/api/core-v1"
import type { EndpointSlice } from "@tsukube/api/discovery-v1"
import { proxyRules, proxyState, walk } from "@tsukube/proxy"

const labels = { "kubernetes.io/service-name": "web" }
const services: ReadonlyArray<Service> = [
  {
    metadata: { namespace: "default", name: "web" },
    spec: { type: "NodePort", clusterIP: "10.96.0.10", ports: [{ port: 80, nodePort: 30080 }] }
  },
  { metadata: { namespace: "default", name: "empty" }, spec: { clusterIP: "10.96.0.11", ports: [{ port: 80 }] } }
]
const slices: ReadonlyArray<EndpointSlice> = [
  {
    metadata: { namespace: "default", name: "web-1", labels },
    addressType: "IPv4",
    ports: [{ port: 8080 }],
    endpoints: [{ addresses: ["10.244.1.2"] }, { addresses: ["10.244.2.3"] }]
  }
]
const rules = proxyRules(proxyState(services, slices, { name: "node-1" }), { clusterCidr: "10.244.0.0/16" })
const machine = { rules, addresses: ["172.30.0.11"] }
const send = (source: string, destination: string, port: number) =>
  console.log(`${source} → ${destination}:${port}`, walk(machine, { source, destination, port, protocol: "tcp" }))

send("10.244.1.9", "10.96.0.10", 80) // a pod to the cluster IP
send("192.0.2.7", "172.30.0.11", 30080) // from outside to the node port: masqueraded
send("10.244.1.9", "10.96.0.11", 80) // nobody behind it: rejected
