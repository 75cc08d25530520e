/** SchedulingGates and PrioritySort: who comes into the queue, and in which order. @module */
import { describe, expect, test } from "bun:test"
import { node, outcome, pod, type Spec } from "../testing/cases.ts"
import { prioritySort } from "./priority-sort.ts"
import { schedulingGates } from "./scheduling-gates.ts"

describe("SchedulingGates", () => {
  const cases: ReadonlyArray<readonly [name: string, spec: Spec, expected: string]> = [
    ["no gates", {}, "a"],
    ["an empty list of gates", { schedulingGates: [] }, "a"],
    ["one gate", { schedulingGates: [{ name: "one" }] }, "waiting for scheduling gates: [one]"],
    ["two gates", { schedulingGates: [{ name: "one" }, { name: "two" }] }, "waiting for scheduling gates: [one two]"]
  ]
  for (const [name, spec, expected] of cases)
    test(name, () => expect(outcome({ nodes: [node("a")], pods: [pod("p", spec)] })).toBe(expected))

  test("says nothing once the pod is in the queue", () =>
    expect(Object.keys(schedulingGates).sort()).toEqual(["events", "name", "preEnqueue"]))
})

describe("PrioritySort", () => {
  const queued = (name: string, sinceMs: number, priority?: number) => ({
    pod: pod(name, priority === undefined ? {} : { priority }),
    sinceMs
  })
  const cases: ReadonlyArray<readonly [name: string, queue: ReadonlyArray<ReturnType<typeof queued>>, order: string]> = [
    ["higher priority first, whenever it came", [queued("low", 1, 5), queued("high", 2, 10)], "high low"],
    ["equal priority: first come first served", [queued("second", 2, 5), queued("first", 1, 5)], "first second"],
    ["no priority is priority 0", [queued("none", 1), queued("negative", 0, -1), queued("one", 2, 1)], "one none negative"],
    ["the system's priorities are large numbers", [queued("user", 0, 1e9), queued("node", 1, 2_000_001_000)], "node user"]
  ]
  for (const [name, queue, order] of cases)
    test(name, () =>
      expect(
        [...queue]
          .sort(prioritySort.compare)
          .map((each) => each.pod.metadata?.name)
          .join(" ")
      ).toBe(order)
    )
})
