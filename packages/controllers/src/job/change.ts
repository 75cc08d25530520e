/** Which pods a running Job needs more or less. Pure. @module */
import type { Job } from "@tsukube/api/batch-v1"
import type { Pod } from "@tsukube/api/core-v1"
import { inDeletionOrder } from "../replicaset/rank.ts"
import { indexBackoff, remainingMs } from "./backoff.ts"
import { indexSet, lowestMissing, union } from "./index-set.ts"
import { failuresAfter, indexOf, isTerminating, type Slot, waitsForEnd } from "./pod.ts"
import { hasPlace, isIndexed, limitsIndexes, type Situation, type Tally } from "./tally.ts"

/** The most pods one pass makes or ends. */
const burst = 500

/** Pods to end, or pods to make: never both in one pass. */
export interface Change {
  readonly remove: ReadonlyArray<Pod>
  readonly create: ReadonlyArray<Slot>
  /** When failures hold back pods: how long. */
  readonly waitMs?: number
}

const nothing: Change = { remove: [], create: [] }

/** How many pods are to run. */
const wantedActive = ({ spec }: Job, { active, succeeded }: Tally): number => {
  if (spec?.suspend === true) return 0
  const parallelism = spec?.parallelism ?? 1
  // Without a number of completions the pods know among themselves when the work is done: the first success says so.
  if (spec?.completions === undefined) return succeeded > 0 ? active.length : parallelism
  return Math.max(0, Math.min(parallelism, spec.completions - succeeded))
}

/** Of several pods with one index all but the last to go, and those without a place. */
const misplaced = (job: Job, inOrder: ReadonlyArray<Pod>): ReadonlyArray<Pod> => {
  const last = new Map(inOrder.map((pod) => [indexOf(pod), pod]))
  return inOrder.filter((pod) => !hasPlace(job, pod) || last.get(indexOf(pod)) !== pod)
}

const toRemove = ({ job, nowMs }: Situation, { active }: Tally, wanted: number): ReadonlyArray<Pod> => {
  const inOrder = inDeletionOrder(active, [], nowMs)
  const wrong = new Set(isIndexed(job) ? misplaced(job, inOrder) : [])
  const rest = inOrder.filter((pod) => !wrong.has(pod))
  return [...wrong, ...rest.slice(0, Math.max(0, active.length - wanted - wrong.size))].slice(0, burst)
}

/** The lowest indexes that are neither through nor under way. */
const pendingIndexes = ({ job, pods }: Situation, { active, indexes }: Tally, count: number): ReadonlyArray<number> => {
  const busy = waitsForEnd(job) ? [...active, ...pods.filter(isTerminating)] : active
  const taken = union(union(indexes?.succeeded ?? [], indexes?.failed ?? []), indexSet(busy.flatMap((pod) => indexOf(pod) ?? [])))
  return lowestMissing(taken, count, job.spec?.completions ?? 0)
}

/** Every index waits for itself: those whose time has come, and how long the others wait when there is none. */
const limitedSlots = ({ job, nowMs }: Situation, { indexes }: Tally, pending: ReadonlyArray<number>, firstMs: number): Change => {
  const waitOf = (index: number): number => {
    const before = indexes?.replaced.get(index)
    return before === undefined ? 0 : remainingMs(indexBackoff(before), firstMs, nowMs)
  }
  const create = pending
    .filter((index) => waitOf(index) === 0)
    .map((index) => {
      const before = indexes?.replaced.get(index)
      return { index, failures: before === undefined ? { counted: 0, ignored: 0 } : failuresAfter(job, before) }
    })
  const waits = pending.map(waitOf).filter((wait) => wait > 0)
  return { remove: [], create, ...(waits.length === 0 ? {} : { waitMs: Math.min(...waits) }) }
}

/** Compares what should run with what does; `firstMs` is the wait after one failure. */
export const change = (situation: Situation, sum: Tally, firstMs: number): Change => {
  const { job, nowMs } = situation
  const wanted = wantedActive(job, sum)
  const remove = toRemove(situation, sum, wanted)
  if (remove.length > 0) return { remove, create: [] }
  const missing = wanted - sum.active.length - (waitsForEnd(job) ? sum.terminating : 0)
  if (missing <= 0) return nothing
  const count = Math.min(missing, burst)
  if (limitsIndexes(job)) return limitedSlots(situation, sum, pendingIndexes(situation, sum, count), firstMs)
  const waitMs = remainingMs(sum.backoff, firstMs, nowMs)
  if (waitMs > 0) return { ...nothing, waitMs }
  if (!isIndexed(job)) return { remove: [], create: Array<Slot>(count).fill({}) }
  return { remove: [], create: pendingIndexes(situation, sum, count).map((index) => ({ index })) }
}
