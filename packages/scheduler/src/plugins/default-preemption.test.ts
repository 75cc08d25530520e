/** DefaultPreemption: who has to go for whom, with disruption budgets. @module */
import { describe, expect, test } from "bun:test"
import type { Pod } from "@tsukube/api/core-v1"
import type { PodDisruptionBudget } from "@tsukube/api/policy-v1"
import { makePlanner, type PlanInput } from "../embed.ts"
import type { Plugin } from "../plugin.ts"
import { podInfo } from "../pod-info.ts"
import { cpu, type Labels, node, on, pod, type Spec } from "../testing/cases.ts"
import { defaultBinder } from "./default-binder.ts"
import { makeDefaultPreemption } from "./default-preemption.ts"
import { nodeResourcesFit } from "./node-resources-fit.ts"

const held = (
  name: string,
  nodeName: string,
  amount: string,
  priority: number,
  labels: Labels = {},
  startTime = "10:00"
): Pod => ({
  ...on(nodeName, pod(name, { ...cpu(amount), priority }, labels)),
  status: { startTime: `2026-01-01T${startTime}:00Z` }
})
const wanted = (amount: string, priority: number, more: Spec = {}): Pod => pod("p", { ...cpu(amount), priority, ...more })
const budget = (app: string, disruptionsAllowed: number, namespace = "default"): PodDisruptionBudget => ({
  metadata: { name: app, namespace },
  spec: { selector: { matchLabels: { app } } },
  status: { disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 }
})
/** `node: victims`, or why not. */
const found = (input: PlanInput, preemptor: Pod, plugins?: ReadonlyArray<Plugin>): string => {
  const decision = makePlanner(input, plugins === undefined ? {} : { plugins }).decide(preemptor)
  if (decision.type !== "refused") return decision.type
  if (decision.nominatedNode === undefined) return decision.message.replace(/^.*preemption: /, "")
  return `${decision.nominatedNode}: ${(decision.victims ?? []).map(({ uid }) => uid).join(" ")}`
}

