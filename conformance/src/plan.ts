/** Decides which tests run, and which of them side by side. @module */
import type { ConformanceTest } from "./suite.ts"

/** What is left out or run alone, by name. */
export interface Selection {
  readonly focus?: RegExp
  readonly except: ReadonlyArray<string>
  readonly serial: ReadonlyArray<string>
}

/** The tests that may run side by side, and those that run alone, after them. */
export interface Plan {
  readonly together: ReadonlyArray<ConformanceTest>
  readonly alone: ReadonlyArray<ConformanceTest>
}

/** Keeps the tests in focus that are not excepted; those with a Serial name run alone. */
export const planTests = (tests: ReadonlyArray<ConformanceTest>, { focus, except, serial }: Selection): Plan => {
  const excepted = new Set(except)
  const chosen = tests.filter(({ name }) => !excepted.has(name) && (focus === undefined || focus.test(name)))
  const alone = new Set(serial)
  return {
    together: chosen.filter(({ name }) => !alone.has(name)),
    alone: chosen.filter(({ name }) => alone.has(name))
  }
}
