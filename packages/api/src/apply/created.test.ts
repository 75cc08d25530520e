import { expect, test } from "bun:test"
import { allResources } from "../catalog.ts"
import { deepFrozen } from "../frozen.ts"
import type { KubernetesObject } from "../resource.ts"
import { createdFields } from "./created.ts"
import { printFieldsV1 } from "./fields-v1.ts"
import { type Shape, shapeOf } from "./shape.ts"
import { updateManagers } from "./track.ts"

/** Whole numbers below a bound, the same ones for the same seed. */
const random = (seed: number): ((below: number) => number) => {
  let state = seed * 2654435761 + 1
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) | 0
    return ((state ^ (state >>> 13)) >>> 0) % below
  }
}

const scalars: ReadonlyArray<unknown> = ["", "a", "b", 0, 1, true, false, null]

/** A value that mostly fits the shape: with blanks, with items that come twice, and now and then of another kind altogether. */
const randomValue = (shape: Shape, next: (below: number) => number, depth: number): unknown => {
  const chance = next(20)
  if (chance === 0) return {}
  if (chance === 1) return []
  if (chance === 2 || depth === 0 || shape.kind === "scalar") return scalars[next(scalars.length)]
  if (shape.kind === "list") {
    const { element } = shape
    return element === undefined ? [] : Array.from({ length: next(4) }, () => randomValue(element, next, depth - 1))
  }
  if (shape.kind === "any") return next(2) === 0 ? { a: [1], b: { c: "" } } : [{}]
  const named = [...shape.fields].filter(() => next(3) === 0)
  const free =
    shape.element === undefined ? [] : ["x", "y"].filter(() => next(2) === 0).map((key) => [key, shape.element!] as const)
  return Object.fromEntries([...named, ...free].map(([key, field]) => [key, randomValue(field, next, depth - 1)]))
}

test("what is remembered for an outline is what comparing finds, for whatever objects of every kind", () => {
  for (const kind of allResources) {
    const shape = shapeOf(kind.schema)
    for (let seed = 1; seed <= 40; seed++) {
      const next = random(seed)
      const made = randomValue(shape, next, 7)
      const object = (typeof made === "object" && made !== null && !Array.isArray(made) ? made : {}) as Record<string, unknown>
      const { metadata } = object as KubernetesObject
      if (typeof metadata === "object" && metadata !== null) delete (metadata as Record<string, unknown>)["managedFields"]
      const [found] = updateManagers(kind, undefined, object, new Map(), "m", "", "").values()
      const expected = found === undefined ? undefined : JSON.stringify(printFieldsV1(found.fields))
      const frozen = Object.fromEntries(Object.entries(object).map(([key, part]) => [key, deepFrozen(structuredClone(part))]))
      for (const one of [object, object, frozen, frozen]) {
        const fields = createdFields(kind, one, "")
        expect(fields === undefined ? undefined : JSON.stringify(fields)).toBe(expected!)
      }
    }
  }
})

test("names, keys of lists and values of sets count, other values do not", () => {
  const kind = allResources.find(({ plural }) => plural === "pods")!
  const pod = (name: string, image: string, finalizer: string): KubernetesObject =>
    ({ metadata: { name: "p", finalizers: [finalizer] }, spec: { containers: [{ name, image }] } }) as KubernetesObject
  const fields = createdFields(kind, pod("c", "one", "f"), "")
  expect(createdFields(kind, pod("c", "two", "f"), "")).toBe(fields!)
  expect(createdFields(kind, pod("d", "one", "f"), "")).not.toEqual(fields)
  expect(createdFields(kind, pod("c", "one", "g"), "")).not.toEqual(fields)
  expect(createdFields(kind, pod("c", "one", "f"), "status")).not.toEqual(fields)
})
