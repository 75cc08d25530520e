/** Nothing is written twice, and nothing waits for ever. @module */
import { describe, expect, test } from "bun:test"
import { makeExpectations } from "./expectations.ts"

describe("expectations", () => {
  test("are settled when the cache has shown every create and delete, in whatever order answers and events come", () => {
    const expectations = makeExpectations()
    expectations.willCreate("k")
    expectations.willCreate("k")
    expect(expectations.settled("k", 0)).toBe(false)
    expectations.observed("k", "a")
    expectations.created("k", "a", 0)
    expectations.created("k", "b", 0)
    expect(expectations.settled("k", 0)).toBe(false)
    expectations.observed("k", "b")
    expect(expectations.settled("k", 0)).toBe(true)
    expectations.willDelete("k", "a", 0)
    expect(expectations.settled("k", 0)).toBe(false)
    expectations.gone("k", "a")
    expect(expectations.settled("k", 0)).toBe(true)
  })

  test("do not wait for an object that came and went before its answer", () => {
    const expectations = makeExpectations()
    expectations.willCreate("k")
    expectations.observed("k", "a")
    expectations.gone("k", "a")
    expectations.created("k", "a", 0)
    expect(expectations.settled("k", 0)).toBe(true)
  })

  test("end after five minutes, and with a failure at once", () => {
    const expectations = makeExpectations()
    expectations.willCreate("k")
    expectations.created("k", undefined, 0)
    expect(expectations.settled("k", 0)).toBe(true)
    expectations.willDelete("k", "a", 0)
    expect(expectations.settled("k", 300_000)).toBe(false)
    expect(expectations.settled("k", 300_001)).toBe(true)
  })
})
