/** When pods must leave. @module */
import { describe, expect, test } from "bun:test"
import type { Taint, Toleration } from "@tsukube/api/core-v1"
import { evictionOf } from "./plan.ts"

const nowMs = Date.parse("2026-01-01T00:01:00Z")
const taint = (key: string, effect: Taint["effect"] = "NoExecute"): Taint => ({ key, effect, timeAdded: "2026-01-01T00:00:00Z" })
const when = (taints: ReadonlyArray<Taint>, ...tolerations: ReadonlyArray<Toleration>) =>
  evictionOf({ spec: { containers: [], tolerations } }, taints, nowMs)

describe("eviction", () => {
  test("comes at once, never, or after the shortest patience, counted from the taint", () => {
    expect(when([taint("a")])).toBe("now")
    expect(when([taint("a", "NoSchedule")])).toBe("never")
    expect(when([taint("a")], { operator: "Exists" })).toBe("never")
    expect(when([taint("a")], { key: "a", operator: "Exists", tolerationSeconds: 300 })).toBe(nowMs + 240_000)
    expect(when([taint("a")], { key: "a", operator: "Exists", tolerationSeconds: 30 })).toBe("now")
    expect(when([taint("a")], { key: "a", operator: "Exists" }, { key: "a", operator: "Exists", tolerationSeconds: 90 })).toBe(
      nowMs + 30_000
    )
    expect(when([taint("a"), taint("b")], { key: "a", operator: "Exists" })).toBe("now")
  })
})
