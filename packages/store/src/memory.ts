/** A store in the memory of this process: for tests, for trying things out, and as the meaning of the other stores in little code. @module */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { entryOf, makeHistory } from "./history.ts"
import { type LogPage, makeHub } from "./hub.ts"
import {
  checkLease,
  checkList,
  checkQuestion,
  checkTtl,
  checkWrites,
  commitLimit,
  compareKeys,
  leaseEnded,
  underLease
} from "./key.ts"
import { makeMemoryLeases } from "./memory-leases.ts"
import {
  type Change,
  Compacted,
  Conflict,
  type Entry,
  type Lease,
  type Leases,
  type Page,
  Store,
  StoreError,
  type Write
} from "./store.ts"

/** How a memory store is made. */
export interface MemoryOptions {
  /** About this many changes are kept for watchers and lists at older revisions; what is older is compacted. Default 50,000. */
  readonly historyLimit?: number
}

/** An empty store in memory. Nothing survives it. While keys with a time to live are in it, a timer waits for them. */
export const makeMemory = (options: MemoryOptions = {}): Store => memoryStore(options).store

const memoryStore = (options: MemoryOptions): { readonly store: Store; readonly close: Effect.Effect<void> } => {
  const history = makeHistory(options.historyLimit ?? 50_000)
  const hub = makeHub(history.revision(), (range, after, upTo) =>
    orFail<LogPage, Compacted>(() => history.read(range, after, upTo))
  )
  const books = makeMemoryLeases()
  let expiring: Fiber.Fiber<void> | undefined
  let waitingUntilMs = Number.POSITIVE_INFINITY

  const commit = (writes: ReadonlyArray<Write>, nowMs: number): bigint | Conflict | StoreError => {
    const problem = checkWrites(writes)
    if (problem !== undefined) return problem
    const revision = history.revision() + 1n
    const changes: Array<Change> = []
    for (const write of writes) {
      const newest = history.newest(write.key)
      const current = newest?.value === undefined ? undefined : newest
      if (write.expected !== undefined && write.expected !== (current?.revision ?? 0n))
        return new Conflict({ key: write.key, current: current?.revision ?? 0n })
      if (write.lease !== undefined && !books.has(write.lease)) return leaseEnded(write.lease)
      if (write.value !== undefined || current !== undefined) changes.push(changeOf(write, revision, current))
    }
    if (changes.length === 0) return history.revision()
    for (const write of writes) books.written(write, nowMs)
    history.append(changes)
    hub.publish([changes], revision)
    return revision
  }

  /** Ends a lease; its keys go at one revision, or a commit's worth at a time. */
  const end = (id: bigint, nowMs: number): void => {
    const keys = books.end(id).toSorted(compareKeys)
    for (let i = 0; i < keys.length; i += commitLimit)
      commit(
        keys.slice(i, i + commitLimit).map((key) => ({ key, value: undefined })),
        nowMs
      )
  }
  /** Waits for the next deadline, ends what is due, and is done when nothing is left to wait for. */
  const expire: Effect.Effect<void> = Effect.gen(function* () {
    for (;;) {
      waitingUntilMs = books.nextMs()
      if (waitingUntilMs === Number.POSITIVE_INFINITY) return
      const nowMs = yield* timeMs
      if (waitingUntilMs > nowMs) yield* Effect.sleep(waitingUntilMs - nowMs)
      else for (const id of books.due(nowMs)) end(id, nowMs)
    }
  }).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        expiring = undefined
        waitingUntilMs = Number.POSITIVE_INFINITY
      })
    )
  )
  /** A new deadline may be earlier than the one waited for. */
  const awaitDeadline = Effect.suspend(() => {
    if (books.nextMs() >= waitingUntilMs) return Effect.void
    return Effect.gen(function* () {
      if (expiring !== undefined) yield* Fiber.interrupt(expiring)
      waitingUntilMs = books.nextMs()
      expiring = yield* Effect.forkDetach(expire)
    })
  })
  const leases: Leases = {
    grant: (ttlMs) =>
      Effect.flatMap(timeMs, (nowMs): Effect.Effect<bigint, StoreError> => {
        const problem = checkTtl("a lease", ttlMs)
        return problem === undefined ? Effect.as(awaitDeadline, books.grant(ttlMs, nowMs)) : Effect.fail(problem)
      }),
    keepAlive: (id) =>
      Effect.flatMap(timeMs, (nowMs) => {
        const problem = checkLease(id) ?? (books.keepAlive(id, nowMs) ? undefined : leaseEnded(id))
        return problem === undefined ? Effect.void : Effect.fail(problem)
      }),
    revoke: (id) =>
      Effect.flatMap(timeMs, (nowMs) => {
        const problem = checkLease(id) ?? (books.has(id) ? undefined : leaseEnded(id))
        return problem === undefined ? Effect.sync(() => end(id, nowMs)) : Effect.fail(problem)
      }),
    find: (id) =>
      orFail<Lease | undefined, StoreError>(() => {
        const problem = checkLease(id)
        if (problem !== undefined) return problem
        const found = books.find(id)
        return found === undefined ? undefined : { ...found, keys: found.keys.toSorted(compareKeys) }
      })
  }

  const store: Store = {
    get: (key) => orFail<Entry | undefined, StoreError>(() => checkQuestion(key) ?? entryOf(history.newest(key))),
    list: (range, options = {}) =>
      orFail<Page, Compacted | StoreError>(() => checkList(range, options) ?? history.list(range, options)),
    count: (range) => orFail<number, StoreError>(() => checkQuestion(range.prefix) ?? history.count(range)),
    commit: (writes) =>
      Effect.flatMap(timeMs, (nowMs) => {
        const answer = commit(writes, nowMs)
        return typeof answer === "bigint" ? Effect.as(awaitDeadline, answer) : Effect.fail(answer)
      }),
    watch: hub.watch,
    follow: hub.follow,
    keepAlive: (key, revision, ttlMs) =>
      Effect.flatMap(timeMs, (nowMs): Effect.Effect<void, Conflict | StoreError> => {
        const problem = checkQuestion(key) ?? checkTtl(key, ttlMs)
        if (problem !== undefined) return Effect.fail(problem)
        const current = entryOf(history.newest(key))?.revision ?? 0n
        if (current !== revision || current === 0n) return Effect.fail(new Conflict({ key, current }))
        const lease = books.of(key)
        if (lease !== undefined && lease > 0n) return Effect.fail(underLease(key, lease))
        books.keepKey(key, ttlMs, nowMs)
        return awaitDeadline
      }),
    leases,
    revision: Effect.sync(history.revision),
    compact: (before) => Effect.sync(() => history.compact(before))
  }
  return { store, close: Effect.suspend(() => (expiring === undefined ? Effect.void : Fiber.interrupt(expiring))) }
}

/** Milliseconds of a clock that no step of the wall clock moves. */
const timeMs = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1000n) / 1000)

const changeOf = (write: Write, revision: bigint, current: Change | undefined): Change => ({
  revision,
  key: write.key,
  value: write.value,
  createRevision: current?.createRevision ?? revision,
  previousRevision: current?.revision ?? 0n,
  ...(current?.value === undefined ? {} : { previous: current.value })
})

/** An answer that may be an error, as an effect. */
const orFail = <A, E extends Compacted | StoreError>(answer: () => A | E): Effect.Effect<Exclude<A, E>, E> =>
  Effect.suspend(() => {
    const given = answer()
    return given instanceof Compacted || given instanceof StoreError
      ? Effect.fail(given as E)
      : Effect.succeed(given as Exclude<A, E>)
  })

/** A layer with a fresh, empty memory store for each build. */
export const layerMemory: Layer.Layer<Store> = Layer.effect(
  Store,
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => memoryStore({})),
      ({ close }) => close
    ),
    ({ store }) => store
  )
)
