import { expect, test } from "bun:test"
import { EventCorrelator, type Occurrence } from "./event-correlation.ts"

const pod = { apiVersion: "v1", kind: "Pod", namespace: "default", name: "web", uid: "u1" }
const occurrence = (message: string, more: Partial<Occurrence> = {}): Occurrence => ({
  involvedObject: pod,
  type: "Normal",
  reason: "Pulled",
  message,
  ...more
})

test("equal events are one with a count; its name and first time stay", () => {
  const correlator = new EventCorrelator()
  const first = correlator.see(occurrence("image pulled"), 1000, 255n)
  expect(first).toEqual({ name: "web.ff", message: "image pulled", count: 1, firstMs: 1000, lastMs: 1000 })
  const second = correlator.see(occurrence("image pulled"), 5000, 999n)
  expect(second).toEqual({ name: "web.ff", message: "image pulled", count: 2, firstMs: 1000, lastMs: 5000 })
  const fields = [
    { reason: "Started" },
    { type: "Warning" as const },
    { involvedObject: { ...pod, uid: "u2" } },
    { involvedObject: { ...pod, fieldPath: "spec.containers{a}" } }
  ]
  for (const different of fields) expect(correlator.see(occurrence("image pulled", different), 5000, 1n)?.count).toBe(1)
})

test("from the tenth message of one reason on they are combined, until that has been quiet for ten minutes", () => {
  const correlator = new EventCorrelator()
  for (let i = 1; i <= 9; i++) expect(correlator.see(occurrence(`try ${i}`), i, 1n)?.message).toBe(`try ${i}`)
  expect(correlator.see(occurrence("try 10"), 10, 1n)).toMatchObject({
    message: "(combined from similar events): try 10",
    count: 1
  })
  expect(correlator.see(occurrence("try 11"), 11, 1n)).toMatchObject({
    message: "(combined from similar events): try 11",
    count: 2
  })
  expect(correlator.see(occurrence("try 3"), 12, 1n)).toMatchObject({ message: "try 3", count: 2 })
  expect(correlator.see(occurrence("try 12"), 12 + 600_001, 1n)).toMatchObject({ message: "try 12", count: 1 })
})

test("more than 25 events about one object are dropped, one more may pass every five minutes, and the count goes on", () => {
  const correlator = new EventCorrelator()
  const see = (nowMs: number) => correlator.see(occurrence("again"), nowMs, 1n)
  for (let i = 1; i <= 25; i++) expect(see(0)?.count).toBe(i)
  expect(see(0)).toBeUndefined()
  expect(see(299_000)).toBeUndefined()
  expect(see(300_000)?.count).toBe(28)
  expect(see(300_000)).toBeUndefined()
  expect(correlator.see(occurrence("again", { involvedObject: { ...pod, uid: "u2" } }), 0, 1n)?.count).toBe(1)
})

test("it remembers a bounded number of events", () => {
  const correlator = new EventCorrelator()
  for (let i = 0; i < 5000; i++) correlator.see(occurrence("m", { involvedObject: { ...pod, uid: `u${i}` } }), 0, 1n)
  expect(correlator.see(occurrence("m", { involvedObject: { ...pod, uid: "u4999" } }), 0, 1n)?.count).toBe(2)
  expect(correlator.see(occurrence("m", { involvedObject: { ...pod, uid: "u0" } }), 0, 1n)?.count).toBe(1)
})
