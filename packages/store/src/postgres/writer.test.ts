import { expect, test } from "bun:test"
import { live } from "@tsukube/testing"
import { Effect, Fiber } from "effect"
import type { Database, Rows } from "./database.ts"
import { chooseBatch, delimiterFor, makeWriter } from "./writer.ts"

const commitTo = (...keys: ReadonlyArray<string>) => ({ writes: keys.map((key) => ({ key, value: "x" })), units: keys.length })
const keysOf = (commits: ReadonlyArray<{ readonly writes: ReadonlyArray<{ readonly key: string }> }>) =>
  commits.map((commit) => commit.writes.map((write) => write.key).join("+"))

test("a batch holds each key once, and a commit never overtakes an earlier one of the same key", () => {
  const queue = [commitTo("a"), commitTo("b", "a"), commitTo("b"), commitTo("c"), commitTo("a")]
  const { batch, rest } = chooseBatch(queue, { batchWrites: 512, batchUnits: 1000 })
  expect(keysOf(batch)).toEqual(["a", "c"])
  expect(keysOf(rest)).toEqual(["b+a", "b", "a"])
})

test("a batch stops at its limits, but always takes the first commit", () => {
  const queue = [commitTo("a", "b", "c"), commitTo("d"), commitTo("e")]
  expect(keysOf(chooseBatch(queue, { batchWrites: 2, batchUnits: 1000 }).batch)).toEqual(["a+b+c"])
  expect(keysOf(chooseBatch(queue, { batchWrites: 4, batchUnits: 1000 }).batch)).toEqual(["a+b+c", "d"])
  expect(keysOf(chooseBatch(queue.slice(1), { batchWrites: 9, batchUnits: 1 }).batch)).toEqual(["d"])
})

test("a delimiter occurs in no text, however odd, and joined texts part where they were joined", () => {
  const odd = [
    "",
    "\u001e",
    "\u001d",
    "\u001d\u001e",
    "\u001e\u001e\u001d",
    "\u001d\u001e\u001e\u001d",
    "a\u001eb",
    "\u001d\u001d",
    "plain"
  ]
  for (const texts of [odd, ["plain"], odd.slice(0, 2), odd.slice(2, 4)]) {
    const delimiter = delimiterFor(texts)
    expect(texts.join(delimiter).split(delimiter)).toEqual(texts)
  }
})

test(
  "the first commit travels at once, those that come meanwhile travel together, and too many are turned away",
  live(() =>
    Effect.gen(function* () {
      const batches: Array<number> = []
      let open = (): void => {}
      const opened = new Promise<void>((resolve) => {
        open = resolve
      })
      let revision = 1
      const write = (_: string, [ops = ""]: ReadonlyArray<string | null>): Effect.Effect<Rows> =>
        Effect.promise(async () => {
          const count = ops?.split(",").length ?? 0
          batches.push(count)
          await opened
          return [[Array.from({ length: count }, () => ++revision).join(",")]]
        })
      const database = { place: "here", write } as Partial<Database> as Database
      const limits = { batchWrites: 3, batchUnits: 1000, queueCommits: 5, queueUnits: 1000 }
      const commit = yield* makeWriter(database, "s", () => {}, limits)
      const start = (key: string) => Effect.forkChild(Effect.result(commit([{ key, value: "x" }])), { startImmediately: true })
      const fibers = yield* Effect.all(["a", "b", "c", "d", "e", "f", "g"].map(start))
      expect(batches).toEqual([1])
      expect(yield* Fiber.join(fibers[6]!)).toMatchObject({ failure: { reason: "Overloaded", retryable: true } })
      open()
      const answers = yield* Effect.forEach(fibers.slice(0, 6), Fiber.join)
      expect(answers.map((answer) => answer._tag === "Success" && answer.success)).toEqual([2n, 3n, 4n, 5n, 6n, 7n])
      expect(batches).toEqual([1, 3, 2])
    })
  )
)
