import { describe, expect, test } from "bun:test"
import type { StatefulSet } from "@tsukube/api/apps-v1"
import type { Pod } from "@tsukube/api/core-v1"
import type { OwnerReference } from "@tsukube/api/meta-v1"
import { claimsOf, isDoomed, ownersAfter } from "./claims.ts"

type Policy = readonly [whenScaled: "Retain" | "Delete", whenDeleted: "Retain" | "Delete"]

const setWith = ([whenScaled, whenDeleted]: Policy): StatefulSet => ({
  metadata: { name: "web", namespace: "default", uid: "set" },
  spec: {
    selector: { matchLabels: { app: "web" } },
    template: {},
    persistentVolumeClaimRetentionPolicy: { whenScaled, whenDeleted },
    volumeClaimTemplates: [{ metadata: { name: "data", labels: { disk: "fast" }, annotations: { a: "b" } }, spec: {} }]
  }
})
const pod: Pod = { metadata: { name: "web-1", namespace: "default", uid: "pod" } }
const reference = (kind: string, name: string, uid: string, controller = true): OwnerReference => ({
  apiVersion: kind === "StatefulSet" ? "apps/v1" : "v1",
  kind,
  name,
  uid,
  ...(controller ? { controller, blockOwnerDeletion: true } : {})
})
const bySet = reference("StatefulSet", "web", "set")
const byPod = reference("Pod", "web-1", "pod")

test("a claim is named after its template, its set and its number, and has labels of both", () => {
  const [claim] = claimsOf(setWith(["Retain", "Retain"]), 1)
  expect(claim?.metadata).toEqual({
    name: "data-web-1",
    namespace: "default",
    labels: { disk: "fast", app: "web" },
    annotations: { a: "b" }
  })
})

describe("who takes a claim along", () => {
  const cases: ReadonlyArray<
    readonly [policy: Policy, wanted: ReadonlyArray<OwnerReference>, condemned: ReadonlyArray<OwnerReference>]
  > = [
    [["Retain", "Retain"], [], []],
    [["Retain", "Delete"], [bySet], [bySet]],
    [["Delete", "Retain"], [], [byPod]],
    [["Delete", "Delete"], [bySet], [byPod]]
  ]
  test.each(cases)("when scaled and deleted: %p", (policy, wanted, condemned) => {
    for (const [isCondemned, expected] of [
      [false, wanted],
      [true, condemned]
    ] as const) {
      for (const before of [[], [bySet], [byPod], [reference("StatefulSet", "web", "set", false)]]) {
        const after = ownersAfter({ metadata: { ownerReferences: before } }, setWith(policy), pod, isCondemned)
        expect(after ?? before).toEqual(expected as never)
      }
    }
  })

  test("others who own it stay, and one who controls it keeps the set out", () => {
    const friend = reference("ConfigMap", "x", "x", false)
    const stranger = reference("Backup", "x", "x")
    const set = setWith(["Delete", "Delete"])
    expect(ownersAfter({ metadata: { ownerReferences: [friend] } }, set, pod, false)).toEqual([friend, bySet])
    expect(ownersAfter({ metadata: { ownerReferences: [stranger] } }, set, pod, false)).toBeUndefined()
    expect(ownersAfter({ metadata: { ownerReferences: [stranger, bySet] } }, set, pod, false)).toEqual([stranger])
  })

  test("what belongs to a set or pod of that name that is gone is left alone", () => {
    const set = setWith(["Delete", "Delete"])
    for (const stale of [reference("StatefulSet", "web", "older"), reference("Pod", "web-1", "older")]) {
      expect(ownersAfter({ metadata: { ownerReferences: [stale] } }, set, pod, false)).toBeUndefined()
    }
    expect(isDoomed({ metadata: { ownerReferences: [byPod] } }, set, "web-1")).toBe(true)
    expect(isDoomed({ metadata: { ownerReferences: [byPod] } }, set, "web-2")).toBe(false)
    expect(isDoomed({ metadata: { ownerReferences: [byPod] } }, setWith(["Retain", "Delete"]), "web-1")).toBe(false)
  })
})
