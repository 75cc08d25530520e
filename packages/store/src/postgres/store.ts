/** A store over a database: migrations, one writer, one tail of the log, and readers. @module */
import { Effect, type Scope } from "effect"
import { type Compaction, compactByItself } from "../compaction.ts"
import { type Hub, makeHub } from "../hub.ts"
import { checkList, checkQuestion, futureRevision, rejected } from "../key.ts"
import { makeMeter } from "../metrics.ts"
import { Compacted, type ListOptions, type Page, type Range, type Store, type StoreError } from "../store.ts"
import { makeCompact } from "./compact.ts"
import type { Database } from "./database.ts"
import { makeExpiry } from "./expiry.ts"
import { migrate } from "./migrations.ts"
import { getStatement } from "./schema.ts"
import { boundsOf, boundsQuestion, countQuestion, entriesOf, listQuestion } from "./statements.ts"
import { followLog, readLogOf } from "./tail.ts"
import { makeWakeups } from "./wakeups.ts"
import { makeWriter } from "./writer.ts"

/** Names of schemas that need no quotes anywhere. */
const schemaPattern = /^[a-z_][a-z0-9_]{0,40}$/

/** Opens the store that lives in a schema of a database, making it when it is not there. */
export const openStoreIn = (
  database: Database,
  schema: string,
  compaction?: Compaction
): Effect.Effect<Store, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    if (!schemaPattern.test(schema))
      return yield* rejected(`a schema is named by small letters, digits and _, not ${JSON.stringify(schema)}`)
    yield* migrate(database, schema)
    const bounds = Effect.suspend(() => {
      const { statement, parameters } = boundsQuestion(schema)
      return Effect.map(database.read(statement, parameters), boundsOf)
    })
    const { newest } = yield* bounds
    const meter = yield* makeMeter
    const hub: Hub = makeHub(newest, readLogOf(database, schema), { meter, onWatched: () => wakeups.watched() })
    const wakeups = yield* makeWakeups(database, schema, (revision) => progress.notified(revision))
    const progress = yield* followLog(database, schema, hub, wakeups, meter)
    const write = yield* makeWriter(database, schema, progress)
    const { commit, keepAlive, leases } = yield* makeExpiry(database, schema, write)
    const compact = makeCompact(database, schema)
    const revision = Effect.map(bounds, ({ newest }) => newest)
    if (compaction !== undefined) yield* compactByItself(compaction, revision, compact)
    const get = getStatement(schema)
    return {
      get: (key) =>
        Effect.suspend(() => {
          const problem = checkQuestion(key)
          if (problem !== undefined) return Effect.fail(problem)
          return Effect.map(database.read(get, [key]), ([row]) =>
            row === undefined
              ? undefined
              : { key, value: row[0] as string, revision: row[1] as bigint, createRevision: row[2] as bigint }
          )
        }),
      list: (range, options = {}) => Effect.suspend(() => list(database, schema, range, options)),
      count: (range) =>
        Effect.suspend(() => {
          const problem = checkQuestion(range.prefix)
          if (problem !== undefined) return Effect.fail(problem)
          const { statement, parameters } = countQuestion(schema, range)
          return Effect.map(database.read(statement, parameters), ([row]) => Number(row?.[0] ?? 0))
        }),
      commit,
      watch: hub.watch,
      follow: hub.follow,
      keepAlive,
      leases,
      revision,
      compact
    }
  })

const list = (
  database: Database,
  schema: string,
  range: Range,
  options: ListOptions
): Effect.Effect<Page, Compacted | StoreError> => {
  const problem = checkList(range, options)
  if (problem !== undefined) return Effect.fail(problem)
  const { statement, parameters } = listQuestion(schema, range, options)
  return Effect.flatMap(database.read(statement, parameters), (rows): Effect.Effect<Page, Compacted | StoreError> => {
    const { compacted, newest } = boundsOf(rows)
    const at = options.at ?? newest
    if (at > newest) return Effect.fail(futureRevision(at, newest))
    if (at < compacted) return Effect.fail(new Compacted({ oldest: compacted }))
    const { entries, total } = entriesOf(rows)
    const remaining = options.limit === undefined ? 0 : total - entries.length
    const next = remaining > 0 ? entries.at(-1)?.key : undefined
    return Effect.succeed({ entries, revision: at, remaining, ...(next === undefined ? {} : { next }) })
  })
}
