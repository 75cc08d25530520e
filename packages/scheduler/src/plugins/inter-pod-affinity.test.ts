/** InterPodAffinity: near to some pods, far from others. @module */
import { describe, expect, test } from "bun:test"
import type { PlanInput } from "../embed.ts"
import { type Labels, node, on, outcome, pod, type Spec, scoresOf } from "../testing/cases.ts"

describe("InterPodAffinity", () => {
  const zoned = [node("a", { zone: "a" }), node("b", { zone: "b" })]
  const affine = (kind: "podAffinity" | "podAntiAffinity", more: object = {}): Spec => ({
    affinity: {
      [kind]: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: "zone", labelSelector: { matchLabels: { app: "web" } }, ...more }
        ]
      }
    }
  })
  const other = {
    ...on("b", pod("x", {}, { app: "web", version: "1" })),
    metadata: { name: "x", uid: "x", namespace: "other", labels: { app: "web", version: "1" } }
  }
  const namespaces = { other: { team: "red" } }
  const near = "2 node(s) didn't match pod affinity rules"
  const cases: ReadonlyArray<readonly [name: string, input: PlanInput, expected: string]> = [
    ["other namespaces do not count", { nodes: zoned, pods: [other, pod("p", affine("podAffinity"))] }, near],
    ["named ones do", { nodes: zoned, pods: [other, pod("p", affine("podAffinity", { namespaces: ["other"] }))] }, "b"],
    [
      "selected ones do",
      {
        nodes: zoned,
        namespaces,
        pods: [other, pod("p", affine("podAffinity", { namespaceSelector: { matchLabels: { team: "red" } } }))]
      },
      "b"
    ],
    [
      "others are not selected",
      {
        nodes: zoned,
        namespaces,
        pods: [other, pod("p", affine("podAffinity", { namespaceSelector: { matchLabels: { team: "blue" } } }))]
      },
      near
    ],
    [
      "an empty selector means all",
      { nodes: zoned, pods: [other, pod("p", affine("podAffinity", { namespaceSelector: {} }))] },
      "b"
    ],
    [
      "matchLabelKeys: another version",
      {
        nodes: zoned,
        pods: [other, pod("p", affine("podAffinity", { namespaces: ["other"], matchLabelKeys: ["version"] }), { version: "2" })]
      },
      near
    ],
    [
      "mismatchLabelKeys: away from other versions only",
      {
        nodes: zoned,
        pods: [
          on("a", pod("y", {}, { app: "web", version: "2" })),
          pod("p", affine("podAntiAffinity", { mismatchLabelKeys: ["version"] }), { app: "web", version: "1" })
        ]
      },
      "b"
    ]
  ]
  for (const [name, input, expected] of cases) test(name, () => expect(outcome(input)).toBe(expected))

  const preferring = (kind: "podAffinity" | "podAntiAffinity", weight: number): Spec => ({
    affinity: {
      [kind]: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight, podAffinityTerm: { topologyKey: "zone", labelSelector: { matchLabels: { app: "web" } } } }
        ]
      }
    }
  })
  const web = (name: string, nodeName: string, spec: Spec = {}) => on(nodeName, pod(name, spec, { app: "web" }))
  const app: Labels = { app: "web" }
  const both = (a: number | undefined, b: number | undefined) => ({ a, b })
  const scores: ReadonlyArray<
    readonly [
      name: string,
      pods: PlanInput["pods"],
      wanted: PlanInput["pods"][number],
      expected: Record<string, number | undefined>
    ]
  > = [
    ["nobody wishes anything", [web("x", "a")], pod("p"), both(undefined, undefined)],
    ["near what it likes", [web("x", "a")], pod("p", preferring("podAffinity", 1)), both(200, 0)],
    ["far from what it avoids", [web("x", "a")], pod("p", preferring("podAntiAffinity", 1)), both(0, 200)],
    [
      "the more of them the better",
      [web("x", "a"), web("y", "b"), web("z", "b")],
      pod("p", preferring("podAffinity", 5)),
      both(0, 200)
    ],
    ["pods that run have wishes, too", [web("x", "b", preferring("podAffinity", 3))], pod("p", {}, app), both(0, 200)],
    ["and wishes to be alone", [web("x", "b", preferring("podAntiAffinity", 3))], pod("p", {}, app), both(200, 0)],
    [
      "their requirements count as weight 1",
      [web("x", "b", affine("podAffinity")), web("y", "a", preferring("podAffinity", 2))],
      pod("p", {}, app),
      both(200, 0)
    ],
    ["a wish that concerns nobody", [], pod("p", preferring("podAffinity", 1)), both(undefined, undefined)]
  ]
  for (const [name, pods, wanted, expected] of scores)
    test(name, () => expect(scoresOf("InterPodAffinity", { nodes: zoned, pods }, wanted)).toEqual(expected))

  test("the first of a group may start, wherever the key is known", () => {
    const first = pod("p", affine("podAffinity"), app)
    expect(outcome({ nodes: zoned, pods: [first] })).toBe("a")
    expect(outcome({ nodes: [node("bare")], pods: [first] })).toBe("1 node(s) didn't match pod affinity rules")
  })

  test("what a running pod refuses", () => {
    const guard = on("b", pod("x", affine("podAntiAffinity")))
    expect(outcome({ nodes: zoned.slice(1), pods: [guard, pod("p", {}, app)] })).toBe(
      "1 node(s) didn't satisfy existing pods anti-affinity rules"
    )
    expect(outcome({ nodes: zoned, pods: [guard, pod("p", {}, app)] })).toBe("a")
  })
})
