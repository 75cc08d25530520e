/** NodeAffinity: selectors, required terms, preferred terms. @module */
import { describe, expect, test } from "bun:test"
import type { NodeSelectorTerm } from "@tsukube/api/core-v1"
import { cpu, node, outcome, pod, type Spec, scoresOf } from "../testing/cases.ts"
import { makeNodeAffinity } from "./node-affinity.ts"

type Operator = "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt"

describe("NodeAffinity", () => {
  const nodes = [node("a", { disk: "hdd", gen: "3" }), node("b", { disk: "ssd", gen: "7" })]
  const required = (...nodeSelectorTerms: ReadonlyArray<NodeSelectorTerm>): Spec => ({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } }
  })
  const term = (key: string, operator: Operator, ...values: ReadonlyArray<string>): NodeSelectorTerm => ({
    matchExpressions: [{ key, operator, values }]
  })
  const named = (...values: ReadonlyArray<string>): NodeSelectorTerm => ({
    matchFields: [{ key: "metadata.name", operator: "In", values }]
  })
  const refused = "2 node(s) didn't match Pod's node affinity/selector"
  const cases: ReadonlyArray<readonly [name: string, spec: Spec, expected: string]> = [
    ["a selector", { nodeSelector: { disk: "ssd" } }, "b"],
    ["a selector of nobody", { nodeSelector: { disk: "tape" } }, refused],
    ["In", required(term("disk", "In", "ssd", "nvme")), "b"],
    ["NotIn", required(term("disk", "NotIn", "hdd")), "b"],
    ["NotIn holds where there is no such label", required(term("none", "NotIn", "x")), "a"],
    ["Exists", required(term("none", "Exists")), refused],
    ["DoesNotExist", required(term("none", "DoesNotExist")), "a"],
    ["Gt", required(term("gen", "Gt", "5")), "b"],
    ["Lt", required(term("gen", "Lt", "5")), "a"],
    ["Gt of a word", required(term("disk", "Gt", "5")), refused],
    [
      "expressions of a term hold together",
      required({
        matchExpressions: [...term("gen", "Gt", "1").matchExpressions!, ...term("disk", "In", "ssd").matchExpressions!]
      }),
      "b"
    ],
    ["terms are alternatives", required(term("disk", "In", "tape"), term("gen", "In", "7")), "b"],
    ["an empty term matches nobody", required({}), refused],
    ["selector and terms hold together", { ...required(term("gen", "Gt", "1")), nodeSelector: { disk: "ssd" } }, "b"],
    ["by name", required(named("b")), "b"],
    [
      "by name, and no room there",
      { ...required(named("b")), ...cpu("9") },
      "1 Insufficient cpu, 1 node(s) didn't satisfy plugin(s) [NodeAffinity]"
    ],
    [
      "terms of a name that contradict each other",
      required({ matchFields: [...named("a").matchFields!, ...named("b").matchFields!] }),
      "pod affinity terms conflict"
    ]
  ]
  for (const [name, spec, expected] of cases) test(name, () => expect(outcome({ nodes, pods: [pod("p", spec)] })).toBe(expected))

  const preferred = (...weighted: ReadonlyArray<readonly [weight: number, preference: NodeSelectorTerm]>): Spec => ({
    affinity: {
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: weighted.map(([weight, preference]) => ({ weight, preference }))
      }
    }
  })
  test("the largest sum of weights becomes 100, twice", () => {
    const wishes = preferred([30, term("disk", "In", "ssd")], [10, term("gen", "Exists")])
    expect(scoresOf("NodeAffinity", { nodes, pods: [] }, pod("p", wishes))).toEqual({ a: 50, b: 200 })
    expect(scoresOf("NodeAffinity", { nodes, pods: [] }, pod("p"))).toEqual({ a: undefined, b: undefined })
  })

  test("the profile's own affinity holds beside the pod's", () => {
    const addedAffinity = {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term("disk", "In", "ssd")] }
    }
    const plugins = [makeNodeAffinity({ addedAffinity })]
    expect(outcome({ nodes, pods: [pod("p")] }, plugins)).toBe("b")
    expect(outcome({ nodes, pods: [pod("p", { nodeSelector: { gen: "3" } })] }, plugins)).toBe(
      "1 node(s) didn't match Pod's node affinity/selector, 1 node(s) didn't match scheduler-enforced node affinity"
    )
  })
})
