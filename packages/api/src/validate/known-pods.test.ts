import { expect, test } from "bun:test"
import { applyDefaults } from "../defaults/apply.ts"
import { type Pod, pods } from "../types/core-v1.ts"
import { isKnownPod, rememberPod } from "./known-pods.ts"
import { validateCreate } from "./validate.ts"

const pod = (name: string, image: string, labels: Readonly<Record<string, string>> = {}): Pod =>
  applyDefaults({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels },
    spec: { containers: [{ name: "c", image }] }
  } as Pod)

const fieldsOf = (object: Pod): ReadonlyArray<string> => validateCreate(object, pods).map(({ field }) => field)

test("a pod after a known template still has to have good metadata", () => {
  expect(fieldsOf(pod("a", "known"))).toEqual([])
  expect(fieldsOf(pod("b", "known"))).toEqual([])
  expect(fieldsOf(pod("C", "known", { "a b": "" }))).toEqual(["metadata.name", "metadata.labels"])
})

test("what was found wrong once is found wrong again", () => {
  const wrong = pod("a", " padded")
  expect(fieldsOf(wrong)).toEqual(["spec.containers[0].image"])
  expect(fieldsOf(wrong)).toEqual(["spec.containers[0].image"])
})

test("good specs behind bad metadata are not taken for known, and memory is bounded", () => {
  expect(fieldsOf(pod("A", " padded behind a bad name"))).toEqual(["metadata.name", "spec.containers[0].image"])
  expect(fieldsOf(pod("a", " padded behind a bad name"))).toEqual(["spec.containers[0].image"])
  for (let i = 0; i < 5000; i++) rememberPod(`text ${i}`)
  expect([isKnownPod("text 0"), isKnownPod("text 4999")]).toEqual([false, true])
})
