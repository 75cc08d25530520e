/** The one who feeds the hub of a store: with what this store wrote itself, and with the log where others write, through any loss of the database. @module */
import { Effect, type Scope } from "effect"
import type { Commit, Hub, ReadLog } from "../hub.ts"
import type { Meter } from "../metrics.ts"
import { type Change, Compacted, type StoreError } from "../store.ts"
import { ownCommits } from "./commits.ts"
import type { Database } from "./database.ts"
import type { Decision } from "./ledger.ts"
import { type Progress, trackProgress } from "./progress.ts"
import { makeRecentValues, type RecentValues } from "./recent.ts"
import { boundsOf, boundsQuestion, lastChangeQuestion, logOf, logQuestion } from "./statements.ts"
import { retryForEver, type Wakeups } from "./wakeups.ts"

const everything = { prefix: "" }

/** Reads a stretch of the log for a watcher that starts in the past or has fallen behind. */
export const readLogOf =
  (database: Database, schema: string): ReadLog =>
  (range, after, upTo, withPrevious) => {
    const { statement, parameters } = logQuestion(schema, range, after, upTo, withPrevious)
    // A database that is away is waited for: a watcher in the past resumes as a live one does.
    const patient = Effect.retry(database.read(statement, parameters), {
      while: (error) => error.retryable,
      schedule: retryForEver
    })
    return Effect.flatMap(patient, (rows) => {
      const { compacted, commits } = logOf(rows)
      if (after < compacted) return Effect.fail(new Compacted({ oldest: compacted }))
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
  /** What was told last, for those who want the values before. */
  readonly recent: RecentValues
  /** It sufficed lately: the log is read without the values before. */
  recentSuffices: boolean
}

/** The commits as watchers want them; undefined when values before are missing. */
const tellable = (hub: Hub, memory: Memory, commits: ReadonlyArray<Commit>): ReadonlyArray<Commit> | undefined => {
  if (!hub.wantsPrevious()) {
    memory.recent.forget()
    return commits
  }
  const completed = memory.recent.complete(commits)
  memory.recentSuffices = completed?.remembered ?? false
  return completed?.commits
}

/** Reads what is new and publishes it, page after page. Without watchers only the position moves: later ones read the log by themselves. */
const catchUp = (database: Database, schema: string, hub: Hub, memory: Memory): Effect.Effect<void, StoreError> =>
  Effect.suspend(() => {
    const position = hub.position()
    const unwatched = hub.watchers() === 0 || memory.rested
    const withPrevious = hub.wantsPrevious() && !memory.recentSuffices
    const { statement, parameters } = unwatched
      ? boundsQuestion(schema)
      : logQuestion(schema, everything, position, undefined, withPrevious)
    return Effect.flatMap(database.read(statement, parameters), (rows): Effect.Effect<void, StoreError> => {
      const { compacted, newest, server, commits } = unwatched ? { ...boundsOf(rows), commits: [] } : logOf(rows)
      // Commits of our own moved it meanwhile, most likely beyond what this answer knows of.
      if (hub.position() !== position)
        return memory.server === server && newest <= hub.position() ? Effect.void : catchUp(database, schema, hub, memory)
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
      const told = tellable(hub, memory, commits)
      // Read again, with the values before.
      if (told === undefined) return catchUp(database, schema, hub, memory)
      const reached = commits.at(-1)?.[0]?.revision ?? position
      memory.last = commits.at(-1)?.at(-1) ?? memory.last
      hub.publish(told, reached)
      return reached < newest ? catchUp(database, schema, hub, memory) : Effect.void
    })
  })

const startOver = (hub: Hub, memory: Memory, newest: bigint): void => {
  memory.last = undefined
  memory.recent.forget()
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

/** Publishes what this store wrote itself, where that is known to follow on what was published last; else the log will tell it. */
const tellOwn = (hub: Hub, memory: Memory, { base, newest, rows }: Decision, server: string): void => {
  if (hub.watchers() === 0 || memory.rested || memory.server !== server || hub.position() !== BigInt(base)) return
  const told = tellable(hub, memory, ownCommits(rows))
  if (told === undefined) return
  memory.last = told.at(-1)?.at(-1) ?? memory.last
  hub.publish(told, BigInt(newest))
}

/** Follows the log as long as the scope lasts; a database that is away is asked again for ever, from where we were. */
export const followLog = (
  database: Database,
  schema: string,
  hub: Hub,
  wakeups: Wakeups,
  meter: Pick<Meter, "notified">
): Effect.Effect<Progress, never, Scope.Scope> => {
  const memory: Memory = {
    server: undefined,
    last: undefined,
    rested: true,
    recent: makeRecentValues(),
    recentSuffices: false
  }
  let lost = false
  const say = (isLost: boolean, message: string) =>
    Effect.suspend(() => {
      if (lost === isLost) return Effect.void
      lost = isLost
      return isLost ? Effect.logWarning(message) : Effect.logInfo(message)
    })
  const { progress, tracked, stop } = trackProgress(
    hub,
    wakeups.ring,
    (decision, server) => tellOwn(hub, memory, decision, server),
    meter
  )
  return Effect.andThen(wakeups.wait, tracked(catchUp(database, schema, hub, memory))).pipe(
    Effect.tap(() => say(false, "the log of the store is read again")),
    Effect.tapError((error) => say(true, `the log of the store cannot be read, trying until it can: ${error.message}`)),
    Effect.retry(retryForEver),
    Effect.forever,
    Effect.ensuring(stop),
    Effect.forkScoped,
    Effect.as(progress)
  )
}
