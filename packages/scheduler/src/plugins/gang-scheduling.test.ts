/** GangScheduling: pods that get their nodes together, or not at all. @module */
import { describe, expect, test } from "bun:test"
import type { Pod } from "@tsukube/api/core-v1"
import type { PodGroup } from "@tsukube/api/scheduling-v1alpha2"
import { makePlanner, type PlanInput, plan } from "../embed.ts"
import { checkFeatureGates, parseFeatureGates, pluginsFor } from "../feature-gates.ts"
import { SchedulingQueue } from "../queue.ts"
import { Snapshot } from "../snapshot.ts"
import { cpu, node, on, pod } from "../testing/cases.ts"

const plugins = pluginsFor({ GenericWorkload: true, GangScheduling: true })
const gang = (name: string, minCount: number): PodGroup => ({
  metadata: { name, namespace: "default" },
  spec: { schedulingPolicy: { gang: { minCount } } }
})
const basic: PodGroup = { metadata: { name: "g", namespace: "default" }, spec: { schedulingPolicy: { basic: {} } } }
const member = (name: string, amount = "2", podGroupName = "g"): Pod =>
  pod(name, { ...cpu(amount), schedulingGroup: { podGroupName } })
const outcomes = (input: PlanInput, on = plugins): string =>
  plan(input, { plugins: on })
    .map(
      ({ pod: { metadata }, decision }) =>
        `${metadata?.name} ${decision.type === "placed" ? decision.nodeName : decision.message.replace(/ preemption: .*/, "")}`
    )
    .join("; ")

describe("GangScheduling", () => {
  const a = [node("a")]
  const waits = "waiting for minCount pods from a gang to be scheduled"
  const few = "waiting for minCount pods from a gang to appear in scheduling queue"
  const cases: ReadonlyArray<readonly [name: string, input: PlanInput, expected: string]> = [
    ["enough room for all", { nodes: a, podGroups: [gang("g", 2)], pods: [member("x"), member("y")] }, "x a; y a"],
    [
      "room for one of two: none",
      { nodes: a, podGroups: [gang("g", 2)], pods: [member("x", "3"), member("y", "3")] },
      `x ${waits}; y 0/1 nodes are available: 1 Insufficient cpu.`
    ],
    [
      "more than the gang needs: those that fit",
      { nodes: a, podGroups: [gang("g", 2)], pods: [member("x"), member("y"), member("z")] },
      "x a; y a; z 0/1 nodes are available: 1 Insufficient cpu."
    ],
    ["a gang that is not complete is not tried", { nodes: a, podGroups: [gang("g", 2)], pods: [member("x")] }, `x ${few}`],
    ["no group", { nodes: a, pods: [member("x")] }, `x waiting for pods's pod group "g" to appear in scheduling queue`],
    [
      "the basic policy places each alone",
      { nodes: a, podGroups: [basic], pods: [member("x", "3"), member("y", "3")] },
      "x a; y 0/1 nodes are available: 1 Insufficient cpu."
    ],
    ["pods that have a node count", { nodes: a, podGroups: [gang("g", 2)], pods: [on("a", member("x")), member("y")] }, "y a"],
    [
      "two gangs for the room of one: the first has it all",
      {
        nodes: a,
        podGroups: [gang("g", 2), gang("h", 2)],
        pods: [member("x"), member("v", "2", "h"), member("y"), member("w", "2", "h")]
      },
      "x a; v 0/1 nodes are available: 1 Insufficient cpu.; y a; w 0/1 nodes are available: 1 Insufficient cpu."
    ],
    [
      "what a gang gives back the next pod gets",
      { nodes: a, podGroups: [gang("g", 2)], pods: [member("x", "3"), member("y", "3"), pod("z", cpu("4"))] },
      `x ${waits}; y 0/1 nodes are available: 1 Insufficient cpu.; z a`
    ],
    [
      "the group of another namespace is another one",
      { nodes: a, podGroups: [{ ...gang("g", 1), metadata: { name: "g", namespace: "other" } }], pods: [member("x")] },
      `x waiting for pods's pod group "g" to appear in scheduling queue`
    ]
  ]
  for (const [name, input, expected] of cases) test(name, () => expect(outcomes(input)).toBe(expected))

  test("is off by default", () =>
    expect(outcomes({ nodes: a, podGroups: [gang("g", 2)], pods: [member("x", "3"), member("y", "3")] }, pluginsFor({}))).toBe(
      "x a; y 0/1 nodes are available: 1 Insufficient cpu."
    ))

  test("gates that make no sense are refused", () => {
    expect(checkFeatureGates({ Nobody: true })).toEqual(["unrecognized feature gate: Nobody"])
    expect(() => pluginsFor({ GangScheduling: true })).toThrow(
      "GangScheduling is enabled, but depends on features that are disabled: [GenericWorkload]"
    )
    expect(() => parseFeatureGates("GangScheduling=yes")).toThrow("invalid value of GangScheduling, must be true or false: yes")
    expect(parseFeatureGates("GenericWorkload=true,GangScheduling=true")).toEqual({ GenericWorkload: true, GangScheduling: true })
  })

  test("all or none by hand, too", () => {
    const planner = makePlanner({ nodes: a, pods: [] })
    expect(planner.placeTogether([pod("x", cpu("3")), pod("y", cpu("3"))]).map(({ type }) => type)).toEqual([
      "refused",
      "refused"
    ])
    expect(planner.snapshot.nodes.get("a")?.pods.size).toBe(0)
    expect(planner.placeTogether([pod("x", cpu("3")), pod("y", cpu("3"))], 1).map(({ type }) => type)).toEqual([
      "placed",
      "refused"
    ])
  })

  test("the queue lets a gang in when its group and enough of its pods are there", () => {
    const snapshot = new Snapshot()
    const queue = new SchedulingQueue({ plugins, snapshot })
    const add = (each: Pod): void => {
      if (snapshot.groups.add(each)) queue.moveOn("UnscheduledPodAdded", 0, { object: each })
      queue.put(each, 0)
    }
    add(member("x"))
    add(member("other", "1", "h"))
    snapshot.objects.podGroups.set(gang("g", 2))
    queue.moveOn("PodGroupChanged", 0, { object: gang("g", 2) })
    expect(queue.sizes).toMatchObject({ active: 0, gated: 2 })
    add(member("y"))
    expect(queue.sizes).toMatchObject({ active: 2, gated: 1 })
    expect(queue.take()?.key).toBeDefined()
    expect([queue.takeKey("x"), queue.takeKey("y")].filter((each) => each !== undefined)).toHaveLength(1)
    expect(queue.takeKey("other")).toBeUndefined()
  })
})
