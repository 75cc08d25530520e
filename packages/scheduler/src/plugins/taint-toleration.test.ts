/** TaintToleration: hard taints keep pods away, soft ones count. @module */
import { describe, expect, test } from "bun:test"
import type { Taint, Toleration } from "@tsukube/api/core-v1"
import { node, outcome, pod, scoresOf } from "../testing/cases.ts"

describe("TaintToleration", () => {
  const taint = (effect: Taint["effect"], value = "v", key = "k"): Taint => ({ key, value, effect })
  const refused = "1 node(s) had untolerated taint(s)"
  const cases: ReadonlyArray<
    readonly [name: string, taints: ReadonlyArray<Taint>, tolerations: ReadonlyArray<Toleration>, expected: string]
  > = [
    ["no taints", [], [], "a"],
    ["NoSchedule", [taint("NoSchedule")], [], refused],
    ["NoExecute", [taint("NoExecute")], [], refused],
    ["PreferNoSchedule", [taint("PreferNoSchedule")], [], "a"],
    ["equal key and value", [taint("NoSchedule")], [{ key: "k", value: "v" }], "a"],
    ["another value", [taint("NoSchedule")], [{ key: "k", operator: "Equal", value: "w" }], refused],
    ["any value", [taint("NoSchedule", "w")], [{ key: "k", operator: "Exists" }], "a"],
    ["another effect", [taint("NoExecute")], [{ key: "k", operator: "Exists", effect: "NoSchedule" }], refused],
    ["for a while is for scheduling", [taint("NoExecute")], [{ key: "k", operator: "Exists", tolerationSeconds: 5 }], "a"],
    ["everything", [taint("NoSchedule"), taint("NoExecute", "x", "l")], [{ operator: "Exists" }], "a"],
    ["one of two taints", [taint("NoSchedule"), taint("NoSchedule", "v", "l")], [{ key: "k", operator: "Exists" }], refused]
  ]
  for (const [name, taints, tolerations, expected] of cases)
    test(name, () =>
      expect(outcome({ nodes: [node("a", {}, {}, { taints })], pods: [pod("p", { tolerations })] })).toBe(expected)
    )

  const soft = (count: number): ReadonlyArray<Taint> =>
    Array.from({ length: count }, (_, index) => taint("PreferNoSchedule", "v", `k${index}`))
  const nodes = [0, 1, 2].map((count) => node(`n${count}`, {}, {}, { taints: soft(count) }))
  const scores: ReadonlyArray<readonly [name: string, tolerations: ReadonlyArray<Toleration>, expected: Record<string, number>]> =
    [
      ["fewer soft taints are better, three times", [], { n0: 300, n1: 150, n2: 0 }],
      ["tolerated ones do not count", [{ key: "k0", operator: "Exists" }], { n0: 300, n1: 300, n2: 0 }],
      [
        "tolerations of hard taints do not help",
        [{ key: "k0", operator: "Exists", effect: "NoSchedule" }],
        { n0: 300, n1: 150, n2: 0 }
      ],
      ["all tolerated: all alike", [{ operator: "Exists" }], { n0: 300, n1: 300, n2: 300 }]
    ]
  for (const [name, tolerations, expected] of scores)
    test(name, () => expect(scoresOf("TaintToleration", { nodes, pods: [] }, pod("p", { tolerations }))).toEqual(expected))
})