describe("DefaultPreemption", () => {
  const a = [node("a")]
  const ab = [node("a"), node("b")]
  const cases: ReadonlyArray<readonly [name: string, input: PlanInput, preemptor: Pod, expected: string]> = [
    ["there is room", { nodes: a, pods: [held("x", "a", "1", 1)] }, wanted("1", 9), "placed"],
    ["less important pods go", { nodes: a, pods: [held("x", "a", "4", 1)] }, wanted("1", 9), "a: x"],
    [
      "pods of the same priority stay",
      { nodes: a, pods: [held("x", "a", "4", 9)] },
      wanted("1", 9),
      "0/1 nodes are available: 1 No preemption victims found for incoming pod."
    ],
    [
      "only as many as needed, the least important",
      { nodes: a, pods: [held("x", "a", "2", 5), held("y", "a", "2", 1)] },
      wanted("2", 9),
      "a: y"
    ],
    [
      "of equal ones the youngest",
      { nodes: a, pods: [held("old", "a", "2", 1, {}, "09:00"), held("young", "a", "2", 1, {}, "11:00")] },
      wanted("2", 9),
      "a: young"
    ],
    [
      "victims in order of importance",
      { nodes: a, pods: [held("x", "a", "1", 1), held("y", "a", "3", 5)] },
      wanted("4", 9),
      "a: y x"
    ],
    [
      "not when even all of them are not enough",
      { nodes: a, pods: [held("x", "a", "2", 9), held("y", "a", "2", 1)] },
      wanted("3", 5),
      "0/1 nodes are available: 1 Insufficient cpu."
    ],
    [
      "not where no removal helps",
      { nodes: a, pods: [held("x", "a", "4", 1)] },
      wanted("1", 9, { nodeSelector: { disk: "ssd" } }),
      "0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    ],
    [
      "policy Never",
      { nodes: a, pods: [held("x", "a", "4", 1)] },
      wanted("1", 9, { preemptionPolicy: "Never" }),
      "not eligible due to preemptionPolicy=Never."
    ],
    [
      "the node whose most important victim is least important",
      { nodes: ab, pods: [held("x", "a", "4", 5), held("y", "b", "4", 3)] },
      wanted("1", 9),
      "b: y"
    ],
    [
      "then the smaller sum of priorities",
      { nodes: ab, pods: [held("x", "a", "2", 5), held("y", "a", "2", 4), held("z", "b", "2", 5), held("w", "b", "2", 1)] },
      wanted("4", 9),
      "b: z w"
    ],
    [
      "then fewer victims",
      { nodes: ab, pods: [held("x", "a", "2", 0), held("y", "a", "2", 0), held("z", "b", "4", 0)] },
      wanted("4", 9),
      "b: z"
    ],
    [
      "then the victim that started last",
      { nodes: ab, pods: [held("x", "a", "4", 1, {}, "09:00"), held("y", "b", "4", 1, {}, "11:00")] },
      wanted("4", 9),
      "b: y"
    ],
    [
      "a budget that allows nothing is kept where it can be",
      { nodes: ab, budgets: [budget("web", 0)], pods: [held("x", "a", "4", 1, { app: "web" }), held("y", "b", "4", 5)] },
      wanted("1", 9),
      "b: y"
    ],
    [
      "a budget that allows one",
      { nodes: ab, budgets: [budget("web", 1)], pods: [held("x", "a", "4", 1, { app: "web" }), held("y", "b", "4", 5)] },
      wanted("1", 9),
      "a: x"
    ],
    [
      "a budget of another namespace",
      { nodes: ab, budgets: [budget("web", 0, "other")], pods: [held("x", "a", "4", 1, { app: "web" }), held("y", "b", "4", 5)] },
      wanted("1", 9),
      "a: x"
    ],
    [
      "a budget is broken where nothing else helps",
      { nodes: a, budgets: [budget("web", 0)], pods: [held("x", "a", "4", 1, { app: "web" })] },
      wanted("1", 9),
      "a: x"
    ],
    [
      "on one node, pods outside the budget go first",
      { nodes: a, budgets: [budget("web", 0)], pods: [held("x", "a", "2", 1, { app: "web" }), held("y", "a", "2", 5)] },
      wanted("2", 9),
      "a: y"
    ],
    [
      "a budget for one of two",
      {
        nodes: ab,
        budgets: [budget("web", 1)],
        pods: [held("x", "a", "2", 1, { app: "web" }), held("y", "a", "2", 1, { app: "web" }), held("z", "b", "4", 5)]
      },
      wanted("4", 9),
      "b: z"
    ]
  ]
  for (const [name, input, preemptor, expected] of cases) test(name, () => expect(found(input, preemptor)).toBe(expected))

  test("waits while victims on its nominated node are ending", () => {
    const going = held("x", "a", "4", 1)
    const ending = { ...going, metadata: { ...going.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } }
    const nominated = { ...wanted("1", 9), status: { nominatedNodeName: "a" } }
    expect(found({ nodes: a, pods: [ending] }, nominated)).toBe("not eligible due to a terminating pod on the nominated node.")
  })

  test("works out victims for no more nodes than its arguments say", () => {
    const nodes = Array.from({ length: 5 }, (_, index) => node(`n${index}`))
    // The last node would hurt least.
    const pods = nodes.map(({ metadata }, index) => held(`x${index}`, metadata?.name ?? "", "4", 5 - index))
    const few = makeDefaultPreemption({ minCandidateNodesAbsolute: 1, minCandidateNodesPercentage: 0 })
    const all = makeDefaultPreemption({ minCandidateNodesAbsolute: 1, minCandidateNodesPercentage: 100 })
    expect(found({ nodes, pods }, wanted("1", 9), [nodeResourcesFit, few])).toBe("n0: x0")
    expect(found({ nodes, pods }, wanted("1", 9), [nodeResourcesFit, all])).toBe("n4: x4")
  })
})

describe("DefaultBinder", () => {
  test("has nothing to write without a cluster; the loop's tests bind through a real API server", async () => {
    const { snapshot } = makePlanner({ nodes: [node("a")], pods: [] })
    const run = () => Promise.reject(new Error("nothing to run"))
    expect(await defaultBinder.bind?.(podInfo(pod("p")), "a", { snapshot, run })).toBe(false)
  })
})
