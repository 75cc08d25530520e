/** NodeResourcesFit: room, and which room is liked best. @module */
import { describe, expect, test } from "bun:test"
import type { Plugin } from "../plugin.ts"
import { pluginFactories } from "../plugin-registry.ts"
import { cpu, type Labels, node, on, outcome, pod, type Spec, scoresOf } from "../testing/cases.ts"

describe("NodeResourcesFit strategies", () => {
  const made = (args: object): ReadonlyArray<Plugin> => [pluginFactories["NodeResourcesFit"]!(args as Record<string, unknown>)]
  const shape = [
    { utilization: 0, score: 0 },
    { utilization: 50, score: 10 },
    { utilization: 100, score: 0 }
  ]
  const input = {
    nodes: [node("empty"), node("half"), node("full")],
    pods: [
      on("half", pod("x", cpu("1500m", { memory: "1Gi" }))),
      on("full", pod("y", cpu("3", { memory: "7Gi" }))),
      pod("p", cpu("500m", { memory: "100Mi" }))
    ]
  }
  const cases: ReadonlyArray<readonly [strategy: object, expected: string]> = [
    [{}, "empty"],
    [{ type: "MostAllocated" }, "full"],
    [{ type: "RequestedToCapacityRatio", requestedToCapacityRatio: { shape }, resources: [{ name: "cpu", weight: 1 }] }, "half"]
  ]
  for (const [scoringStrategy, expected] of cases)
    test(JSON.stringify(scoringStrategy), () => expect(outcome(input, made({ scoringStrategy }))).toBe(expected))

  test("ignored resources are not looked at", () => {
    const wants = { nodes: [node("a")], pods: [pod("p", cpu("1", { "example.com/x": "1" }))] }
    expect(outcome(wants, made({}))).toBe("1 Insufficient example.com/x")
    expect(outcome(wants, made({ ignoredResources: ["example.com/x"] }))).toBe("a")
    expect(outcome(wants, made({ ignoredResourceGroups: ["example.com"] }))).toBe("a")
  })
})

describe("NodeResourcesFit", () => {
  const container = (name: string, requests: Labels) => ({ name, resources: { requests } })
  const sidecar = (name: string, requests: Labels) => ({ ...container(name, requests), restartPolicy: "Always" as const })
  const short = (...names: ReadonlyArray<string>): string => names.map((name) => `1 Insufficient ${name}`).join(", ")
  const cases: ReadonlyArray<readonly [name: string, spec: Spec, allocatable: Labels, expected: string]> = [
    ["nothing asked for", {}, { cpu: "0", memory: "0" }, "a"],
    ["exactly what there is", cpu("4", { memory: "8Gi" }), {}, "a"],
    ["a little more", cpu("4001m"), {}, short("cpu")],
    ["too much of both", cpu("5", { memory: "9Gi" }), {}, short("cpu", "memory")],
    ["no place for another pod", {}, { pods: "0" }, "1 Too many pods"],
    ["ephemeral storage", cpu("1", { "ephemeral-storage": "2Gi" }), { "ephemeral-storage": "1Gi" }, short("ephemeral-storage")],
    ["huge pages", cpu("1", { "hugepages-2Mi": "4Mi" }), { "hugepages-2Mi": "2Mi" }, short("hugepages-2Mi")],
    ["an extended resource that is there", cpu("1", { "example.com/gpu": "2" }), { "example.com/gpu": "2" }, "a"],
    ["one that nobody has", cpu("1", { "example.com/gpu": "1" }), {}, short("example.com/gpu")],
    ["containers add up", { containers: [container("c", { cpu: "2" }), container("d", { cpu: "3" })] }, {}, short("cpu")],
    [
      "init containers run one after the other",
      {
        containers: [container("c", { cpu: "1" })],
        initContainers: [container("i", { cpu: "4" }), container("j", { cpu: "4" })]
      },
      {},
      "a"
    ],
    [
      "a sidecar runs beside the containers",
      { containers: [container("c", { cpu: "2" })], initContainers: [sidecar("s", { cpu: "3" })] },
      {},
      short("cpu")
    ],
    [
      "and beside the init containers that follow it",
      { containers: [], initContainers: [sidecar("s", { cpu: "2" }), container("i", { cpu: "3" })] },
      {},
      short("cpu")
    ],
    [
      "not beside those before it",
      { containers: [], initContainers: [container("i", { cpu: "3" }), sidecar("s", { cpu: "2" })] },
      {},
      "a"
    ],
    ["overhead counts", { ...cpu("4"), overhead: { cpu: "1m" } }, {}, short("cpu")],
    [
      "the pod's own requests stand for those of its containers",
      { ...cpu("1"), resources: { requests: { cpu: "5" } } },
      {},
      short("cpu")
    ]
  ]
  for (const [name, spec, allocatable, expected] of cases)
    test(name, () => expect(outcome({ nodes: [node("a", {}, allocatable)], pods: [pod("p", spec)] })).toBe(expected))

  test("less allocated is better; containers that ask for nothing count as small ones", () => {
    const input = { nodes: [node("empty"), node("half")], pods: [on("half", pod("x", cpu("2", { memory: "4Gi" })))] }
    // (4000 - 1000) / 4000 and (8192 - 2048) / 8192 of 100, and half of that room.
    expect(scoresOf("NodeResourcesFit", input, pod("p", cpu("1", { memory: "2Gi" })))).toEqual({ empty: 75, half: 25 })
    // 100m and 200 MiB are taken to be used.
    expect(scoresOf("NodeResourcesFit", input, pod("p"))).toEqual({ empty: 97, half: 47 })
  })
})
