import { expect, test } from "bun:test"
import { applyStrategicMergePatch } from "./strategic.ts"

const deployment = "io.k8s.api.apps.v1.Deployment"
const pod = "io.k8s.api.core.v1.Pod"

const patchPod = (spec: object, change: object): unknown =>
  (applyStrategicMergePatch({ spec }, { spec: change }, pod) as { spec: unknown }).spec

test("lists with a merge key merge by it; new items of the patch come first", () => {
  const spec = {
    containers: [
      { name: "a", image: "a:1", ports: [{ containerPort: 80 }] },
      { name: "b", image: "b:1" }
    ]
  }
  expect(patchPod(spec, { containers: [{ name: "b", image: "b:2" }] })).toEqual({
    containers: [spec.containers[0], { name: "b", image: "b:2" }]
  })
  expect(patchPod(spec, { containers: [{ name: "a", ports: [{ containerPort: 81 }] }] })).toEqual({
    containers: [{ name: "a", image: "a:1", ports: [{ containerPort: 81 }, { containerPort: 80 }] }, spec.containers[1]]
  })
  expect(patchPod(spec, { containers: [{ name: "c", image: "c" }] })).toEqual({
    containers: [{ name: "c", image: "c" }, ...spec.containers]
  })
})

test("lists without a merge strategy are replaced", () => {
  expect(patchPod({ tolerations: [{ key: "a" }] }, { tolerations: [{ key: "b" }] })).toEqual({ tolerations: [{ key: "b" }] })
  const containers = [{ name: "a", args: ["1", "2"] }]
  expect(patchPod({ containers }, { containers: [{ name: "a", args: ["3"] }] })).toEqual({
    containers: [{ name: "a", args: ["3"] }]
  })
})

test("null removes a field, also in a new value", () => {
  expect(patchPod({ nodeName: "n", hostname: "h" }, { nodeName: null, other: null })).toEqual({ hostname: "h" })
  expect(patchPod({}, { securityContext: { runAsUser: null, runAsGroup: 1 } })).toEqual({ securityContext: { runAsGroup: 1 } })
})

test("$patch deletes and replaces", () => {
  const spec = { containers: [{ name: "a" }, { name: "b" }], nodeSelector: { x: "1" } }
  expect(patchPod(spec, { containers: [{ name: "a", $patch: "delete" }] })).toMatchObject({ containers: [{ name: "b" }] })
  expect(patchPod(spec, { containers: [{ $patch: "replace" }, { name: "c" }] })).toMatchObject({ containers: [{ name: "c" }] })
  expect(patchPod(spec, { nodeSelector: { $patch: "replace", y: "2" } })).toMatchObject({ nodeSelector: { y: "2" } })
  expect(patchPod(spec, { nodeSelector: { $patch: "delete" } })).toMatchObject({ nodeSelector: {} })
  expect(() => patchPod(spec, { nodeSelector: { $patch: "explode" } })).toThrow("the server rejected our request")
})

test("$retainKeys keeps only what it names", () => {
  const document = { spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } } }
  const patched = applyStrategicMergePatch(
    document,
    { spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } } },
    deployment
  )
  expect(patched).toEqual({ spec: { strategy: { type: "Recreate" } } })
  expect(() => applyStrategicMergePatch(document, { spec: { strategy: { $retainKeys: ["x"], type: "y" } } }, deployment)).toThrow(
    "invalid patch format of retainKeys"
  )
})

test("primitive lists with the merge strategy unite, and $deleteFromPrimitiveList takes away", () => {
  const patch = (change: object) => applyStrategicMergePatch({ metadata: { finalizers: ["a", "b"] } }, { metadata: change }, pod)
  expect(patch({ finalizers: ["c", "b"] })).toEqual({ metadata: { finalizers: ["c", "a", "b"] } })
  expect(patch({ "$deleteFromPrimitiveList/finalizers": ["a"] })).toEqual({ metadata: { finalizers: ["b"] } })
  expect(patch({ "$setElementOrder/finalizers": ["b", "a"] })).toEqual({ metadata: { finalizers: ["b", "a"] } })
})

test("$setElementOrder orders what the patch knows and leaves the rest where it was", () => {
  const containers = [{ name: "a" }, { name: "server" }, { name: "b" }]
  expect(
    patchPod(
      { containers },
      { "$setElementOrder/containers": [{ name: "b" }, { name: "a" }], containers: [{ name: "a", image: "x" }] }
    )
  ).toEqual({ containers: [{ name: "server" }, { name: "b" }, { name: "a", image: "x" }] })
  expect(() => patchPod({ containers }, { "$setElementOrder/containers": [{ name: "b" }], containers: [{ name: "a" }] })).toThrow(
    "doesn't match $setElementOrder list"
  )
})

test("an item without the merge key is refused", () => {
  expect(() => patchPod({ containers: [{ name: "a" }] }, { containers: [{ image: "x" }] })).toThrow(
    "does not contain declared merge key: name"
  )
})

test("the empty patch changes nothing, and a patch twice is a patch once", () => {
  const spec = { containers: [{ name: "a", env: [{ name: "X", value: "1" }] }], volumes: [{ name: "v", emptyDir: {} }] }
  expect(patchPod(spec, {})).toEqual(spec)
  const change = {
    containers: [
      {
        name: "a",
        env: [
          { name: "Y", value: "2" },
          { name: "X", $patch: "delete" }
        ]
      },
      { name: "z" }
    ],
    volumes: [{ $retainKeys: ["name", "configMap"], name: "v", configMap: { name: "c" } }]
  }
  const once = patchPod(spec, change)
  expect(patchPod(once as object, change)).toEqual(once)
  expect(once).toEqual({
    containers: [{ name: "a", env: [{ name: "Y", value: "2" }] }, { name: "z" }],
    volumes: [{ name: "v", configMap: { name: "c" } }]
  })
})
