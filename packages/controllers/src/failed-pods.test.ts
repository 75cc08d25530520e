import { expect, test } from "bun:test"
import { FailedPods } from "./failed-pods.ts"

test("the first failed pod is replaced at once, the next ones later and later, each place for itself", () => {
  const pods = new FailedPods()
  expect(pods.replace("a", 0)).toBe(0)
  expect(pods.replace("a", 400)).toBe(600)
  expect(pods.replace("b", 400)).toBe(0)
  expect(pods.replace("a", 1000)).toBe(0)
  expect(pods.replace("a", 1500)).toBe(1500)
  expect(pods.replace("a", 3000)).toBe(0)
  expect(pods.replace("a", 3000)).toBe(4000)
})

test("after half an hour all is forgiven, and no wait is longer than a quarter of one", () => {
  const pods = new FailedPods()
  let now = 0
  for (let failures = 0; failures < 20; failures++) {
    const wait = pods.replace("a", now)
    expect(wait).toBeLessThanOrEqual(900_000)
    now += wait
    if (wait > 0) expect(pods.replace("a", now)).toBe(0)
  }
  expect(pods.replace("a", now)).toBe(900_000)
  now += 1_800_001
  expect(pods.replace("a", now)).toBe(0)
  expect(pods.replace("a", now)).toBe(1000)
})
