/** NodeResourcesBalancedAllocation: what the pod does to the balance of a node. @module */
import { describe, expect, test } from "bun:test"
import { cpu, node, on, pod, scoresOf } from "../testing/cases.ts"
import { makeNodeResourcesBalancedAllocation } from "./node-resources-balanced-allocation.ts"

const name = "NodeResourcesBalancedAllocation"

describe(name, () => {
  // 4 cpus and 8 GiB: a cpu is a quarter, a GiB an eighth.
  const used = (each: string, cpus: string, memory: string) => on(each, pod(each, cpu(cpus, { memory })))
  const nodes = ["empty", "cpuish", "even"].map((each) => node(each))
  const pods = [used("cpuish", "2", "0"), used("even", "2", "4Gi")]
  const cases = [
    // Balance 100 before and after: 50 + 50 / 2.
    [
      "a balanced pod keeps the balance of empty and even nodes",
      cpu("1", { memory: "2Gi" }),
      { empty: 75, cpuish: 75, even: 75 }
    ],
    // Empty and even: shares 0.25 and 0.5 apart, balance 87: 50 + (50 - 13) / 2. Where cpu was used alone: 75 becomes 87.
    ["a pod of much memory mends a node of much cpu", cpu("1", { memory: "4Gi" }), { empty: 68, cpuish: 81, even: 68 }],
    ["a pod of much cpu makes it worse", cpu("2", { memory: "0" }), { empty: 62, cpuish: 62, even: 62 }]
  ] as const
  for (const [what, spec, expected] of cases)
    test(what, () => expect(scoresOf(name, { nodes, pods }, pod("p", spec))).toEqual(expected))

  test("a pod that asks for nothing is not ranked", () =>
    expect(scoresOf(name, { nodes, pods }, pod("p"))).toEqual({ empty: undefined, cpuish: undefined, even: undefined }))

  test("other resources, where the pod asks for them", () => {
    const resources = ["cpu", "memory", "example.com/gpu"].map((each) => ({ name: each }))
    const plugins = [makeNodeResourcesBalancedAllocation({ resources })]
    const gpus = [node("a", {}, { "example.com/gpu": "4" })]
    const of = (more: Record<string, string>) => scoresOf(name, { nodes: gpus, pods: [] }, pod("p", cpu("1", more)), plugins)["a"]
    // All three shares a quarter.
    expect(of({ memory: "2Gi", "example.com/gpu": "1" })).toBe(75)
    // A quarter, a quarter, and all: standard deviation 0.354.
    expect(of({ memory: "2Gi", "example.com/gpu": "4" })).toBe(57)
    expect(of({ memory: "2Gi" })).toBe(75)
  })
})
