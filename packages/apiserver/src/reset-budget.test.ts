import { expect, test } from "bun:test"
import { ResetBudget } from "./reset-budget.ts"

test("a connection may take back a thousand requests at once, then fifty a second; others have budgets of their own", () => {
  let nowMs = 0
  const budget = new ResetBudget<object>(() => nowMs)
  const flooding = {}
  const allowed = (count: number): number => Array.from({ length: count }, () => budget.allows(flooding)).filter(Boolean).length
  expect(allowed(2000)).toBe(1000)
  expect(budget.allows({})).toBe(true)
  nowMs = 60_000
  expect(allowed(2000)).toBe(1000)
  nowMs = 3_600_000
  expect(allowed(1000)).toBe(1000)
  nowMs += 1000
  expect(allowed(100)).toBe(50)
})
