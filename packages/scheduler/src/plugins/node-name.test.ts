/** NodeName, NodeUnschedulable and NodePorts: filters that look at one field. @module */
import { describe, expect, test } from "bun:test"
import { snapshotOf } from "../embed.ts"
import { podInfo } from "../pod-info.ts"
import { node, on, outcome, pod, type Spec } from "../testing/cases.ts"
import { nodeName } from "./node-name.ts"

describe("NodeName", () => {
  const [a, b] = ["a", "b"].map((name) => snapshotOf({ nodes: [node(name)], pods: [] }).nodes.get(name)!)
  const refusal = { reasons: ["node(s) didn't match the requested node name"], resolvable: false }
  const cases = [
    ["no name: any node", pod("p"), [undefined, undefined]],
    ["an empty name is none", on("", pod("p")), [undefined, undefined]],
    ["the name of one", on("b", pod("p")), [refusal, undefined]],
    ["the name of nobody", on("z", pod("p")), [refusal, refusal]]
  ] as const
  for (const [name, wanted, expected] of cases)
    test(name, () => {
      const answers = [a!, b!].map((each) => nodeName.filter?.(podInfo(wanted), each, undefined))
      expect(answers).toEqual([...expected])
    })
})

describe("NodeUnschedulable", () => {
  const key = "node.kubernetes.io/unschedulable"
  const refused = "1 node(s) were unschedulable"
  const cases: ReadonlyArray<readonly [name: string, isCordoned: boolean, spec: Spec, expected: string]> = [
    ["a node that takes pods", false, {}, "a"],
    ["a cordoned node", true, {}, refused],
    ["tolerated by its key", true, { tolerations: [{ key, operator: "Exists" }] }, "a"],
    ["tolerated with its effect", true, { tolerations: [{ key, operator: "Exists", effect: "NoSchedule" }] }, "a"],
    ["everything tolerated", true, { tolerations: [{ operator: "Exists" }] }, "a"],
    ["another effect tolerated", true, { tolerations: [{ key, operator: "Exists", effect: "NoExecute" }] }, refused],
    ["another key tolerated", true, { tolerations: [{ key: "other", operator: "Exists" }] }, refused]
  ]
  for (const [name, unschedulable, spec, expected] of cases)
    test(name, () => expect(outcome({ nodes: [node("a", {}, {}, { unschedulable })], pods: [pod("p", spec)] })).toBe(expected))
})

describe("NodePorts", () => {
  const port = (hostPort: number, hostIP?: string, protocol?: "TCP" | "UDP" | "SCTP") => ({
    containerPort: 80,
    hostPort,
    ...(hostIP === undefined ? {} : { hostIP }),
    ...(protocol === undefined ? {} : { protocol })
  })
  const holding = (...ports: ReadonlyArray<ReturnType<typeof port>>): Spec => ({ containers: [{ name: "c", ports }] })
  const refused = "1 node(s) didn't have free ports for the requested pod ports"
  const cases: ReadonlyArray<readonly [name: string, held: Spec, wanted: Spec, expected: string]> = [
    ["nothing wanted", holding(port(80)), {}, "a"],
    ["another port", holding(port(80)), holding(port(81)), "a"],
    ["the same port", holding(port(80)), holding(port(80)), refused],
    ["one of two", holding(port(80)), holding(port(81), port(80)), refused],
    ["another protocol", holding(port(80, undefined, "UDP")), holding(port(80)), "a"],
    ["another address", holding(port(80, "10.0.0.1")), holding(port(80, "10.0.0.2")), "a"],
    ["the same address", holding(port(80, "10.0.0.1")), holding(port(80, "10.0.0.1")), refused],
    ["every address wanted", holding(port(80, "10.0.0.1")), holding(port(80, "0.0.0.0")), refused],
    ["every address held", holding(port(80)), holding(port(80, "10.0.0.1")), refused],
    [
      "ports of sidecars",
      { initContainers: [{ name: "s", restartPolicy: "Always", ports: [port(80)] }] },
      holding(port(80)),
      refused
    ],
    ["ports of init containers are free again", { initContainers: [{ name: "i", ports: [port(80)] }] }, holding(port(80)), "a"]
  ]
  for (const [name, held, wanted, expected] of cases)
    test(name, () => expect(outcome({ nodes: [node("a")], pods: [on("a", pod("x", held)), pod("p", wanted)] })).toBe(expected))
})
