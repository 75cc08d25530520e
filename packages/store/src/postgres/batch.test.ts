import { expect, test } from "bun:test"
import { chooseBatch, delimiterFor } from "./batch.ts"

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
