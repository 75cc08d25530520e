import { expect, test } from "bun:test"
import { applyJsonPatch } from "./json.ts"
import { applyMergePatch } from "./merge.ts"

test("every operation of RFC 6902", () => {
  const document = { a: [1, 2, 3], b: { c: "d" }, "x/y": 1, "m~n": 2 }
  const cases: ReadonlyArray<readonly [object, unknown]> = [
    [
      { op: "add", path: "/a/1", value: 9 },
      { ...document, a: [1, 9, 2, 3] }
    ],
    [
      { op: "add", path: "/a/-", value: 9 },
      { ...document, a: [1, 2, 3, 9] }
    ],
    [
      { op: "add", path: "/e", value: null },
      { ...document, e: null }
    ],
    [
      { op: "remove", path: "/a/0" },
      { ...document, a: [2, 3] }
    ],
    [
      { op: "remove", path: "/a/-1" },
      { ...document, a: [1, 2] }
    ],
    [
      { op: "remove", path: "/b/c" },
      { ...document, b: {} }
    ],
    [
      { op: "replace", path: "/b/c", value: 1 },
      { ...document, b: { c: 1 } }
    ],
    [
      { op: "copy", from: "/b", path: "/e" },
      { ...document, e: { c: "d" } }
    ],
    [
      { op: "move", from: "/a/0", path: "/a/2" },
      { ...document, a: [2, 3, 1] }
    ],
    [{ op: "test", path: "/b", value: { c: "d" } }, document],
    [{ op: "test", path: "/none", value: null }, document],
    [
      { op: "replace", path: "/x~1y", value: 3 },
      { ...document, "x/y": 3 }
    ],
    [
      { op: "replace", path: "/m~0n", value: 3 },
      { ...document, "m~n": 3 }
    ],
    [{ op: "replace", path: "", value: {} }, {}]
  ]
  for (const [operation, result] of cases) expect(applyJsonPatch(document, [operation])).toEqual(result)
  expect(document.a).toEqual([1, 2, 3])
})

test("what cannot be done is 422, what is no patch is 400", () => {
  const failing = [
    { op: "remove", path: "/none" },
    { op: "replace", path: "/none/x", value: 1 },
    { op: "add", path: "/none/x", value: 1 },
    { op: "add", path: "/a/9", value: 1 },
    { op: "test", path: "/a/0", value: 2 },
    { op: "move", from: "/none", path: "/a/0" },
    { op: "frobnicate", path: "/a" },
    { op: "remove", path: "a" },
    { op: "remove", path: "/constructor" }
  ]
  for (const operation of failing) {
    expect(() => applyJsonPatch({ a: [1] }, [operation])).toThrow(
      "the server rejected our request due to an error in our request"
    )
  }
  expect(() => applyJsonPatch({}, {})).toThrow("json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp")
  expect(() =>
    applyJsonPatch(
      {},
      Array.from({ length: 10_001 }, () => ({}))
    )
  ).toThrow("The allowed maximum operations in a JSON patch is 10000")
})

test("a patch cannot reach the prototype", () => {
  const patched = applyJsonPatch({}, [{ op: "add", path: "/__proto__", value: { bad: 1 } }])
  expect(Object.hasOwn(patched as object, "__proto__")).toBe(true)
  expect(({} as { bad?: number }).bad).toBeUndefined()
  expect(applyMergePatch({}, JSON.parse('{"__proto__":{"bad":1}}'))).not.toHaveProperty("bad")
})

test("the examples of RFC 7386", () => {
  const cases: ReadonlyArray<readonly [unknown, unknown, unknown]> = [
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }]
  ]
  for (const [document, patch, result] of cases) expect(applyMergePatch(document, patch)).toEqual(result)
})
