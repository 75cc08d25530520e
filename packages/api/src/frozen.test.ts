import { expect, test } from "bun:test"
import { defaultPod } from "./defaults/pod.ts"
import { deepFrozen, onceIfFrozen } from "./frozen.ts"
import { restTextOf } from "./rest-text.ts"
import type { Pod } from "./types/core-v1.ts"

test("a question is asked once about what is frozen, and every time about what is not", () => {
  let asked = 0
  const sizeOf = onceIfFrozen((value: object) => ({ size: Object.keys(value).length, asked: ++asked }))
  const frozen = deepFrozen({ a: { b: [1] } })
  expect(sizeOf(frozen)).toBe(sizeOf(frozen))
  expect(asked).toBe(1)
  const changing: Record<string, number> = { a: 1 }
  expect(sizeOf(changing).size).toBe(1)
  changing["b"] = 2
  expect(sizeOf(changing).size).toBe(2)
  expect(Object.isFrozen(frozen.a.b)).toBe(true)
})

test("a pod of a frozen spec is completed and written as any other", () => {
  const spec = { containers: [{ name: "a", image: "b", resources: { limits: { cpu: "1" } } }], serviceAccountName: "c" }
  const plain = { kind: "Pod", apiVersion: "v1", metadata: { name: "p" }, spec: structuredClone(spec) } as Pod
  const shared = { ...plain, spec: deepFrozen(spec) } as Pod
  expect(defaultPod(shared)).toEqual(defaultPod(plain))
  expect(defaultPod(shared).spec).toBe(defaultPod({ ...shared }).spec!)
  const { metadata: _, ...rest } = defaultPod(plain)
  for (const pod of [defaultPod(shared), defaultPod({ ...shared })]) expect(restTextOf(pod)).toBe(JSON.stringify(rest))
})
