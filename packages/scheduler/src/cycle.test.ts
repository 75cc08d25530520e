/** Every plugin's rule, through the pure plan. @module */
import { describe, expect, test } from "bun:test"
import type { Node, Pod } from "@tsukube/api/core-v1"
import { plan } from "./embed.ts"

type Spec = Partial<NonNullable<Pod["spec"]>>
interface NodeShape {
  readonly labels?: Record<string, string>
  readonly spec?: NonNullable<Node["spec"]>
  readonly allocatable?: Record<string, string>
  readonly images?: NonNullable<Node["status"]>["images"]
}

const node = (name: string, { labels = {}, spec = {}, allocatable = {}, images }: NodeShape = {}): Node => ({
  metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } },
  spec,
  status: {
    allocatable: { cpu: "4", memory: "8Gi", pods: "110", ...allocatable },
    ...(images === undefined ? {} : { images })
  }
})

const pod = (name: string, spec: Spec = {}, labels: Record<string, string> = {}): Pod => ({
  metadata: { name, namespace: "default", uid: name, labels },
  spec: { containers: [{ name: "c", image: "nginx" }], ...spec }
})

const asking = (cpu: string, memory = "100Mi"): Spec => ({
  containers: [{ name: "c", image: "nginx", resources: { requests: { cpu, memory } } }]
})

/** Where the last pod goes, or why nowhere. */
const place = (nodes: ReadonlyArray<Node>, ...pods: ReadonlyArray<Pod>): string => {
  const { decision } = plan({ nodes, pods }).at(-1)!
  return decision.type === "placed" ? decision.nodeName : decision.message
}

const notHelpful = (nodes: number): string =>
  `preemption: 0/${nodes} nodes are available: ${nodes} Preemption is not helpful for scheduling.`
const noVictims = (nodes: number): string =>
  `preemption: 0/${nodes} nodes are available: ${nodes} No preemption victims found for incoming pod.`

