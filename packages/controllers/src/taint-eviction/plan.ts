/** When a pod must leave a node with NoExecute taints. Pure. @module */
import { tolerates } from "@tsukube/api"
import type { Pod, Taint } from "@tsukube/api/core-v1"
import { timeOf } from "../object.ts"

/** `now`, `never`, or milliseconds since the epoch. */
export type Eviction = "now" | "never" | number

/** The moment a pod has to go. Tolerated for a while: the shortest while counts, from when the taint came. */
export const evictionOf = (pod: Pod, taints: ReadonlyArray<Taint>, nowMs: number): Eviction => {
  const tolerations = pod.spec?.tolerations ?? []
  let earliest = Number.POSITIVE_INFINITY
  for (const taint of taints) {
    if (taint.effect !== "NoExecute") continue
    const matching = tolerations.filter((toleration) => tolerates(toleration, taint))
    if (matching.length === 0) return "now"
    const since = taint.timeAdded === undefined ? nowMs : timeOf(taint.timeAdded)
    for (const { tolerationSeconds } of matching) {
      if (tolerationSeconds !== undefined) earliest = Math.min(earliest, since + Math.max(0, tolerationSeconds) * 1000)
    }
  }
  if (earliest === Number.POSITIVE_INFINITY) return "never"
  return earliest <= nowMs ? "now" : earliest
}
