/** PodTopologySpread: as many here as there. @module */
import { describe, expect, test } from "bun:test"
import type { Pod } from "@tsukube/api/core-v1"
import type { PlanInput } from "../embed.ts"
import { type Labels, node, on, outcome, pod, type Spec, scoresOf } from "../testing/cases.ts"

describe("PodTopologySpread", () => {
  const zoned = [node("a1", { zone: "a" }), node("a2", { zone: "a" }), node("b1", { zone: "b" })]
  const spread = (more: object = {}): Spec => ({
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "zone",
        whenUnsatisfiable: "DoNotSchedule",
        labelSelector: { matchLabels: { app: "web" } },
        ...more
      }
    ]
  })
  const web = (name: string, spec: Spec = {}, labels: Labels = {}): Pod => pod(name, spec, { app: "web", ...labels })
  const tainted = node("c1", { zone: "c" }, {}, { taints: [{ key: "k", effect: "NoSchedule" }] })
  const skewed = "didn't match pod topology spread constraints"
  const cases: ReadonlyArray<readonly [name: string, input: PlanInput, expected: string]> = [
    ["the emptier zone", { nodes: zoned, pods: [on("a1", web("x")), web("p", spread())] }, "b1"],
    [
      "minDomains: zones that are missing count as empty",
      { nodes: zoned, pods: [on("a1", web("x")), on("b1", web("y")), web("p", spread({ minDomains: 3 }))] },
      `3 node(s) ${skewed}`
    ],
    [
      "nodeTaintsPolicy Ignore: the tainted zone counts",
      { nodes: [...zoned, tainted], pods: [on("a1", web("x")), on("b1", web("y")), web("p", spread())] },
      `1 node(s) had untolerated taint(s), 3 node(s) ${skewed}`
    ],
    [
      "nodeTaintsPolicy Honor: it does not",
      {
        nodes: [...zoned, tainted],
        pods: [on("a1", web("x")), on("b1", web("y")), web("p", spread({ nodeTaintsPolicy: "Honor" }))]
      },
      "a2"
    ],
    [
      "nodeAffinityPolicy Honor: other zones do not count",
      { nodes: zoned, pods: [on("a1", web("x")), web("p", { ...spread(), nodeSelector: { zone: "a" } })] },
      "a2"
    ],
    [
      "nodeAffinityPolicy Ignore: they do",
      {
        nodes: zoned,
        pods: [on("a1", web("x")), web("p", { ...spread({ nodeAffinityPolicy: "Ignore" }), nodeSelector: { zone: "a" } })]
      },
      `1 node(s) didn't match Pod's node affinity/selector, 2 node(s) ${skewed}`
    ],
    [
      "matchLabelKeys: only pods of the same version",
      {
        nodes: zoned,
        pods: [
          on("b1", web("x", {}, { version: "1" })),
          on("a1", web("y", {}, { version: "2" })),
          web("p", spread({ matchLabelKeys: ["version"] }), { version: "2" })
        ]
      },
      "b1"
    ]
  ]
  for (const [name, input, expected] of cases) test(name, () => expect(outcome(input)).toBe(expected))

  test("a node without the label takes nobody", () =>
    expect(outcome({ nodes: [node("bare")], pods: [web("p", spread())] })).toBe(`1 node(s) ${skewed} (missing required label)`))

  test("a larger skew", () => {
    const wanted = web("p", { ...spread({ maxSkew: 2, nodeAffinityPolicy: "Ignore" }), nodeSelector: { zone: "a" } })
    expect(outcome({ nodes: zoned, pods: [on("a1", web("x")), wanted] })).toBe("a2")
    expect(outcome({ nodes: zoned, pods: [on("a1", web("x")), on("a1", web("y")), wanted] })).toContain(skewed)
  })

  test("pods that are being deleted do not count", () => {
    const going = on("b1", web("x"))
    const gone = { ...going, metadata: { ...going.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } }
    const pods = [
      gone,
      on("a1", web("y")),
      web("p", { ...spread({ nodeAffinityPolicy: "Ignore" }), nodeSelector: { zone: "a" } })
    ]
    expect(outcome({ nodes: zoned, pods })).toBe(`1 node(s) didn't match Pod's node affinity/selector, 2 node(s) ${skewed}`)
  })

  const soft = spread({ whenUnsatisfiable: "ScheduleAnyway" })
  test("soft constraints: fewer are better, twice", () => {
    const held = [on("a1", web("x")), on("a2", web("y")), on("b1", web("z"))]
    // Two zones weigh log(2 + 2): 2.77 and 1.39, rounded 3 and 1; (3 + 1 - 3) / 3 and 3 / 3 of 100.
    expect(scoresOf("PodTopologySpread", { nodes: zoned, pods: held }, web("p", soft))).toEqual({ a1: 66, a2: 66, b1: 200 })
    expect(scoresOf("PodTopologySpread", { nodes: zoned, pods: [] }, web("p", soft))).toEqual({ a1: 200, a2: 200, b1: 200 })
    const bare = [...zoned, node("bare")]
    expect(scoresOf("PodTopologySpread", { nodes: bare, pods: held }, web("p", soft))).toMatchObject({ b1: 200, bare: 0 })
    expect(scoresOf("PodTopologySpread", { nodes: zoned, pods: held }, web("p"))).toMatchObject({ b1: undefined })
  })

  test("the cluster's own constraints spread the pods of a Service", () => {
    const services = [{ metadata: { name: "web", namespace: "default" }, spec: { selector: { app: "web" } } }]
    const input = { nodes: zoned, services, pods: [on("a1", web("x"))] }
    const { a1, a2 } = scoresOf("PodTopologySpread", input, web("p"))
    expect(a1! < a2!).toBe(true)
    expect(scoresOf("PodTopologySpread", input, pod("p"))).toMatchObject({ a1: undefined })
  })
})
