import { expect, test } from "bun:test"
import { WorkQueue } from "./queue.ts"

/** A small generator of numbers with a seed, so that a failing run can be repeated. */
const randomFrom = (seed: number) => () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed / 2 ** 32
}

test("a key added several times is taken once", () => {
  const queue = new WorkQueue()
  queue.add("a")
  queue.add("b")
  queue.add("a")
  expect([queue.take(), queue.take(), queue.take()]).toEqual(["a", "b", undefined])
})

test("a key added while it is worked on comes back when that work is done, and not before", () => {
  const queue = new WorkQueue()
  queue.add("a")
  queue.take()
  queue.add("a")
  queue.add("a")
  expect(queue.take()).toBeUndefined()
  queue.done("a")
  expect(queue.take()).toBe("a")
  queue.done("a")
  expect(queue.take()).toBeUndefined()
  expect(queue.isIdle).toBe(true)
})

test("of several times for one key the earliest counts, and it is added once", () => {
  const queue = new WorkQueue()
  queue.addAt("a", 30)
  queue.addAt("a", 10)
  queue.addAt("a", 20)
  expect(queue.nextDueMs).toBe(10)
  queue.advance(9)
  expect(queue.take()).toBeUndefined()
  queue.advance(10)
  expect(queue.take()).toBe("a")
  queue.done("a")
  queue.advance(100)
  expect(queue.take()).toBeUndefined()
  expect(queue.nextDueMs).toBeUndefined()
})

test("property: no key is handed out twice at once, nothing added is lost, timers fire in order, whatever the interleaving", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = randomFrom(seed)
    const queue = new WorkQueue()
    const taken = new Set<string>()
    // What the queue owes: keys added and not taken since, and the earliest time of each delayed one.
    const owed = new Set<string>()
    const due = new Map<string, number>()
    let nowMs = 0
    const checkTaken = (key: string | undefined) => {
      if (key === undefined) {
        expect([...owed].filter((other) => !taken.has(other))).toEqual([])
        return
      }
      expect(taken.has(key)).toBe(false)
      expect(owed.delete(key)).toBe(true)
      taken.add(key)
    }
    const steps = [
      (key: string) => {
        queue.add(key)
        owed.add(key)
      },
      (key: string) => {
        const dueMs = nowMs + Math.floor(random() * 20)
        queue.addAt(key, dueMs)
        due.set(key, Math.min(due.get(key) ?? Number.POSITIVE_INFINITY, dueMs))
      },
      () => {
        nowMs += Math.floor(random() * 10)
        queue.advance(nowMs)
        for (const [key, dueMs] of due) {
          if (dueMs > nowMs) continue
          due.delete(key)
          owed.add(key)
        }
        const next = due.size === 0 ? undefined : Math.min(...due.values())
        // A timer that an earlier one replaced may make the queue look up too soon, never too late.
        if (next !== undefined) expect(queue.nextDueMs!).toBeLessThanOrEqual(next)
      },
      () => checkTaken(queue.take()),
      () => {
        const [key] = [...taken].sort(() => random() - 0.5)
        if (key === undefined) return
        queue.done(key)
        taken.delete(key)
      }
    ]
    for (let step = 0; step < 200; step++) {
      const key = `k${Math.floor(random() * 6)}`
      steps[Math.floor(random() * steps.length)]!(key)
    }
    // Everything owed comes out in the end.
    queue.advance(nowMs + 1000)
    for (const key of due.keys()) owed.add(key)
    for (const key of [...taken]) queue.done(key)
    taken.clear()
    for (let key = queue.take(); key !== undefined; key = queue.take()) {
      checkTaken(key)
      queue.done(key)
      taken.delete(key)
    }
    expect([...owed]).toEqual([])
    expect(queue.isIdle).toBe(true)
  }
})

test("many keys go through in the order in which they were added", () => {
  const queue = new WorkQueue()
  const seen: Array<string> = []
  for (let i = 0; i < 5000; i++) queue.add(`k${i}`)
  for (let key = queue.take(); key !== undefined; key = queue.take()) {
    seen.push(key)
    queue.done(key)
  }
  expect(seen).toEqual(Array.from({ length: 5000 }, (_, i) => `k${i}`))
})
