/** Which tests run and which run alone, and that the names are upstream's. @module */
import { describe, expect, test } from "bun:test"
import { join } from "node:path"
import { parseNames, readNames, serialNames, upstreamNames } from "./names.ts"
import { planTests } from "./plan.ts"
import type { ConformanceTest } from "./suite.ts"
import { tests } from "./tests.ts"

const named = (...names: ReadonlyArray<string>): ReadonlyArray<ConformanceTest> =>
  names.map((name) => ({ name, run: async () => {} }))

describe("the plan", () => {
  test("keeps what is in focus and not excepted, Serial tests apart", () => {
    const plan = planTests(named("a one", "a two", "a three", "b one"), { focus: /^a/, except: ["a three"], serial: ["a two"] })
    expect(plan.together.map(({ name }) => name)).toEqual(["a one"])
    expect(plan.alone.map(({ name }) => name)).toEqual(["a two"])
  })

  test("keeps everything without a focus", () => {
    expect(planTests(named("a", "b"), { except: [], serial: [] }).together).toHaveLength(2)
  })
})

describe("the names", () => {
  test("are one a line, comments left out", () => {
    expect(parseNames("# why\n\n[sig-x] one\n  [sig-x] two\n")).toEqual(["[sig-x] one", "[sig-x] two"])
  })

  test("of v1.36 are 443, each once", async () => {
    const names = await upstreamNames()
    expect(names).toHaveLength(443)
    expect(new Set(names).size).toBe(443)
  })

  test("of the written tests are upstream's, each once", async () => {
    const upstream = new Set(await upstreamNames())
    const written = tests.map(({ name }) => name)
    expect(written.filter((name) => !upstream.has(name))).toEqual([])
    expect(written.filter((name, index) => written.indexOf(name) !== index)).toEqual([])
  })

  test("of Serial tests and of those that do not pass yet are names of the list", async () => {
    const upstream = new Set(await upstreamNames())
    const written = new Set(tests.map(({ name }) => name))
    expect((await serialNames()).filter((name) => !upstream.has(name))).toEqual([])
    const notYet = await readNames(join(import.meta.dirname, "..", "not-yet.txt"))
    expect(notYet.filter((name) => !written.has(name))).toEqual([])
  })
})
