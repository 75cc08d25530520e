import { describe, expect, test } from "bun:test"
import { describePaths, difference, emptySet, has, intersection, leaves, setOf, union, withoutTrees } from "./field-set.ts"
import { parseFieldsV1, printFieldsV1 } from "./fields-v1.ts"

const text = (fields: unknown): string => JSON.stringify(printFieldsV1(parseFieldsV1(fields)))

describe("FieldsV1", () => {
  test("text in upstream's form is read and written unchanged", () => {
    for (const golden of [
      '{"f:metadata":{"f:labels":{"f:test-label":{}}}}',
      '{"f:data":{".":{},"f:key":{}}}',
      '{"f:metadata":{"f:finalizers":{".":{},"v:\\"kubernetes.io/pvc-protection\\"":{}}}}',
      '{"f:metadata":{"f:ownerReferences":{".":{},"k:{\\"uid\\":\\"0a9d2b9e-f779-11e7-b422-42010a8001be\\"}":{}}}}',
      '{"f:spec":{"f:ports":{".":{},"k:{\\"port\\":80,\\"protocol\\":\\"TCP\\"}":{".":{},"f:port":{},"f:protocol":{},"f:targetPort":{}}}}}',
      '{"f:a":{},"k:{\\"name\\":\\"x\\"}":{},"v:1":{},"v:\\"b\\"":{},"v:true":{},"i:0":{}}'
    ]) {
      expect(text(JSON.parse(golden))).toBe(golden)
    }
  })

  test("fields, the keys of items and the keys themselves are brought into order", () => {
    expect(
      text({ "f:b": {}, 'k:{"protocol":"TCP","port":80}': { "f:x": {} }, "f:a": { "f:c": {}, ".": {} }, 'k:{"port":9}': {} })
    ).toBe('{"f:a":{".":{},"f:c":{}},"f:b":{},"k:{\\"port\\":9}":{},"k:{\\"port\\":80,\\"protocol\\":\\"TCP\\"}":{"f:x":{}}}')
    expect(text({ "v:10": {}, "v:9": {}, "i:10": {}, "i:9": {} })).toBe('{"v:9":{},"v:10":{},"i:9":{},"i:10":{}}')
  })

  test("what HTML would trip over is escaped in keys and values, not in field names", () => {
    expect(text({ 'v:"<&>"': {}, "f:<": {} })).toBe('{"f:<":{},"v:\\"\\\\u003c\\\\u0026\\\\u003e\\"":{}}')
  })

  test("elements of unknown kinds are skipped, malformed ones refused", () => {
    expect(text({ "x:1": {}, "f:a": {} })).toBe('{"f:a":{}}')
    expect(() => parseFieldsV1({ f: {} })).toThrow("key must be 2 characters long:")
    expect(() => parseFieldsV1({ nonsense: {} })).toThrow("missing colon: nonsense")
    expect(() => parseFieldsV1({ "k:{": {} })).toThrow()
    expect(() => parseFieldsV1({ "i:x": {} })).toThrow('parsing "x"')
    expect(() => parseFieldsV1({ "f:a": 1 })).toThrow()
  })
})

describe("sets of fields", () => {
  const a = parseFieldsV1({ "f:a": { ".": {}, "f:b": {}, "f:c": {} }, "f:d": {} })
  const b = parseFieldsV1({ "f:a": { ".": {}, "f:b": {} }, "f:e": {} })
  const print = (set: typeof a): unknown => JSON.parse(JSON.stringify(printFieldsV1(set)))

  test("operations", () => {
    expect(print(union(a, b))).toEqual({ "f:a": { ".": {}, "f:b": {}, "f:c": {} }, "f:d": {}, "f:e": {} })
    expect(print(difference(a, b))).toEqual({ "f:a": { "f:c": {} }, "f:d": {} })
    expect(print(intersection(a, b))).toEqual({ "f:a": { ".": {}, "f:b": {} } })
    expect(print(withoutTrees(a, setOf(["a"])))).toEqual({ "f:d": {} })
    expect(print(leaves(a))).toEqual({ "f:a": { "f:b": {}, "f:c": {} }, "f:d": {} })
    expect(has(a, ["f:a"])).toBe(true)
    expect(has(a, ["f:a", "f:x"])).toBe(false)
    expect(difference(a, emptySet)).toBe(a)
    expect(
      describePaths(parseFieldsV1({ "f:s": { "f:z": {}, "f:c": { 'k:{"name":"x","port":1}': { ".": {}, 'v:"y"': {} } } } }))
    ).toEqual([".s.z", '.s.c[name="x",port=1]', '.s.c[name="x",port=1][="y"]'])
  })

  test("hold the laws of sets", () => {
    for (const [x, y] of [
      [a, b],
      [b, a],
      [a, emptySet],
      [emptySet, b]
    ] as const) {
      expect(print(union(difference(x, y), intersection(x, y)))).toEqual(print(x))
      expect(print(difference(union(x, y), y))).toEqual(print(difference(x, y)))
      expect(intersection(difference(x, y), y).size).toBe(0)
    }
  })
})
