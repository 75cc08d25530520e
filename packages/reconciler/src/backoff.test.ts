import { expect, test } from "bun:test"
import { Backoff } from "./backoff.ts"

test("a key waits 5 ms, twice as long each time, never more than 1000 s; another key and a forgotten one begin anew", () => {
  const backoff = new Backoff()
  expect(Array.from({ length: 5 }, () => backoff.next("a"))).toEqual([5, 10, 20, 40, 80])
  expect(backoff.next("b")).toBe(5)
  for (let i = 0; i < 2000; i++) backoff.next("a")
  expect(backoff.next("a")).toBe(1_000_000)
  backoff.forget("a")
  expect(backoff.failuresOf("a")).toBe(0)
  expect(backoff.next("a")).toBe(5)
})
