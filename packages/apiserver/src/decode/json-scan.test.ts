import { describe, expect, test } from "bun:test"
import { scanJson } from "./json-scan.ts"

test("repeated keys are found with their paths", () => {
  expect(scanJson('{"a":1,"b":[{"c":1},{"c":1,"d":{"x":1,"x":2},"c":3}],"a":2}')).toEqual(["b[1].d.x", "b[1].c", "a"])
  expect(scanJson('{"a":1,"\\u0061":2}')).toEqual(["a"])
  expect(scanJson(' [true, false, null, -1.5e3, "\\n\\"", {}, []] ')).toEqual([])
})

describe("errors are worded as upstream words them", () => {
  const table: Record<string, string> = {
    "": "unexpected end of JSON input",
    "{": "unexpected end of JSON input",
    '{"a"': "unexpected end of JSON input",
    '{"a":1': "unexpected end of JSON input",
    hello: "invalid character 'h' looking for beginning of value",
    "{a:1}": "invalid character 'a' looking for beginning of object key string",
    '{"a" 1}': "invalid character '1' after object key",
    '{"a":1 "b"}': "invalid character '\"' after object key:value pair",
    "[1 2]": "invalid character '2' after array element",
    "{} x": "invalid character 'x' after top-level value",
    tru1: "invalid character '1' in literal true (expecting 'e')",
    '"\\x"': "invalid character 'x' in string escape code"
  }
  for (const [text, message] of Object.entries(table)) test(text, () => expect(() => scanJson(text)).toThrow(message))
})

test("nesting has a bound, and a deep text is no stack overflow", () => {
  expect(scanJson("[".repeat(10_000) + "]".repeat(10_000))).toEqual([])
  expect(() => scanJson("[".repeat(10_001))).toThrow("exceeded max depth")
})
