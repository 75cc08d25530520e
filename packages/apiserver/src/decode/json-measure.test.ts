import { expect, test } from "bun:test"
import { parseJson } from "./body.ts"
import { holdsEvery, measureJson } from "./json-measure.ts"
import { scanJson } from "./json-scan.ts"

const agrees = (text: string): boolean => holdsEvery(JSON.parse(text), measureJson(text) ?? -1)

test("texts without repeated keys hold every member", () => {
  for (const text of [
    "1",
    '":"',
    "{}",
    '{"a":":{[","b\\"":{"c":[1,{"d":"\\\\"}]}}',
    ' { "a" : [ { } , [ { "a" : null } ] ] } ',
    '{"__proto__":{"a":1},"constructor":1}'
  ])
    expect([text, agrees(text)]).toEqual([text, true])
})

test("a repeated key is seen wherever it is, however it is written", () => {
  for (const text of [
    '{"a":1,"a":2}',
    '[{"b":{"a":1,"\\u0061":2}}]',
    '{"a":{"x":1,"y":2},"a":{"z":3}}',
    '{"__proto__":1,"__proto__":2}'
  ])
    expect([text, agrees(text)]).toEqual([text, false])
})

test("both ways of reading say the same", () => {
  for (const text of ['{"a":1,"b":[{"c":1,"c":2}]}', '{"a":{"b":{}}}', '{"a":1,"a":1}', "null"]) {
    expect(parseJson(text)).toEqual({ value: JSON.parse(text), duplicates: scanJson(text) })
  }
  for (const text of ["", "{", '{"a":1,}', '{"a":\u00001}', '"\n"', "[1 2]", '{"a"}', "tru"])
    expect(() => parseJson(text)).toThrow()
  expect(parseJson("[".repeat(9000) + "]".repeat(9000)).duplicates).toEqual([])
  expect(() => parseJson("[".repeat(10_001) + "]".repeat(10_001))).toThrow("exceeded max depth")
})
