/** What if? The scheduler as a plain function over the JSON that `kubectl get -o json` prints. @module */
import type { Node, Pod } from "@tsukube/api/core-v1"
import { plan } from "@tsukube/scheduler"

const node = (name: string, zone: string, cpu: string): Node => ({
  metadata: { name, labels: { "topology.kubernetes.io/zone": zone, "kubernetes.io/hostname": name } },
  status: { allocatable: { cpu, memory: "16Gi", pods: "110" } }
})
const web = (name: string): Pod => ({
  metadata: { name, namespace: "default", labels: { app: "web" } },
  spec: {
    containers: [{ name: "web", image: "nginx", resources: { requests: { cpu: "1500m" } } }],
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "topology.kubernetes.io/zone",
        whenUnsatisfiable: "DoNotSchedule",
        labelSelector: { matchLabels: { app: "web" } }
      }
    ]
  }
})

const nodes = [node("a-1", "a", "4"), node("b-1", "b", "2")]
for (const { pod, decision } of plan({ nodes, pods: ["web-1", "web-2", "web-3", "web-4"].map(web) }))
  console.log(pod.metadata?.name, "→", decision.type === "placed" ? decision.nodeName : decision.message)
