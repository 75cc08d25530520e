/** A store that answers reads and watches from memory, over another store that it follows. @module */
import type { Scope } from "effect"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { entryOf, type History, makeHistory } from "./history.ts"
import { type Commit, type Hub, makeHub } from "./hub.ts"
import { checkList, checkQuestion, futureRevision } from "./key.ts"
import {
  type Advance,
  type Change,
  Compacted,
  type ListOptions,
  type Page,
  type Range,
  Store,
  StoreError,
  type WatchOptions
} from "./store.ts"

/** How a cache is made. */
export interface CacheOptions {
  /** About this many changes are kept; lists and watches that reach further back go to the store below. Default 10,000. */
  readonly historyLimit?: number
}

/** How long a read waits for the cache to see a revision that the store below has. */
const behindLimitMs = 10_000
const retryForEver = Schedule.min([Schedule.exponential("20 millis"), Schedule.spaced("2 seconds")])

interface Waiter {
  readonly revision: bigint
  readonly resume: () => void
}

/**
 * The whole of a store in memory, kept current by one watch. Reads stay linearizable: each asks the store below for its newest
 * revision, which is one cheap question, and waits until the cache has seen it. Commits go straight through.
 */
export const makeCache = (inner: Store, options: CacheOptions = {}): Effect.Effect<Store, Compacted | StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const historyLimit = options.historyLimit ?? 10_000
    const load = Effect.map(inner.list({ prefix: "" }), (page): History => makeHistory(historyLimit, page))
    let history = yield* load
    /** Counts reloads: a watcher of an earlier one must not be continued, since revisions may mean something else now. */
    let epoch = 0
    let waiters: Array<Waiter> = []
    const hub: Hub = makeHub(history.revision(), (range, after, upTo) => {
      const page = history.read(range, after, upTo)
      return page instanceof Compacted ? Effect.fail(page) : Effect.succeed(page)
    })

    const wakeWaiters = (): void => {
      const ready = waiters.filter((waiter) => waiter.revision <= history.revision())
      if (ready.length === 0) return
      waiters = waiters.filter((waiter) => waiter.revision > history.revision())
      for (const waiter of ready) waiter.resume()
    }
    /** What the store below need not say, since it is here. */
    const withPrevious = (change: Change): Change => {
      if (change.previousRevision === 0n || change.previous !== undefined) return change
      const previous = history.newest(change.key)?.value
      return previous === undefined ? change : { ...change, previous }
    }
    const keepUp = Effect.suspend(() => {
      const begin = history.revision()
      return Stream.runForEachArray(inner.watch({ prefix: "" }, begin, { previous: false }), (told) =>
        Effect.sync(() => {
          const commits: Array<Commit> = []
          for (const commit of told) {
            const whole = commit.map(withPrevious)
            history.append(whole)
            commits.push(whole)
          }
          hub.publish(commits, history.revision())
          wakeWaiters()
        })
      ).pipe(
        // A watch that brought something and was lost starts the back-off anew.
        Effect.catchTag("StoreError", (error) => (history.revision() > begin ? Effect.sleep(20) : Effect.fail(error)))
      )
    })
    const reload = (error: Compacted) =>
      Effect.map(load, (fresh) => {
        history = fresh
        epoch++
        hub.reset(error, history.revision())
        wakeWaiters()
      })
    yield* keepUp.pipe(Effect.catchTag("Compacted", reload), Effect.retry(retryForEver), Effect.forever, Effect.forkScoped)

    const seen = (revision: bigint): Effect.Effect<void, StoreError> =>
      Effect.callback<void>((resume) => {
        if (history.revision() >= revision) return resume(Effect.void)
        const waiter: Waiter = { revision, resume: () => resume(Effect.void) }
        waiters.push(waiter)
        return Effect.sync(() => {
          waiters = waiters.filter((other) => other !== waiter)
        })
      }).pipe(Effect.timeoutOrElse({ duration: behindLimitMs, orElse: () => Effect.fail(behind()) }))
    const caughtUp = Effect.tap(inner.revision, seen)

    const list = (range: Range, options: ListOptions): Effect.Effect<Page, Compacted | StoreError> =>
      Effect.gen(function* () {
        const problem = checkList(range, options)
        if (problem !== undefined) return yield* problem
        if (options.at === undefined || options.at > history.revision()) {
          const newest = yield* caughtUp
          if (options.at !== undefined && options.at > newest) return yield* futureRevision(options.at, newest)
        }
        const page = history.list(range, options)
        if (page instanceof StoreError) return yield* page
        return page instanceof Compacted ? yield* inner.list(range, options) : page
      })

    /** A watch of the hub that goes on from the log below when the cache's own history is too short. */
    const served = <A>(
      after: bigint,
      fromHub: Stream.Stream<A, Compacted | StoreError>,
      fromLog: (after: bigint) => Stream.Stream<A, Compacted | StoreError>,
      revisionOf: (told: A) => bigint | undefined
    ): Stream.Stream<A, Compacted | StoreError> =>
      Stream.suspend(() => {
        if (after < history.oldest()) return fromLog(after)
        const begun = epoch
        let last = after
        return fromHub.pipe(
          Stream.map((told) => {
            last = revisionOf(told) ?? last
            return told
          }),
          // Too slow for the cache is not yet too slow for the log below.
          Stream.catchTag("Compacted", (error) => (epoch === begun ? fromLog(last) : Stream.fail(error)))
        )
      })
    const watch = (range: Range, after: bigint, options?: WatchOptions) =>
      served(
        after,
        hub.watch(range, after, options),
        (from) => inner.watch(range, from, options),
        (commit) => commit[0]?.revision
      )
    const follow = (range: Range, after: bigint, progressMs: number): Stream.Stream<Advance, Compacted | StoreError> =>
      served(
        after,
        hub.follow(range, after, progressMs),
        (from) => inner.follow(range, from, progressMs),
        (advance) => advance.revision
      )

    return {
      get: (key) =>
        Effect.suspend(() => {
          const problem = checkQuestion(key)
          return problem === undefined ? Effect.map(caughtUp, () => entryOf(history.newest(key))) : Effect.fail(problem)
        }),
      list: (range, options = {}) => list(range, options),
      count: (range) =>
        Effect.suspend(() => {
          const problem = checkQuestion(range.prefix)
          return problem === undefined ? Effect.map(caughtUp, () => history.count(range)) : Effect.fail(problem)
        }),
      commit: inner.commit,
      watch,
      follow,
      keepAlive: inner.keepAlive,
      leases: inner.leases,
      revision: inner.revision,
      compact: (before) =>
        Effect.andThen(
          Effect.andThen(inner.compact(before), caughtUp),
          Effect.sync(() => history.compact(before))
        )
    }
  })

const behind = (): StoreError =>
  new StoreError({
    reason: "Unavailable",
    retryable: true,
    message: `the cache is more than ${behindLimitMs} ms behind its store`
  })

/** A layer with a cache over the store of another layer. */
export const layerCached = <E>(
  inner: Layer.Layer<Store, E>,
  options: CacheOptions = {}
): Layer.Layer<Store, E | Compacted | StoreError> =>
  Layer.effect(
    Store,
    Effect.gen(function* () {
      const context = yield* Layer.build(inner)
      return yield* makeCache(Context.get(context, Store), options)
    })
  )
