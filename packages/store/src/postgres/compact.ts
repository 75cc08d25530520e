/** Forgetting history in a database: the decision first, then the rows, a stretch at a time, so that writers hardly notice. @module */
import { Clock, Effect, type Scope } from "effect"
import type { StoreError } from "../store.ts"
import type { Database } from "./database.ts"

/** History that a store forgets by itself. */
export interface Compaction {
  /** History younger than this is kept. Default five minutes. It is measured from when this process saw it, so no step of a clock shortens it. */
  readonly keepMs?: number
  /** At most so many revisions of history are kept, however young. Default: no bound. */
  readonly keepRevisions?: number
}

/** Revisions swept in one transaction. */
const sweepRevisions = 5_000
/** So many deleted rows make a VACUUM worth its time: autovacuum alone lets the table grow to several times its data. */
const vacuumRows = 20_000

/** Answers of at least so many writers are kept, however old they look. */
const writersKept = 1_000

/** Makes `before` the oldest revision that can be read, and deletes what it made superfluous. */
export const makeCompact = (database: Database, schema: string): ((before: bigint) => Effect.Effect<void, StoreError>) => {
  let deletedSinceVacuum = 0n
  const decide = (before: bigint) =>
    database.read(
      `update ${schema}.meta set compacted = least(greatest(compacted, $1::text::bigint),
         coalesce((select l.rev from ${schema}.log l order by l.rev desc limit 1), 1)) where id = 1 and compacted < $1::text::bigint`,
      [String(before)]
    )
  const sweep: Effect.Effect<void, StoreError> = Effect.suspend(() =>
    Effect.flatMap(
      database.read(`select deleted, more from ${schema}.sweep_some($1::text::bigint)`, [String(sweepRevisions)]),
      (rows) => {
        const [deleted, more] = rows[0] ?? []
        deletedSinceVacuum += (deleted as bigint | undefined) ?? 0n
        return more === true ? sweep : Effect.void
      }
    )
  )
  const vacuum = Effect.suspend(() => {
    if (deletedSinceVacuum < vacuumRows) return Effect.void
    deletedSinceVacuum = 0n
    const one = (table: string) => database.maintain(`vacuum (truncate off) ${schema}.${table}`)
    return Effect.andThen(one("log"), one("head"))
  })
  /** Answers kept for writers that ended long ago. However far the clock jumps, those that wrote last are known. */
  const forgetWriters = database.read(
    `delete from ${schema}.batch where at < now() - interval '1 day'
       and writer not in (select b.writer from ${schema}.batch b order by b.at desc limit ${writersKept})`,
    []
  )
  // Safe to give up anywhere: what a sweep left, the next one finds.
  return (before) =>
    Effect.andThen(decide(before), Effect.andThen(sweep, vacuum)).pipe(Effect.andThen(forgetWriters), Effect.asVoid)
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
