/** The queue's promises: order, waiting, waking, nothing lost. @module */
import { describe, expect, test } from "bun:test"
import type { Pod } from "@tsukube/api/core-v1"
import { defaultPlugins } from "./default-plugins.ts"
import { backoffMs, SchedulingQueue } from "./queue.ts"

const pod = (name: string, priority = 0, spec: Partial<NonNullable<Pod["spec"]>> = {}): Pod => ({
  metadata: { name, uid: name, namespace: "default" },
  spec: { containers: [], priority, ...spec }
})
const makeQueue = (): SchedulingQueue => new SchedulingQueue({ plugins: defaultPlugins })
const drain = (queue: SchedulingQueue): ReadonlyArray<string> => {
  const names: Array<string> = []
  for (let next = queue.take(); next !== undefined; next = queue.take()) names.push(next.key)
  return names
}
const refusedBy = (...names: ReadonlyArray<string>): ReadonlySet<string> => new Set(names)

describe("the scheduling queue", () => {
  test("gives higher priority first, then first come first served", () => {
    const queue = makeQueue()
    queue.put(pod("a"), 1)
    queue.put(pod("b"), 2)
    queue.put(pod("urgent", 100), 3)
    expect(drain(queue)).toEqual(["urgent", "a", "b"])
  })

  test("never gives a pod out twice while it is in flight", () => {
    const queue = makeQueue()
    queue.put(pod("a"), 0)
    expect(queue.take()?.key).toBe("a")
    queue.put(pod("a"), 1)
    expect(queue.take()).toBeUndefined()
  })

  test("wakes a refused pod only for events its plugins care about, and after its back-off when others wait", () => {
    const queue = makeQueue()
    queue.put(pod("a"), 0)
    queue.take()
    queue.putAside("a", refusedBy("NodeResourcesFit"), 0)
    queue.moveOn("NodeTaintsChanged", 10)
    expect(queue.sizes).toEqual({ active: 0, backoff: 0, unschedulable: 1, gated: 0 })
    queue.moveOn("PodRemoved", 10)
    expect(queue.sizes.backoff).toBe(1)
    expect(queue.nextDueMs).toBe(1000)
    queue.put(pod("b"), 10)
    expect(queue.take()?.key).toBe("b")
    expect(queue.take()?.attempts).toBe(2)
  })

  test("waits the full time after an error", () => {
    const queue = makeQueue()
    queue.put(pod("a"), 0)
    queue.take()
    queue.putAside("a", refusedBy(), 0)
    queue.advance(999)
    expect(queue.take()).toBeUndefined()
    queue.advance(1000)
    expect(queue.take()?.key).toBe("a")
  })

  test("is not woken by a change of the pod's status", () => {
    const queue = makeQueue()
    queue.put(pod("a"), 0)
    queue.take()
    queue.putAside("a", refusedBy("NodeName"), 0)
    queue.renew({ ...pod("a"), status: { phase: "Pending" } })
    expect(queue.sizes.unschedulable).toBe(1)
  })

  test("does not lose an event that came while the pod was tried", () => {
    const queue = makeQueue()
    queue.put(pod("a"), 0)
    queue.take()
    queue.moveOn("NodeAdded", 1)
    queue.putAside("a", refusedBy("NodeResourcesFit"), 2)
    expect(queue.sizes.backoff).toBe(1)
  })

  test("tries again by itself after five minutes", () => {
    const queue = makeQueue()
    queue.put(pod("a"), 0)
    queue.take()
    queue.putAside("a", refusedBy("NodeAffinity"), 0)
    expect(queue.nextDueMs).toBe(300_000)
    queue.advance(300_000)
    expect(queue.take()?.key).toBe("a")
  })

  test("holds gated pods until the gates go", () => {
    const queue = makeQueue()
    queue.put(pod("a", 0, { schedulingGates: [{ name: "wait" }] }), 0)
    expect(queue.sizes.gated).toBe(1)
    queue.put(pod("a"), 1)
    expect(queue.take()?.key).toBe("a")
  })

  test("waits longer after each attempt, up to ten seconds", () => {
    expect([1, 2, 3, 4, 5, 9].map((attempts) => backoffMs(attempts))).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000])
  })

  test("forgets removed pods wherever they are", () => {
    const queue = makeQueue()
    for (const name of ["a", "b", "c"]) queue.put(pod(name), 0)
    queue.take()
    queue.putAside("a", refusedBy("NodeName"), 0)
    queue.remove("a")
    queue.remove("b")
    expect(queue.has("a") || queue.has("b")).toBe(false)
    expect(drain(queue)).toEqual(["c"])
  })
})
