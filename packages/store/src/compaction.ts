/** When history is forgotten: by its age and by how much there is. @module */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { StoreError } from "./store.ts"

/** History that a store forgets by itself. */
export interface Compaction {
  /** History younger than this is kept. Default five minutes. It is measured from when this process saw it, so no step of a clock shortens it. */
  readonly keepMs?: number
  /** At most so many revisions of history are kept, however young. Default: no bound. */
  readonly keepRevisions?: number
}

const defaultKeepMs = 300_000
/** So often in the time that is kept: a revision is forgotten at most that fraction late. */
const looksPerAge = 10
const longestPauseMs = 60_000
const shortestPauseMs = 250

/** Compacts by age and count as long as the scope lasts. Several processes may do so at once: the one that keeps least decides. */
export const compactByItself = (
  { keepMs = defaultKeepMs, keepRevisions }: Compaction,
  newest: Effect.Effect<bigint, StoreError>,
  compact: (before: bigint) => Effect.Effect<void, StoreError>
): Effect.Effect<void, never, Scope.Scope> => {
  /** When which revision was the newest, the oldest first. */
  const seen: Array<{ readonly atNanos: bigint; readonly revision: bigint }> = []
  let done = 0n
  const pauseMs =
    keepRevisions === undefined ? Math.min(longestPauseMs, Math.max(shortestPauseMs, keepMs / looksPerAge)) : shortestPauseMs
  const look = Effect.gen(function* () {
    const revision = yield* newest
    const nowNanos = yield* Clock.monotonicTimeNanos
    seen.push({ atNanos: nowNanos, revision })
    let before = keepRevisions === undefined ? 0n : revision - BigInt(keepRevisions)
    // A fail-over may have taken the revision back: what was seen beyond it means nothing any more.
    while ((seen[0]?.atNanos ?? nowNanos) <= nowNanos - BigInt(keepMs) * 1_000_000n) {
      const old = seen.shift()?.revision ?? 0n
      if (old > before && old <= revision) before = old
    }
    if (before <= 1n || before === done) return
    yield* compact(before)
    done = before
  })
  return Effect.suspend(() => look).pipe(
    Effect.catch((error) => Effect.logDebug(`history is not compacted now, but later: ${error.message}`)),
    Effect.andThen(Effect.sleep(pauseMs)),
    Effect.forever,
    Effect.forkScoped,
    Effect.asVoid
  )
}
