/** Fields behind feature gates. */
import { expect, test } from "bun:test"
import { findByKind, type KubernetesObject } from "@tsukube/api"
import { featureGates, withoutGated } from "./gated.ts"

const pods = findByKind("v1", "Pod")!
const pod = (spec: object) => Object.assign({ apiVersion: "v1", kind: "Pod" }, { spec }) as KubernetesObject
const trusting = (source: object) =>
  pod({ volumes: [{ name: "v", projected: { sources: [{ secret: { name: "s" } }, source] } }] })

test("a field whose gate is off is dropped, and what it alone was in", () => {
  const lively = (lifecycle: object) => pod({ containers: [{ name: "a" }, { name: "b", lifecycle }] })
  const preStop = { exec: { command: ["true"] } }
  expect(withoutGated(lively({ stopSignal: "SIGTERM" }), undefined, pods)).toEqual(
    pod({ containers: [{ name: "a" }, { name: "b" }] })
  )
  expect(withoutGated(lively({ stopSignal: "SIGTERM", preStop }), undefined, pods)).toEqual(lively({ preStop }))
  expect(withoutGated(pod({ schedulingGroup: { podGroupName: "g" } }), undefined, pods)).toEqual(pod({}))
  expect(withoutGated(trusting({ clusterTrustBundle: { path: "p" } }), undefined, pods)).toEqual(trusting({}))
})

test("what is switched on or was there before stays, and nothing is copied for nothing", () => {
  const grouped = pod({ schedulingGroup: { podGroupName: "g" } })
  expect(withoutGated(grouped, undefined, pods, { GenericWorkload: true })).toBe(grouped)
  expect(withoutGated(grouped, pod({ schedulingGroup: { podGroupName: "f" } }), pods)).toBe(grouped)
  const plain = trusting({})
  expect(withoutGated(plain, undefined, pods)).toBe(plain)
})

test("inside maps and lists", () => {
  const slices = findByKind("resource.k8s.io/v1", "ResourceSlice")!
  const slice = (attributes: object) =>
    Object.assign({ apiVersion: "resource.k8s.io/v1", kind: "ResourceSlice" }, { spec: { devices: [{ name: "d", attributes }] } })
  expect(withoutGated(slice({ a: { ints: [1] }, b: { int: 1 } }), undefined, slices)).toEqual(slice({ a: {}, b: { int: 1 } }))
})

test("the gates are named", () => {
  expect(featureGates).toContain("GenericWorkload")
  expect(featureGates).toContain("MaxUnavailableStatefulSet")
})
