import { expect, test } from "bun:test"
import { compareKeys, prefixEnd } from "./key.ts"

const samples = [
  "",
  "/",
  "/a",
  "/aa",
  "/b",
  "/é",
  "/\ud7ff",
  "/\ue000",
  "/\uffff",
  "/\u{10000}",
  "/\u{1f600}",
  "/\u{10ffff}",
  "/a\u{10ffff}",
  "~"
]

test("keys compare by the bytes of their UTF-8", () => {
  for (const left of samples)
    for (const right of samples) {
      const bytes = Buffer.compare(Buffer.from(left), Buffer.from(right))
      expect(Math.sign(compareKeys(left, right))).toBe(Math.sign(bytes))
    }
})

test("a key starts with a prefix exactly when it lies between the prefix and its end", () => {
  for (const prefix of samples.filter((sample) => sample !== ""))
    for (const key of samples) {
      const end = prefixEnd(prefix)
      const within = compareKeys(key, prefix) >= 0 && (end === undefined || compareKeys(key, end) < 0)
      expect(within).toBe(key.startsWith(prefix))
    }
  expect(prefixEnd("")).toBeUndefined()
  expect(prefixEnd("\u{10ffff}")).toBeUndefined()
})
