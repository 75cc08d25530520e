/** Planning without a cluster: forks, explanations, bad input. @module */
import { describe, expect, test } from "bun:test"
import { makePlanner, plan } from "./embed.ts"
import { cpu, node, outcome, pod, type Spec } from "./testing/cases.ts"

const nodes = [node("a", { zone: "a" }), node("b", { zone: "b" })]
describe("the planner", () => {
  test("takes back what happened since a fork", () => {
    const planner = makePlanner({ nodes: [node("a")], pods: [] })
    planner.snapshot.fork()
    expect(planner.place(pod("x", cpu("3"))).type).toBe("placed")
    expect(planner.decide(pod("y", cpu("2"))).type).toBe("refused")
    planner.snapshot.fork()
    planner.snapshot.setNode(node("b"))
    expect(planner.decide(pod("y", cpu("2")))).toMatchObject({ nodeName: "b" })
    planner.snapshot.commit()
    expect(planner.decide(pod("y", cpu("2")))).toMatchObject({ nodeName: "b" })
    planner.snapshot.revert()
    expect(planner.decide(pod("y", cpu("4")))).toMatchObject({ nodeName: "a" })
    expect([...planner.snapshot.nodes.keys()]).toEqual(["a"])
  })

  test("explains every node, and counts how many more fit", () => {
    const planner = makePlanner({ nodes: [node("a"), node("b", {}, { cpu: "1" })], pods: [] })
    const { nodes: told } = planner.explain(pod("x", cpu("2")))
    expect(told).toMatchObject([
      { name: "a", fits: true },
      { name: "b", fits: false, plugin: "NodeResourcesFit", reasons: ["Insufficient cpu"] }
    ])
    expect(planner.howManyMore(pod("x", cpu("500m")))).toBe(10)
    expect(planner.howManyMore(pod("x", cpu("500m")), 3)).toBe(3)
    expect(planner.snapshot.nodes.get("a")?.pods.size).toBe(0)
  })

  const term = (more: object) =>
    ({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [more] } } }) as unknown as Spec
  const bad: ReadonlyArray<readonly [spec: Spec, message: string]> = [
    [cpu("-1"), 'spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
    [cpu("lots"), "spec.containers[0].resources.requests[cpu]: Invalid value"],
    [
      term({ topologyKey: "" }),
      "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value"
    ],
    [
      term({ topologyKey: "zone", labelSelector: { matchExpressions: [{ key: "a", operator: "Near" }] } }),
      "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: Invalid value"
    ],
    [
      { topologySpreadConstraints: [{ maxSkew: 0, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" }] },
      "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero"
    ],
    [{ containers: "none" } as unknown as Spec, 'spec.containers: Invalid value: "none": must be a list']
  ]
  for (const [spec, message] of bad) {
    test(`refuses ${JSON.stringify(spec).slice(0, 60)}`, () => {
      const { decision } = plan({ nodes, pods: [pod("p", spec)] })[0]!
      expect(decision.type).toBe("invalid")
      expect(decision.type === "invalid" && decision.message).toContain(message)
    })
  }

  test("says which node cannot be read, and lives with 10,000 taints", () => {
    expect(() => plan({ nodes: [node("a", {}, { cpu: "-1" })], pods: [] })).toThrow(
      "nodes[0].status.allocatable[cpu]: Invalid value"
    )
    const taints = Array.from({ length: 10_000 }, (_, index) => ({ key: `k${index}`, effect: "NoSchedule" as const }))
    expect(outcome({ nodes: [node("a", {}, {}, { taints })], pods: [pod("p")] })).toBe("1 node(s) had untolerated taint(s)")
    expect(
      outcome({
        nodes,
        pods: [
          pod("p", {
            nodeSelector: { zone: "a" },
            ...{
              affinity: {
                nodeAffinity: {
                  requiredDuringSchedulingIgnoredDuringExecution: {
                    nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator: "In", values: ["b"] }] }]
                  }
                }
              }
            }
          })
        ]
      })
    ).toBe("2 node(s) didn't match Pod's node affinity/selector")
  })
})
