import { expect, test } from "bun:test"
import { applyDefaults } from "../defaults/apply.ts"
import { type Pod, pods } from "../types/core-v1.ts"
import { finePods } from "./known-pods.ts"
import { validateCreate } from "./validate.ts"
import { warningsOf } from "./warnings.ts"

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
  const first = pod("a", "image-0")
  for (let i = 0; i < 3000; i++) finePods.add(pod("a", `image-${i}`))
  expect([finePods.has(first), finePods.has(pod("b", "image-2999"))]).toEqual([false, true])
})

test("what is warned of once is warned of again, and annotations are always looked at", () => {
  const warned = (object: Pod): ReadonlyArray<string> => warningsOf(object, pods)
  const duplicate = {
    ...pod("a", "known"),
    spec: { ...pod("a", "known").spec, imagePullSecrets: [{ name: "x" }, { name: "x" }] }
  } as Pod
  expect(warned(duplicate)).toEqual(warned({ ...duplicate }))
  expect(warned(duplicate)).toHaveLength(1)
  expect(warned(pod("a", "known"))).toEqual([])
  const annotations = { "scheduler.alpha.kubernetes.io/critical-pod": "" }
  const annotated = pod("b", "known")
  expect(warned({ ...annotated, metadata: { ...annotated.metadata, annotations } })).toHaveLength(1)
})
