import { expect, test } from "bun:test"
import { makeDeadlines } from "./deadlines.ts"
import { randomOf } from "./testing/random.ts"

test("what is due, in order, whatever was set anew or deleted meanwhile", () => {
  const random = randomOf(5)
  const deadlines = makeDeadlines<number>()
  const expected = new Map<number, number>()
  for (let step = 0; step < 5000; step++) {
    const name = Math.floor(random() * 200)
    if (random() < 0.25) {
      deadlines.delete(name)
      expected.delete(name)
    } else {
      const atMs = Math.floor(random() * 100_000)
      deadlines.set(name, atMs)
      expected.set(name, atMs)
    }
    expect(deadlines.nextMs()).toBe(Math.min(Number.POSITIVE_INFINITY, ...expected.values()))
    if (step % 50 !== 0) continue
    const nowMs = Math.floor(random() * 100_000)
    const due = [...expected].filter(([, atMs]) => atMs <= nowMs).map(([, atMs]) => atMs)
    const told = deadlines.due(nowMs)
    expect(told.map((name) => expected.get(name))).toEqual(due.sort((a, b) => a - b))
    expect(deadlines.due(nowMs, 3).map((name) => expected.get(name))).toEqual(due.slice(0, 3))
  }
})
