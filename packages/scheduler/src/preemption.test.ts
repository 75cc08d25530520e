/** Who has to go for whom. @module */
import { describe, expect, test } from "bun:test"
import type { Node, Pod } from "@tsukube/api/core-v1"
import { schedule } from "./cycle.ts"
import { defaultPlugins } from "./default-plugins.ts"
import { snapshotOf } from "./embed.ts"
import { podInfo } from "./pod-info.ts"

const node = (name: string, cpu = "4"): Node => ({
  metadata: { name },
  status: { allocatable: { cpu, memory: "8Gi", pods: "110" } }
})
const pod = (name: string, cpu: string, priority: number, nodeName?: string, labels: Record<string, string> = {}): Pod => ({
  metadata: { name, uid: name, namespace: "default", labels },
  spec: {
    priority,
    containers: [{ name: "c", resources: { requests: { cpu } } }],
    ...(nodeName === undefined ? {} : { nodeName })
  },
  status: { startTime: "2026-01-01T00:00:00Z" }
})

const outcome = (nodes: ReadonlyArray<Node>, pods: ReadonlyArray<Pod>, wanted: Pod, budgets: ReadonlyArray<object> = []) => {
  const snapshot = snapshotOf({ nodes, pods })
  snapshot.budgets = () => budgets
  const before = JSON.stringify(
    [...snapshot.nodes.values()].map(({ requested, pods: held }) => [requested, [...held.keys()].sort()])
  )
  const decision = schedule(podInfo(wanted), snapshot, defaultPlugins, () => 1)
  expect(
    JSON.stringify([...snapshot.nodes.values()].map(({ requested, pods: held }) => [requested, [...held.keys()].sort()]))
  ).toBe(before)
  if (decision.type === "placed") return decision.nodeName
  return decision.nominatedNode === undefined
    ? decision.message
    : `${decision.nominatedNode}: ${(decision.victims ?? [])
        .map(({ uid }) => uid)
        .sort()
        .join(" ")}`
}

describe("preemption", () => {
  test("takes only as many as needed, the least important first", () => {
    const pods = [pod("low", "1", 1, "a"), pod("mid", "1", 5, "a"), pod("high", "2", 9, "a")]
    expect(outcome([node("a")], pods, pod("p", "1", 10))).toBe("a: low")
    expect(outcome([node("a")], pods, pod("p", "2", 10))).toBe("a: low mid")
    expect(outcome([node("a")], pods, pod("p", "4", 10))).toBe("a: high low mid")
  })

  test("takes nobody of equal or higher priority, and nobody when it would not help", () => {
    expect(outcome([node("a")], [pod("x", "4", 5, "a")], pod("p", "1", 5))).toBe(
      "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
    )
    expect(outcome([node("a")], [pod("x", "2", 9, "a"), pod("y", "2", 1, "a")], pod("p", "3", 5))).toBe(
      "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Insufficient cpu."
    )
    const never = pod("p", "1", 9)
    expect(outcome([node("a")], [pod("x", "4", 5, "a")], { ...never, spec: { ...never.spec!, preemptionPolicy: "Never" } })).toBe(
      "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never."
    )
  })

  test("prefers the node where it hurts least", () => {
    const nodes = [node("a"), node("b")]
    expect(outcome(nodes, [pod("x", "4", 5, "a"), pod("y", "4", 3, "b")], pod("p", "1", 9))).toBe("b: y")
    expect(outcome(nodes, [pod("x", "4", 5, "a"), pod("y", "2", 5, "b"), pod("z", "2", 5, "b")], pod("p", "4", 9))).toBe("a: x")
  })

  test("keeps disruption budgets where it can", () => {
    const nodes = [node("a"), node("b")]
    const pods = [pod("x", "4", 1, "a", { app: "web" }), pod("y", "4", 5, "b")]
    const budget = {
      metadata: { namespace: "default" },
      spec: { selector: { matchLabels: { app: "web" } } },
      status: { disruptionsAllowed: 0 }
    }
    expect(outcome(nodes, pods, pod("p", "1", 9))).toBe("a: x")
    expect(outcome(nodes, pods, pod("p", "1", 9), [budget])).toBe("b: y")
  })

  test("room for a nominated pod is not given to a less important one", () => {
    const snapshot = snapshotOf({ nodes: [node("a", "2")], pods: [] })
    const nominated = [{ info: podInfo(pod("first", "2", 5)), nodeName: "a" }]
    expect(schedule(podInfo(pod("less", "1", 1)), snapshot, defaultPlugins, () => 1, nominated).type).toBe("refused")
    expect(schedule(podInfo(pod("more", "1", 9)), snapshot, defaultPlugins, () => 1, nominated).type).toBe("placed")
    expect(schedule(podInfo(pod("first", "2", 5)), snapshot, defaultPlugins, () => 1, nominated)).toMatchObject({ nodeName: "a" })
  })
})
