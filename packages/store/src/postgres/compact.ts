/** Forgetting history in a database: the decision first, then the rows, a stretch at a time, so that writers hardly notice. @module */
import { Effect } from "effect"
import type { StoreError } from "../store.ts"
import type { Database } from "./database.ts"

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
