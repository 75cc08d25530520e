/** The one reader of the log in a store: it follows the newest revisions and feeds the hub, through any loss of the database. @module */
import { Effect, type Scope } from "effect"
import type { Hub, ReadLog } from "../hub.ts"
import { Compacted, type StoreError } from "../store.ts"
import type { Database } from "./database.ts"
import { boundsOf, commitsOf, logQuestion } from "./statements.ts"
import { retryForEver, type Wakeups } from "./wakeups.ts"

const everything = { prefix: "" }

/** Reads a stretch of the log for a watcher that starts in the past or has fallen behind. */
export const readLogOf =
  (database: Database, schema: string): ReadLog =>
  (range, after, upTo) => {
    const { statement, parameters } = logQuestion(schema, range, after, upTo)
    return Effect.flatMap(database.read(statement, parameters), (rows) => {
      const { compacted } = boundsOf(rows)
      if (after < compacted) return Effect.fail(new Compacted({ oldest: compacted }))
      const commits = commitsOf(rows)
      return Effect.succeed({ commits, position: commits.at(-1)?.[0]?.revision ?? upTo })
    })
  }

/** Reads what is new and publishes it, page after page. */
const catchUp = (database: Database, schema: string, hub: Hub): Effect.Effect<void, StoreError> =>
  Effect.suspend(() => {
    const position = hub.position()
    const { statement, parameters } = logQuestion(schema, everything, position, undefined)
    return Effect.flatMap(database.read(statement, parameters), (rows) => {
      const { compacted, newest } = boundsOf(rows)
      // A fail-over to a replica that had not heard everything: what watchers know is no longer the log's story.
      if (newest < position) {
        hub.reset(new Compacted({ oldest: newest }), newest)
        return Effect.void
      }
      if (position < compacted) {
        hub.skipTo(compacted)
        return catchUp(database, schema, hub)
      }
      const commits = commitsOf(rows)
      const reached = commits.at(-1)?.[0]?.revision ?? position
      hub.publish(commits, reached)
      return reached < newest ? catchUp(database, schema, hub) : Effect.void
    })
  })

/** Follows the log as long as the scope lasts; a database that is away is asked again for ever, from where we were. */
export const followLog = (
  database: Database,
  schema: string,
  hub: Hub,
  wakeups: Wakeups
): Effect.Effect<void, never, Scope.Scope> => {
  let lost = false
  const say = (isLost: boolean, message: string) =>
    Effect.suspend(() => {
      if (lost === isLost) return Effect.void
      lost = isLost
      return isLost ? Effect.logWarning(message) : Effect.logInfo(message)
    })
  return Effect.andThen(
    wakeups.wait,
    Effect.suspend(() => catchUp(database, schema, hub))
  ).pipe(
    Effect.tap(() => say(false, "the log of the store is read again")),
    Effect.tapError((error) => say(true, `the log of the store cannot be read, trying until it can: ${error.message}`)),
    Effect.retry(retryForEver),
    Effect.forever,
    Effect.forkScoped,
    Effect.asVoid
  )
}