describe("filters", () => {
  test("no nodes at all", () => expect(place([], pod("p"))).toBe("no nodes available to schedule pods"))

  test("resources: what does not fit is counted, several reasons at a time", () => {
    const nodes = [node("a"), node("b"), node("c", { spec: { taints: [{ key: "k", value: "v", effect: "NoSchedule" }] } })]
    const taken = { ...asking("3500m", "7Gi") }
    expect(
      place(nodes, pod("x", { ...taken, nodeName: "a" }), pod("y", { ...taken, nodeName: "b" }), pod("p", asking("1", "2Gi")))
    ).toBe(
      "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu, 2 Insufficient memory. " +
        "preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod."
    )
    expect(place([node("a")], pod("p", asking("5")))).toBe(`0/1 nodes are available: 1 Insufficient cpu. ${notHelpful(1)}`)
    expect(place([node("a", { allocatable: { pods: "1" } })], pod("x", { nodeName: "a" }), pod("p"))).toBe(
      `0/1 nodes are available: 1 Too many pods. ${noVictims(1)}`
    )
  })

  test("resources: sidecars add up, init containers count alone, overhead counts", () => {
    const container = (name: string, cpu: string) => ({ name, resources: { requests: { cpu } } })
    const spec: Spec = {
      initContainers: [{ ...container("side", "1"), restartPolicy: "Always" }, container("init", "2")],
      containers: [container("main", "1")],
      overhead: { cpu: "500m" }
    }
    expect(place([node("a", { allocatable: { cpu: "3500m" } })], pod("p", spec))).toBe("a")
    expect(place([node("a", { allocatable: { cpu: "3499m" } })], pod("p", spec))).toStartWith(
      "0/1 nodes are available: 1 Insufficient cpu"
    )
  })

  test("resources: extended resources", () => {
    const spec: Spec = { containers: [{ name: "c", resources: { requests: { "example.com/gpu": "2" } } }] }
    expect(place([node("a"), node("b", { allocatable: { "example.com/gpu": "2" } })], pod("p", spec))).toBe("b")
    expect(place([node("a")], pod("p", spec))).toStartWith("0/1 nodes are available: 1 Insufficient example.com/gpu.")
  })

  test("cordoned nodes", () => {
    const cordoned = node("a", { spec: { unschedulable: true } })
    expect(place([cordoned], pod("p"))).toBe(`0/1 nodes are available: 1 node(s) were unschedulable. ${notHelpful(1)}`)
    const tolerations = [{ key: "node.kubernetes.io/unschedulable", operator: "Exists" as const }]
    expect(place([cordoned], pod("p", { tolerations }))).toBe("a")
  })

  test("taints and tolerations", () => {
    const tainted = node("a", { spec: { taints: [{ key: "k", value: "v", effect: "NoExecute" }] } })
    for (const [toleration, tolerated] of [
      [{ key: "k", value: "v" }, true],
      [{ key: "k", operator: "Equal", value: "w" }, false],
      [{ key: "k", operator: "Exists" }, true],
      [{ operator: "Exists" }, true],
      [{ key: "k", operator: "Exists", effect: "NoSchedule" }, false],
      [{ key: "k", operator: "Exists", effect: "NoExecute", tolerationSeconds: 5 }, true]
    ] as const) {
      expect(place([tainted], pod("p", { tolerations: [toleration] })) === "a").toBe(tolerated)
    }
  })

  test("node selectors and required node affinity", () => {
    const nodes = [node("a", { labels: { disk: "hdd", gen: "3" } }), node("b", { labels: { disk: "ssd", gen: "7" } })]
    const required = (
      key: string,
      operator: "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt",
      ...values: ReadonlyArray<string>
    ): Spec => ({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }]
          }
        }
      }
    })
    expect(place(nodes, pod("p", { nodeSelector: { disk: "ssd" } }))).toBe("b")
    expect(place(nodes, pod("p", required("gen", "Gt", "5")))).toBe("b")
    expect(place(nodes, pod("p", required("gen", "Lt", "5")))).toBe("a")
    expect(place(nodes, pod("p", required("disk", "NotIn", "ssd")))).toBe("a")
    expect(place(nodes, pod("p", required("none", "Exists")))).toBe(
      `0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. ${notHelpful(2)}`
    )
  })

  test("terms by node name leave the other nodes out", () => {
    const matchFields = [{ key: "metadata.name", operator: "In" as const, values: ["b"] }]
    const affinity = {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] } }
    }
    expect(place([node("a"), node("b"), node("c")], pod("p", { affinity }))).toBe("b")
    expect(place([node("a"), node("b"), node("c")], pod("p", { affinity, ...asking("9") }))).toStartWith(
      "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]."
    )
  })

  test("host ports", () => {
    const ports = (hostPort: number, hostIP?: string, protocol?: "TCP" | "UDP"): Spec => ({
      containers: [
        {
          name: "c",
          ports: [{ containerPort: 80, hostPort, ...(hostIP ? { hostIP } : {}), ...(protocol ? { protocol } : {}) }]
        }
      ]
    })
    const held = pod("x", { ...ports(80, "10.0.0.1"), nodeName: "a" })
    expect(place([node("a")], held, pod("p", ports(80)))).toStartWith(
      "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."
    )
    expect(place([node("a")], held, pod("p", ports(80, "10.0.0.2")))).toBe("a")
    expect(place([node("a")], held, pod("p", ports(80, undefined, "UDP")))).toBe("a")
  })

  test("gated pods wait", () => {
    expect(place([node("a")], pod("p", { schedulingGates: [{ name: "one" }, { name: "two" }] }))).toBe(
      "waiting for scheduling gates: [one two]"
    )
  })
})

describe("pods among pods", () => {
  const zone = (name: string, value: string): Node => node(name, { labels: { zone: value } })
  const nodes = [zone("a1", "a"), zone("a2", "a"), zone("b1", "b")]
  const term = { topologyKey: "zone", labelSelector: { matchLabels: { app: "web" } } }
  const near: Spec = { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } }
  const far: Spec = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } }
  const web = (name: string, spec: Spec = {}): Pod => pod(name, spec, { app: "web" })

  test("required affinity follows, and the first of a group may start", () => {
    expect(place(nodes, web("x", { nodeName: "b1" }), pod("p", near))).toBe("b1")
    expect(place(nodes, pod("p", near))).toStartWith("0/3 nodes are available: 3 node(s) didn't match pod affinity rules.")
    expect(place(nodes, web("p", near))).toBe("a1")
  })

  test("required anti-affinity keeps away in both directions", () => {
    expect(place(nodes, web("x", { nodeName: "a1" }), pod("p", far))).toBe("b1")
    expect(place(nodes, pod("x", { ...far, nodeName: "b1" }), web("p", { nodeSelector: { zone: "b" } }))).toContain(
      "1 node(s) didn't satisfy existing pods anti-affinity rules"
    )
    expect(place(nodes.slice(0, 2), web("x", { nodeName: "a1" }), pod("p", far))).toStartWith(
      "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules."
    )
  })

  test("preferences draw and push", () => {
    const preferred = [{ weight: 100, podAffinityTerm: term }]
    const likes: Spec = { affinity: { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } } }
    const avoids: Spec = { affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } } }
    expect(place(nodes, web("x", { nodeName: "b1" }), pod("p", likes))).toBe("b1")
    expect(place(nodes, web("x", { nodeName: "a1" }), pod("p", avoids))).toBe("b1")
  })

  test("topology spread: hard constraints refuse, soft ones rank", () => {
    const spread = (whenUnsatisfiable: "DoNotSchedule" | "ScheduleAnyway"): Spec => ({
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable, labelSelector: { matchLabels: { app: "web" } } }
      ]
    })
    const held = [web("x", { nodeName: "a1" }), web("y", { nodeName: "b1" }), web("z", { nodeName: "a2" })]
    expect(place(nodes, ...held, web("p", spread("DoNotSchedule")))).toBe("b1")
    expect(place(nodes, ...held, web("p", spread("ScheduleAnyway")))).toBe("b1")
    expect(
      place(
        [...nodes.slice(0, 2), node("bare")],
        web("p", { ...spread("DoNotSchedule"), nodeSelector: { "kubernetes.io/hostname": "bare" } })
      )
    ).toContain("1 node(s) didn't match pod topology spread constraints (missing required label)")
    expect(place(nodes, ...held, web("p", { ...spread("DoNotSchedule"), ...asking("5") }))).toContain("3 Insufficient cpu")
  })
})

