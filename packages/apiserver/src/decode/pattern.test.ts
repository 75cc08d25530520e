import { expect, test } from "bun:test"
import { findByKind } from "@tsukube/api"
import type { RequestContext } from "../request.ts"
import { decodeObject } from "./object.ts"
import { decodeNew } from "./pattern.ts"

const pods = findByKind("v1", "Pod")!
const head = '{"kind":"Pod","apiVersion":"v1",'
const spec = (name: string) =>
  `"spec":{"containers":[{"name":"${name}","image":"registry.example.com/shop/web:1.2.3","resources":{"limits":{"cpu":"0.5"}},"env":[{"name":"A","value":"}\\"{"}]}]}}`

/** What came of a body: the object's very text, what was warned of, or what was said against it. */
const outcome = (decode: typeof decodeNew, text: string, type = "application/json"): string => {
  const warnings: Array<string> = []
  try {
    const object = decode({ warnings } as unknown as RequestContext, { text, type }, pods, "Warn")
    return JSON.stringify([object, warnings])
  } catch (thrown) {
    return String((thrown as Error).message)
  }
}

const metadata: ReadonlyArray<string> = [
  '{"name":"a"}',
  '{"name":"b","labels":{"x":"y"}}',
  '{"name":"c","annotations":{"x":"{\\"a\\\\\\"}","y":"}}}"}}',
  "{}",
  '{"name":"d","managedFields":[]}',
  '{"name":"d","unknown":1}',
  '{"name":"d","name":"e"}',
  '{"name":5}',
  '{"name":"d",}',
  '{"name":"d"}}',
  '{"labels":{"x":{"y":1}}}'
]

test("a body is read as if it were the first of its kind, whatever its metadata", () => {
  for (let round = 0; round < 4; round++) {
    for (const one of metadata) {
      const text = `${head}"metadata":${one},${spec("same")}`
      expect(outcome(decodeNew, text)).toBe(outcome(decodeObject, text))
    }
  }
})

test("what somebody is to hear of is heard of every time", () => {
  const complained = [
    spec("odd").replace('"image"', '"imaged"'),
    spec("twice").replace('"image"', '"name"'),
    spec("wrong").replace('"0.5"', '"much"'),
    spec("second").replace('"spec"', '"metadata":{"name":"x"},"spec"'),
    spec("kind").replace('"spec"', '"kind":"Service","spec"'),
    spec("short").slice(0, -1),
    spec("long").concat("}")
  ]
  for (const rest of complained) {
    for (let round = 0; round < 4; round++) {
      const text = `${head}"metadata":{"name":"p-${round}"},${rest}`
      expect(outcome(decodeNew, text)).toBe(outcome(decodeObject, text))
    }
  }
})

test("only what was written in the same way, for the same kind and as JSON is the same", () => {
  const rest = spec("way")
  const ways = [
    `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},${rest}`,
    `{"metadata":{"name":"x"},${rest}`,
    `{"kind":"Pod","metadata":{"name":"x"},${rest}`,
    `{"kind":"Pod","kind":"Pod","apiVersion":"v1","metadata":{"name":"x"},${rest}`,
    `{"kind":"Service","apiVersion":"v1","metadata":{"name":"x"},${rest}`,
    `{ "kind":"Pod","apiVersion":"v1","metadata":{"name":"x"},${rest}`,
    `${head}"metadata":{"name":"x"},${rest}`
  ]
  for (let round = 0; round < 3; round++) {
    for (const way of ways) {
      expect(outcome(decodeNew, way)).toBe(outcome(decodeObject, way))
      expect(outcome(decodeNew, way, "application/yaml")).toBe(outcome(decodeObject, way, "application/yaml"))
    }
  }
})

test("what is shared is frozen", () => {
  const decoded = [1, 2, 3, 4].map((i) =>
    decodeNew(
      { warnings: [] } as unknown as RequestContext,
      { text: `${head}"metadata":{"name":"p-${i}"},${spec("shared")}`, type: "" },
      pods,
      "Warn"
    )
  ) as unknown as ReadonlyArray<{ readonly spec: { readonly containers: ReadonlyArray<object> } }>
  expect(decoded[2]!.spec).toBe(decoded[3]!.spec)
  expect(Object.isFrozen(decoded[3]!.spec.containers[0])).toBe(true)
  expect(decoded[0]!.spec).not.toBe(decoded[3]!.spec)
})
