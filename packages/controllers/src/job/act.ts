/** Makes and ends the pods of a Job in one pass. @module */
import type { Pod } from "@tsukube/api/core-v1"
import { Effect } from "effect"
import { isDeleting } from "../object.ts"
import { isReady } from "../pod-state.ts"
import { createPods, deletePod, type Failure, type PodHands } from "../pod-writes.ts"
import { type Change, change } from "./change.ts"
import { completed, type Ending, endingOf, isComplete } from "./ending.ts"
import type { Finalizers } from "./finalizer.ts"
import { podOf } from "./pod.ts"
import type { Situation, Tally } from "./tally.ts"

/** What became of the pods. */
export interface Outcome {
  readonly active: number
  readonly ready: number
  readonly terminating: number
  /** How the Job ends, when every pod that runs was told to stop and none can be hidden from the cache. */
  readonly ending?: Ending | undefined
  readonly failure?: Failure | undefined
  /** When failures hold back pods: how long. */
  readonly waitMs?: number | undefined
  /** Whether pods could have been made or taken away. */
  readonly isManaged: boolean
}

/** Takes a finalizer off besides. */
export interface JobHands extends PodHands {
  readonly release: Finalizers["release"]
  /** The wait after one failure. */
  readonly firstBackoffMs: number
}

type Ended = (pod: Pod) => Effect.Effect<Failure | undefined>

const untouched = ({ active, terminating }: Tally) => ({
  active: active.length,
  ready: active.filter(isReady).length,
  terminating
})

const removeAll = (remove: ReadonlyArray<Pod>, sum: Tally, endOne: Ended) =>
  Effect.map(Effect.forEach(remove, endOne, { concurrency: 32 }), (results) => {
    const removed = remove.filter((_, at) => results[at] === undefined)
    const { active, ready, terminating } = untouched(sum)
    return {
      active: active - removed.length,
      ready: ready - removed.filter(isReady).length,
      terminating: terminating + removed.length,
      failure: results.find((result) => result !== undefined)
    }
  })

/** Ends what runs. The pods keep their finalizers: that they end is counted. */
const end = (hands: JobHands, { settled }: Situation, sum: Tally, ending: Ending): Effect.Effect<Outcome> =>
  Effect.map(
    removeAll(sum.active, sum, (pod) => deletePod(hands, pod)),
    (left) => ({ ...left, ending: left.active === 0 && settled ? ending : undefined, isManaged: false })
  )

/** A pod too many is nobody's failure: it goes without being counted. */
const withdraw = (hands: JobHands, pod: Pod): Effect.Effect<Failure | undefined> =>
  hands.release(pod).pipe(
    Effect.andThen(deletePod(hands, pod)),
    Effect.catch((error) => Effect.succeed<Failure>({ reason: "FailedDelete", message: error.message }))
  )

const apply = (hands: JobHands, { job }: Situation, sum: Tally, { remove, create, waitMs }: Change) =>
  Effect.gen(function* () {
    if (remove.length > 0) return yield* removeAll(remove, sum, (pod) => withdraw(hands, pod))
    const made = create.map((slot) => podOf(job, slot))
    const failure = yield* createPods(hands, made)
    const before = untouched(sum)
    // How many were made before one failed is seen in the next pass.
    return { ...before, active: before.active + (failure === undefined ? made.length : 0), failure, waitMs }
  })

/** Does what the situation asks for. */
export const act = (hands: JobHands, situation: Situation, sum: Tally): Effect.Effect<Outcome> =>
  Effect.gen(function* () {
    const { job, settled } = situation
    const ending = endingOf(situation, sum)
    if (ending !== undefined) return yield* end(hands, situation, sum, ending)
    const isManaged = settled && !isDeleting(job)
    const plan = isManaged ? change(situation, sum, hands.firstBackoffMs) : { remove: [], create: [] }
    const outcome = { ...(yield* apply(hands, situation, sum, plan)), isManaged }
    return isComplete(job, sum, outcome.active) ? { ...outcome, ending: completed } : outcome
  })