describe("scores", () => {
  test("pods of one Service are spread even onto a fuller node; strangers go where there is room", () => {
    const nodes = [node("empty"), node("busy")]
    const held = [pod("load", { ...asking("2", "3Gi"), nodeName: "busy" }), pod("x", { nodeName: "empty" }, { app: "web" })]
    const web = pod("p", {}, { app: "web" })
    const services = [{ metadata: { name: "web", namespace: "default" }, spec: { selector: { app: "web" } } }]
    const placed = (input: Parameters<typeof plan>[0]) => plan(input).at(-1)?.decision
    expect(placed({ nodes, pods: [...held, web], services })).toMatchObject({ nodeName: "busy" })
    expect(placed({ nodes, pods: [...held, web] })).toMatchObject({ nodeName: "empty" })
  })

  test("equal pods spread over equal nodes", () => {
    const pods = Array.from({ length: 6 }, (_, index) => pod(`p${index}`, asking("500m")))
    const counts = new Map<string, number>()
    for (const { decision } of plan({ nodes: [node("a"), node("b"), node("c")], pods })) {
      if (decision.type === "placed") counts.set(decision.nodeName, (counts.get(decision.nodeName) ?? 0) + 1)
    }
    expect([...counts.values()]).toEqual([2, 2, 2])
  })

  test("soft taints, preferred labels and images weigh in", () => {
    const soft = node("a", { spec: { taints: [{ key: "k", effect: "PreferNoSchedule" }] } })
    expect(place([soft, node("b")], pod("p"))).toBe("b")
    const preference = { matchExpressions: [{ key: "disk", operator: "In" as const, values: ["ssd"] }] }
    const affinity = { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference }] } }
    expect(place([node("a"), node("b", { labels: { disk: "ssd" } })], pod("p", { affinity }))).toBe("b")
    const images = [{ names: ["nginx:latest"], sizeBytes: 900_000_000 }]
    expect(place([node("a"), node("b", { images })], pod("p"))).toBe("b")
  })

  test("never more than a node has, whatever comes", () => {
    let seed = 7
    const random = (): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648
      return seed / 2147483648
    }
    for (let round = 0; round < 30; round++) {
      const nodes = Array.from({ length: 1 + Math.floor(random() * 6) }, (_, index) =>
        node(`n${index}`, {
          allocatable: { cpu: String(1 + Math.floor(random() * 8)), pods: String(1 + Math.floor(random() * 12)) }
        })
      )
      const pods = Array.from({ length: 60 }, (_, index) => pod(`p${index}`, asking(`${100 * (1 + Math.floor(random() * 15))}m`)))
      const used = new Map<string, { cpu: number; pods: number }>()
      for (const { pod: placed, decision } of plan({ nodes, pods }, { random })) {
        if (decision.type !== "placed") continue
        const sum = used.get(decision.nodeName) ?? { cpu: 0, pods: 0 }
        sum.cpu += Number.parseInt(String(placed.spec!.containers[0]!.resources!.requests!["cpu"]), 10)
        sum.pods++
        used.set(decision.nodeName, sum)
      }
      for (const { metadata, status } of nodes) {
        const sum = used.get(metadata!.name!) ?? { cpu: 0, pods: 0 }
        expect(sum.cpu).toBeLessThanOrEqual(Number(status!.allocatable!["cpu"]) * 1000)
        expect(sum.pods).toBeLessThanOrEqual(Number(status!.allocatable!["pods"]))
      }
    }
  })
})
