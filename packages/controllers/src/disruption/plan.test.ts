/** How many disruptions a budget allows. @module */
import { describe, expect, test } from "bun:test"
import type { Pod } from "@tsukube/api/core-v1"
import type { PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus } from "@tsukube/api/policy-v1"
import { demandOf, failedStatus, needsScale, plan, untilStale, withoutDisruption } from "./plan.ts"

const nowMs = Date.parse("2026-01-01T12:00:00Z")
const ago = (seconds: number): string => `${new Date(nowMs - seconds * 1000).toISOString().slice(0, 19)}Z`

const budget = (spec: PodDisruptionBudgetSpec, status?: PodDisruptionBudgetStatus): PodDisruptionBudget => ({
  metadata: { name: "b", namespace: "default", generation: 2 },
  spec,
  ...(status === undefined ? {} : { status })
})
const pod = (name: string, ready = true, deleting = false): Pod => ({
  metadata: { name, namespace: "default", ...(deleting ? { deletionTimestamp: ago(0) } : {}) },
  status: { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] }
})

describe("a budget", () => {
  test("demands numbers of the pods there are, and shares of the pods there should be, rounded up", () => {
    expect(needsScale(budget({ minAvailable: 2 }))).toBe(false)
    expect(demandOf(budget({ minAvailable: 2 }), 5, 0)).toEqual({ expectedPods: 5, desiredHealthy: 2 })
    expect(needsScale(budget({ minAvailable: "50%" }))).toBe(true)
    expect(demandOf(budget({ minAvailable: "50%" }), 5, 7)).toEqual({ expectedPods: 7, desiredHealthy: 4 })
    expect(demandOf(budget({ maxUnavailable: "30%" }), 5, 7)).toEqual({ expectedPods: 7, desiredHealthy: 4 })
    expect(demandOf(budget({ maxUnavailable: 9 }), 5, 7)).toEqual({ expectedPods: 7, desiredHealthy: 0 })
    expect(demandOf(budget({}), 5, 7)).toEqual({ expectedPods: 0, desiredHealthy: 0 })
  })

  test("counts ready pods that stay, and allows what is above the demand", () => {
    const pods = [pod("a"), pod("b"), pod("c", false), pod("d", true, true)]
    const { status, afterMs } = plan(budget({ minAvailable: 1 }), pods, { expectedPods: 4, desiredHealthy: 1 }, nowMs)
    expect(status).toEqual({
      observedGeneration: 2,
      disruptionsAllowed: 1,
      currentHealthy: 2,
      expectedPods: 4,
      desiredHealthy: 1,
      conditions: [
        {
          type: "DisruptionAllowed",
          status: "True",
          reason: "SufficientPods",
          message: "",
          observedGeneration: 2,
          lastTransitionTime: ago(0)
        }
      ]
    })
    expect(afterMs).toBeUndefined()
    const settled = { ...budget({ minAvailable: 1 }), status }
    expect(plan(settled, pods, { expectedPods: 4, desiredHealthy: 1 }, nowMs + 60_000).status).toEqual(status)
  })

  test("allows nothing while it has no pods", () => {
    const { status } = plan(budget({ minAvailable: 0 }), [], { expectedPods: 0, desiredHealthy: 0 }, nowMs)
    expect(status.disruptionsAllowed).toBe(0)
    expect(status.conditions?.[0]?.reason).toBe("InsufficientPods")
  })

  test("waits two minutes for evicted pods to go, then counts them again and says so", () => {
    const disruptedPods = { a: ago(20), b: ago(121), c: ago(5), gone: ago(1) }
    const before = { disruptedPods, currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 }
    const pods = [pod("a"), pod("b"), pod("c", true, true)]
    const next = plan(budget({ minAvailable: 1 }, before), pods, { expectedPods: 3, desiredHealthy: 0 }, nowMs)
    expect(next.status.disruptedPods).toEqual({ a: ago(20) })
    expect(next.status.currentHealthy).toBe(1)
    expect(next.notDeleted.map(({ metadata }) => metadata?.name)).toEqual(["b"])
    expect(next.afterMs).toBe(100_001)
  })

  test("allows nothing when its pods could not be counted", () => {
    const before = { currentHealthy: 3, desiredHealthy: 1, disruptionsAllowed: 2, expectedPods: 3, observedGeneration: 1 }
    expect(failedStatus(budget({ maxUnavailable: 1 }, before), "why", nowMs)).toMatchObject({
      ...before,
      disruptionsAllowed: 0,
      conditions: [{ status: "False", reason: "SyncFailed", message: "why", observedGeneration: 1 }]
    })
  })
})

test("a pod that was to be disrupted and was not is told so after two minutes, unless the kubelet said it", () => {
  const marked = (reason: string): Pod => ({
    status: { phase: "Running", conditions: [{ type: "DisruptionTarget", status: "True", reason, lastTransitionTime: ago(90) }] }
  })
  expect(untilStale(marked("EvictionByEvictionAPI"), nowMs)).toBe(30_000)
  expect(untilStale(marked("TerminationByKubelet"), nowMs)).toBeUndefined()
  expect(untilStale(pod("a"), nowMs)).toBeUndefined()
  const taken = withoutDisruption(marked("EvictionByEvictionAPI"), nowMs)
  expect(taken.status?.conditions).toEqual([{ type: "DisruptionTarget", status: "False", lastTransitionTime: ago(0) }])
  expect(untilStale(taken, nowMs)).toBeUndefined()
})
