/** The one reader of the log in a store: it follows the newest revisions and feeds the hub, through any loss of the database. @module */
import { Effect, type Scope } from "effect"
import type { Hub, ReadLog } from "../hub.ts"
import type { Meter } from "../metrics.ts"
import { type Change, Compacted, type StoreError } from "../store.ts"
import type { Database } from "./database.ts"
import { boundsOf, boundsQuestion, commitsOf, lastChangeQuestion, logQuestion } from "./statements.ts"
import { retryForEver, type Wakeups } from "./wakeups.ts"

const everything = { prefix: "" }

/** Reads a stretch of the log for a watcher that starts in the past or has fallen behind. */
export const readLogOf =
  (database: Database, schema: string): ReadLog =>
  (range, after, upTo) => {
    const { statement, parameters } = logQuestion(schema, range, after, upTo)
    // A database that is away is waited for: a watcher in the past resumes as a live one does.
    const patient = Effect.retry(database.read(statement, parameters), {
      while: (error) => error.retryable,
      schedule: retryForEver
    })
    return Effect.flatMap(patient, (rows) => {
      const { compacted } = boundsOf(rows)
      if (after < compacted) return Effect.fail(new Compacted({ oldest: compacted }))
      const commits = commitsOf(rows)
      return Effect.succeed({ commits, position: commits.at(-1)?.[0]?.revision ?? upTo })
    })
  }

/** What a tail remembers between two looks at the log. */
interface Memory {
  /** Which server process answered last; another one may be a replica that had not heard everything. */
  server: string | undefined
  /** The last change that was published, where we read it. */
  last: Change | undefined
  /** Nobody watched for a while: the position may be far behind, and whoever watches since then reads that stretch by himself. */
  rested: boolean
}

/** Reads what is new and publishes it, page after page. Without watchers only the position moves: later ones read the log by themselves. */
const catchUp = (database: Database, schema: string, hub: Hub, memory: Memory): Effect.Effect<void, StoreError> =>
  Effect.suspend(() => {
    const position = hub.position()
    const unwatched = hub.watchers() === 0 || memory.rested
    const { statement, parameters } = unwatched ? boundsQuestion(schema) : logQuestion(schema, everything, position, undefined)
    return Effect.flatMap(database.read(statement, parameters), (rows): Effect.Effect<void, StoreError> => {
      const { compacted, newest } = boundsOf(rows)
      const server = String(rows[0]?.at(-1) ?? "")
      // A commit of our own moved it meanwhile.
      if (hub.position() !== position) return catchUp(database, schema, hub, memory)
      if (memory.server !== server && memory.server !== undefined && newest >= position)
        return Effect.flatMap(isSameStory(database, schema, position, compacted, memory.last), (same) => {
          memory.server = server
          if (!same) startOver(hub, memory, newest)
          return catchUp(database, schema, hub, memory)
        })
      memory.server = server
      // What watchers know is no longer the log's story: the tail was lost in a fail-over.
      if (newest < position) {
        startOver(hub, memory, newest)
        return Effect.void
      }
      if (position < compacted) {
        memory.last = undefined
        hub.skipTo(compacted)
        return catchUp(database, schema, hub, memory)
      }
      if (unwatched) {
        memory.rested = hub.watchers() === 0
        if (newest === position) return Effect.void
        memory.last = undefined
        hub.advance(newest)
        return Effect.void
      }
      const commits = commitsOf(rows)
      const reached = commits.at(-1)?.[0]?.revision ?? position
      memory.last = commits.at(-1)?.at(-1) ?? memory.last
      hub.publish(commits, reached)
      return reached < newest ? catchUp(database, schema, hub, memory) : Effect.void
    })
  })

const startOver = (hub: Hub, memory: Memory, newest: bigint): void => {
  memory.last = undefined
  hub.reset(new Compacted({ oldest: newest }), newest)
}

/** Whether the log still holds what we published last; commits of a lost tail may have been replaced by as many others. */
const isSameStory = (
  database: Database,
  schema: string,
  position: bigint,
  compacted: bigint,
  last: Change | undefined
): Effect.Effect<boolean, StoreError> => {
  if (last === undefined || last.revision !== position) return Effect.succeed(true)
  const { statement, parameters } = lastChangeQuestion(schema, position)
  return Effect.map(database.read(statement, parameters), ([row]) =>
    row === undefined
      ? position <= compacted
      : row[0] === last.key && (row[1] ?? undefined) === last.value && row[2] === last.createRevision
  )
}

/** Measures how late the tail is. */
export interface Progress {
  /** A commit of this store was acknowledged: the log is read up to there, if anybody watches. */
  readonly committed: (revision: bigint) => void
}

/** Follows the log as long as the scope lasts; a database that is away is asked again for ever, from where we were. */
export const followLog = (
  database: Database,
  schema: string,
  hub: Hub,
  wakeups: Wakeups,
  meter: Pick<Meter, "notified">
): Effect.Effect<Progress, never, Scope.Scope> => {
  const memory: Memory = { server: undefined, last: undefined, rested: true }
  let expected: { readonly revision: bigint; readonly sinceMs: number } | undefined
  const told = Effect.sync(() => {
    if (expected === undefined || hub.position() < expected.revision) return
    meter.notified(performance.now() - expected.sinceMs)
    expected = undefined
  })
  let lost = false
  const say = (isLost: boolean, message: string) =>
    Effect.suspend(() => {
      if (lost === isLost) return Effect.void
      lost = isLost
      return isLost ? Effect.logWarning(message) : Effect.logInfo(message)
    })
  return Effect.andThen(
    wakeups.wait,
    Effect.suspend(() => catchUp(database, schema, hub, memory))
  ).pipe(
    Effect.tap(() => told),
    Effect.tap(() => say(false, "the log of the store is read again")),
    Effect.tapError((error) => say(true, `the log of the store cannot be read, trying until it can: ${error.message}`)),
    Effect.retry(retryForEver),
    Effect.forever,
    Effect.forkScoped,
    Effect.as({
      committed: (revision) => {
        if (hub.watchers() > 0) {
          expected ??= { revision, sinceMs: performance.now() }
          wakeups.ring()
        } else if (revision > hub.position()) hub.advance(revision)
      }
    })
  )
}
