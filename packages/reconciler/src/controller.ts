/** Runs a controller: events add keys to a queue, workers bring the thing behind each key to its desired state. @module */
import { Cause, Clock, Effect, Exit, Latch, type Scope } from "effect"
import { Backoff } from "./backoff.ts"
import { WorkQueue } from "./queue.ts"

/** What a reconcile says when it is done: nothing, or that it wants the key again after a while. */
export type Again = { readonly afterMs: number } | undefined

/** Adds a key to the queue, now or later; a plain function, for informer handlers. */
export type Enqueue = (key: string, afterMs?: number) => void

/** What a controller is made of. */
export interface ControllerSpec {
  /** Names the controller in its logs. */
  readonly name: string
  /**
   * Brings one thing to its desired state, whatever happened before; it is never run twice at once for one key. It must be
   * safe to interrupt, and cheap when nothing is to do.
   */
  readonly reconcile: (key: string) => Effect.Effect<Again | void, unknown>
  /** Registers what makes keys: informer handlers, timers. Run once, before the workers start; its scope is the controller's. */
  readonly triggers: (enqueue: Enqueue) => Effect.Effect<void, never, Scope.Scope>
  /** Workers wait for it: usually until the informers that `reconcile` reads have synced. */
  readonly ready: Effect.Effect<void>
  /** How many keys are worked on at once; default 1. */
  readonly concurrency?: number
}

/**
 * Registers the triggers, then runs workers in the background until the scope closes. A failure never ends a worker: it is
 * logged with the key, once for a row of equal ones, and the key is tried again after 5 ms, 10 ms … 1000 s. Conflicts (409,
 * somebody else wrote first) are so ordinary that they are retried without a word. A defect counts as a failure.
 */
export const runController = (spec: ControllerSpec): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    // Not the wall clock: a correction of the machine's time must not hold back a retry.
    const nowMs = () => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n)
    const queue = new WorkQueue()
    const backoff = new Backoff()
    const lastFailures = new Map<string, string>()
    const hasWork = Latch.makeUnsafe(false)
    const timersChanged = Latch.makeUnsafe(false)

    const enqueue: Enqueue = (key, afterMs = 0) => {
      if (afterMs > 0) {
        queue.addAt(key, nowMs() + afterMs)
        timersChanged.openUnsafe()
      } else {
        queue.add(key)
        hasWork.openUnsafe()
      }
    }

    const timers = Effect.gen(function* () {
      timersChanged.closeUnsafe()
      queue.advance(nowMs())
      if (queue.size > 0) hasWork.openUnsafe()
      const dueMs = queue.nextDueMs
      if (dueMs === undefined) yield* timersChanged.await
      else yield* Effect.raceFirst(Effect.sleep(Math.max(dueMs - nowMs(), 0)), timersChanged.await)
    })

    const settle = (key: string, exit: Exit.Exit<Again | void, unknown>): Effect.Effect<void> => {
      if (Exit.isSuccess(exit)) {
        backoff.forget(key)
        lastFailures.delete(key)
        if (exit.value) enqueue(key, exit.value.afterMs)
        return Effect.void
      }
      enqueue(key, backoff.next(key))
      if (isConflict(exit.cause)) return Effect.void
      const failure = describeCause(exit.cause)
      if (lastFailures.get(key) === failure) return Effect.void
      lastFailures.set(key, failure)
      return Effect.logError(`${key}: ${failure}`)
    }

    const work = Effect.suspend(() => {
      const key = queue.take()
      if (key === undefined) {
        hasWork.closeUnsafe()
        return hasWork.await
      }
      return Effect.suspend(() => spec.reconcile(key)).pipe(
        Effect.exit,
        Effect.flatMap((exit) => settle(key, exit)),
        Effect.ensuring(
          Effect.sync(() => {
            queue.done(key)
            if (queue.size > 0) hasWork.openUnsafe()
          })
        )
      )
    })

    yield* spec.triggers(enqueue)
    yield* Effect.forkScoped(Effect.forever(timers))
    const worker = Effect.andThen(spec.ready, Effect.forever(work)).pipe(Effect.annotateLogs("controller", spec.name))
    for (let i = 0; i < (spec.concurrency ?? 1); i++) yield* Effect.forkScoped(worker)
  })

// By tag and shape, not by class: the error may come from another copy of the package.
const isConflict = (cause: Cause.Cause<unknown>): boolean => {
  const error = Cause.squash(cause) as { readonly _tag?: unknown; readonly reason?: unknown } | null | undefined
  return error?._tag === "StatusError" && error.reason === "Conflict"
}

const describeCause = (cause: Cause.Cause<unknown>): string => {
  if (cause.reasons.some(Cause.isDieReason)) return Cause.pretty(cause)
  const error = Cause.squash(cause)
  if (!(error instanceof Error)) return typeof error === "string" ? error : (JSON.stringify(error) ?? String(error))
  const tag = "_tag" in error ? `${String(error._tag)}: ` : ""
  return `${tag}${error.message}`
}
