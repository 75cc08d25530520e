/** How long a Job waits after failures before it makes more pods. Pure. @module */
import type { Pod } from "@tsukube/api/core-v1"
import { failuresBefore, finishedAt } from "./pod.ts"

/** Upstream's longest wait. */
const mostMs = 600_000

/** Failures in a row, and when the last of them was. */
export interface Backoff {
  readonly failures: number
  readonly lastMs: number
}

/** No failure since the last success. */
export const noBackoff: Backoff = { failures: 0, lastMs: 0 }

/** The row after these pods have ended: a success breaks it, failures after that success begin a new one. */
export const backoffAfter = (before: Backoff, succeeded: ReadonlyArray<Pod>, failed: ReadonlyArray<Pod>): Backoff => {
  const failedAt = failed.map(finishedAt)
  if (succeeded.length === 0) {
    return failed.length === 0 ? before : { failures: before.failures + failed.length, lastMs: Math.max(...failedAt) }
  }
  const successMs = Math.max(...succeeded.map(finishedAt))
  const since = failedAt.filter((ms) => ms > successMs)
  return since.length === 0 ? noBackoff : { failures: since.length, lastMs: Math.max(...since) }
}

/** Milliseconds that are left: `firstMs` after one failure, twice as long after each more. */
export const remainingMs = ({ failures, lastMs }: Backoff, firstMs: number, nowMs: number): number =>
  failures === 0 ? 0 : Math.max(0, lastMs + Math.min(firstMs * 2 ** (failures - 1), mostMs) - nowMs)

/** The row of a single index, as its last failed pod tells it. */
export const indexBackoff = (last: Pod): Backoff => {
  const { counted, ignored } = failuresBefore(last)
  return { failures: counted + ignored + 1, lastMs: finishedAt(last) }
}
