/** When to look at the log again: when somebody has written, and after a while in any case. @module */
import { Deferred, Effect, Schedule, type Scope } from "effect"
import { channelOf } from "./apply.ts"
import type { Database } from "./database.ts"

/** A notification may be lost without a trace; this is how long one change may then stay unseen. */
const pollListeningMs = 5_000
/** How often to look when nobody notifies us: the connection is lost, or a pooler in between swallows LISTEN. */
const pollDeafMs = 200

/** A bell that remembers one ring. */
export interface Wakeups {
  readonly ring: () => void
  /** Somebody watches: listens from now on, and rings. */
  readonly watched: () => void
  /** Ends when the bell has rung since the last wait, or when it is time to look anyway. */
  readonly wait: Effect.Effect<void>
}

/** A schedule for whoever has lost the database: quick at first, then every two seconds, for ever. */
export const retryForEver: Schedule.Schedule<unknown> = Schedule.min([
  Schedule.exponential("20 millis"),
  Schedule.spaced("2 seconds")
])

/** Listens to the channel of a schema from the first watcher until the scope ends; `onNotified` hears which revisions it is told of. */
export const makeWakeups = (
  database: Database,
  schema: string,
  onNotified: (revision: bigint) => void
): Effect.Effect<Wakeups, never, Scope.Scope> =>
  Effect.gen(function* () {
    let rung = false
    let listening = false
    let wasWatched = false
    const firstWatcher = yield* Deferred.make<void>()
    let wake: (() => void) | undefined
    const ring = (): void => {
      rung = true
      wake?.()
    }
    const onListening = (): void => {
      listening = true
      // Whatever happened while nobody listened.
      ring()
    }
    const attempt = database
      .listen(channelOf(schema), onListening, (payload) => {
        // Anybody may notify; what is no revision says that there is something to see, at most.
        if (/^[0-9]{1,19}$/.test(payload)) onNotified(BigInt(payload))
        else ring()
      })
      .pipe(
        // A connection that worked and was lost starts the back-off anew.
        Effect.catch((error) => (listening ? Effect.sleep(20) : Effect.fail(error))),
        Effect.onExit(() =>
          Effect.sync(() => {
            listening = false
            ring()
          })
        )
      )
    yield* Effect.andThen(Deferred.await(firstWatcher), attempt.pipe(Effect.retry(retryForEver), Effect.forever)).pipe(
      Effect.forkScoped
    )
    // By a timer of its own: hundreds of times a second, a race of two fibers would cost more than the reading.
    const wait = Effect.callback<void>((resume) => {
      const end = (): void => {
        clearTimeout(timer)
        rung = false
        wake = undefined
      }
      const timer = setTimeout(() => wake?.(), listening || !wasWatched ? pollListeningMs : pollDeafMs)
      wake = () => {
        end()
        resume(Effect.void)
      }
      if (rung) wake()
      return Effect.sync(end)
    })
    const watched = (): void => {
      wasWatched = true
      Deferred.doneUnsafe(firstWatcher, Effect.void)
      ring()
    }
    return { ring, watched, wait }
  })
