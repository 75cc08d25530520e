import { expect, test } from "bun:test"
import type { Pod } from "@tsukube/api/core-v1"
import { claimFinalizer, claimsOf, planFinalizer, usesClaim } from "./plan.ts"

const claim = { metadata: { name: "data", namespace: "a", finalizers: [claimFinalizer] } }
const pod = (phase: "Running" | "Pending" | "Succeeded", nodeName = "n"): Pod => ({
  metadata: { name: "p", namespace: "a" },
  spec: { nodeName, containers: [], volumes: [{ name: "v", persistentVolumeClaim: { claimName: "data" } }] },
  status: { phase }
})

test("pods use their claims while they may run", () => {
  expect(usesClaim(pod("Running"), claim)).toBe(true)
  expect(usesClaim(pod("Pending", ""), claim)).toBe(false)
  expect(usesClaim(pod("Succeeded"), claim)).toBe(false)
  const volumes = [{ name: "scratch", ephemeral: {} }]
  expect(claimsOf({ metadata: { name: "p" }, spec: { containers: [], volumes } })).toEqual(["p-scratch"])
})

test("the finalizer goes with the last user, and comes where it is missing", () => {
  const deleted = { metadata: { ...claim.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } }
  expect(planFinalizer(claim, claimFinalizer, () => true)).toBeUndefined()
  expect(planFinalizer(deleted, claimFinalizer, () => true)).toBeUndefined()
  expect(planFinalizer(deleted, claimFinalizer, () => false)).toBe("remove")
  expect(planFinalizer({ metadata: { name: "old" } }, claimFinalizer, () => false)).toBe("add")
})
