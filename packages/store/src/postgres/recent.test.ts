import { expect, test } from "bun:test"
import type { Change } from "../store.ts"
import { makeRecentValues } from "./recent.ts"

const change = (
  revision: bigint,
  key: string,
  value: string | undefined,
  previousRevision: bigint,
  previous?: string
): Change => ({
  revision,
  key,
  value,
  createRevision: revision,
  previousRevision,
  ...(previous === undefined ? {} : { previous })
})

const previous = (told: ReturnType<ReturnType<typeof makeRecentValues>["complete"]>) =>
  told?.commits.flat().map((one) => one.previous)

test("the value before is what was told last, in the same commits or in earlier ones", () => {
  const recent = makeRecentValues()
  const first = recent.complete([[change(2n, "a", "1", 0n)], [change(3n, "a", "2", 2n), change(3n, "b", "3", 0n)]])
  expect(first?.remembered).toBe(true)
  expect(previous(first)).toEqual([undefined, "1", undefined])
  expect(
    previous(recent.complete([[change(4n, "b", undefined, 3n)], [change(5n, "b", "4", 0n)], [change(6n, "a", "5", 3n)]]))
  ).toEqual(["3", undefined, "2"])
})

test("a value before that is not known is missing, until the database says it", () => {
  const recent = makeRecentValues()
  recent.complete([[change(2n, "a", "1", 0n)]])
  // Another revision than the one we know.
  expect(recent.complete([[change(9n, "a", "3", 8n)]])).toBeUndefined()
  const told = recent.complete([[change(9n, "a", "3", 8n, "2")]])
  expect([told?.remembered, previous(told)]).toEqual([false, ["2"]])
  expect(previous(recent.complete([[change(10n, "a", "4", 9n)]]))).toEqual(["3"])
  recent.forget()
  expect(recent.complete([[change(11n, "a", "5", 10n)]])).toBeUndefined()
})

test("what was told longest ago is forgotten when there is too much", () => {
  const recent = makeRecentValues(10)
  recent.complete([[change(2n, "a", "12345", 0n)], [change(3n, "b", "12345", 0n)]])
  recent.complete([[change(4n, "a", "1234", 2n)]])
  recent.complete([[change(5n, "c", "12", 0n)]])
  expect(recent.complete([[change(6n, "b", "1", 3n)]])).toBeUndefined()
  expect(previous(recent.complete([[change(6n, "a", "1", 4n)], [change(7n, "c", "1", 5n)]]))).toEqual(["1234", "12"])
})
