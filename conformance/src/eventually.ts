/** Waits for a state of the cluster by asking again, never by guessing how long it takes. @module */
import type { Cluster } from "./suite.ts"

const everyMs = 100

const isFinal = (error: unknown): boolean => error instanceof TypeError || error instanceof ReferenceError

/** Asks `probe` until it returns something else than `undefined` or `false`; errors of the server count as "not yet". */
export const eventually: Cluster["eventually"] = async (what, probe, withinMs = 60_000) => {
  const deadline = performance.now() + withinMs
  for (;;) {
    let last: unknown
    try {
      const answer = await probe()
      if (answer !== undefined && answer !== false) return answer
      last = answer
    } catch (error) {
      // A mistake in the test itself does not mend with time.
      if (isFinal(error)) throw error
      last = error instanceof Error ? error.message : error
    }
    if (performance.now() > deadline) throw new Error(`not within ${withinMs / 1000} s: ${what}; last answer: ${String(last)}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
