/** A store in the memory of this process: for tests, for trying things out, and as the meaning of the other stores in little code. @module */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { entryOf, makeHistory } from "./history.ts"
import { type LogPage, makeHub } from "./hub.ts"
import { checkList, checkQuestion, checkTtl, checkWrites } from "./key.ts"
import { type Change, Compacted, Conflict, type Entry, type Page, Store, StoreError, type Write } from "./store.ts"

/** How a memory store is made. */
export interface MemoryOptions {
  /** About this many changes are kept for watchers and lists at older revisions; what is older is compacted. Default 50,000. */
  readonly historyLimit?: number
}

/** When a key ends by itself, provided that it still has this revision. */
interface Deadline {
  readonly revision: bigint
  readonly atMs: number
}

/** An empty store in memory. Nothing survives it. While keys with a time to live are in it, a timer waits for them. */
export const makeMemory = (options: MemoryOptions = {}): Store => memoryStore(options).store

const memoryStore = (options: MemoryOptions): { readonly store: Store; readonly close: Effect.Effect<void> } => {
  const history = makeHistory(options.historyLimit ?? 50_000)
  const hub = makeHub(history.revision(), (range, after, upTo) =>
    orFail<LogPage, Compacted>(() => history.read(range, after, upTo))
  )
  const deadlines = new Map<string, Deadline>()
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
      if (write.value !== undefined || current !== undefined) changes.push(changeOf(write, revision, current))
    }
    if (changes.length === 0) return history.revision()
    for (const { key, ttlMs } of writes) {
      if (ttlMs === undefined) deadlines.delete(key)
      else deadlines.set(key, { revision, atMs: nowMs + ttlMs })
    }
    history.append(changes)
    hub.publish([changes], revision)
    return revision
  }

  /** Waits for the next deadline, deletes what is due, and ends when nothing is left to wait for. */
  const expire: Effect.Effect<void> = Effect.gen(function* () {
    while (deadlines.size > 0) {
      waitingUntilMs = Number.POSITIVE_INFINITY
      for (const { atMs } of deadlines.values()) if (atMs < waitingUntilMs) waitingUntilMs = atMs
      const nowMs = yield* Clock.currentTimeMillis
      if (waitingUntilMs > nowMs) yield* Effect.sleep(waitingUntilMs - nowMs)
      else
        for (const [key, { revision, atMs }] of [...deadlines])
          if (atMs <= nowMs) commit([{ key, value: undefined, expected: revision }], nowMs)
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
  const awaitDeadline = Effect.fnUntraced(function* (atMs: number) {
    if (atMs >= waitingUntilMs) return
    if (expiring !== undefined) yield* Fiber.interrupt(expiring)
    waitingUntilMs = atMs
    expiring = yield* Effect.forkDetach(expire)
  })

  const store: Store = {
    get: (key) => orFail<Entry | undefined, StoreError>(() => checkQuestion(key) ?? entryOf(history.newest(key))),
    list: (range, options = {}) =>
      orFail<Page, Compacted | StoreError>(() => checkList(range, options) ?? history.list(range, options)),
    count: (range) => orFail<number, StoreError>(() => checkQuestion(range.prefix) ?? history.count(range)),
    commit: (writes) =>
      Effect.clockWith((clock) => {
        const nowMs = clock.currentTimeMillisUnsafe()
        const answer = commit(writes, nowMs)
        if (typeof answer !== "bigint") return Effect.fail(answer)
        const ttlMs = Math.min(...writes.map((write) => write.ttlMs ?? Number.POSITIVE_INFINITY))
        return ttlMs === Number.POSITIVE_INFINITY ? Effect.succeed(answer) : Effect.as(awaitDeadline(nowMs + ttlMs), answer)
      }),
    watch: hub.watch,
    follow: hub.follow,
    keepAlive: (key, revision, ttlMs) =>
      Effect.clockWith((clock): Effect.Effect<void, Conflict | StoreError> => {
        const problem = checkQuestion(key) ?? checkTtl(key, ttlMs)
        if (problem !== undefined) return Effect.fail(problem)
        const current = entryOf(history.newest(key))?.revision ?? 0n
        if (current !== revision || current === 0n) return Effect.fail(new Conflict({ key, current }))
        const atMs = clock.currentTimeMillisUnsafe() + ttlMs
        deadlines.set(key, { revision, atMs })
        return awaitDeadline(atMs)
      }),
    revision: Effect.sync(history.revision),
    compact: (before) => Effect.sync(() => history.compact(before))
  }
  return { store, close: Effect.suspend(() => (expiring === undefined ? Effect.void : Fiber.interrupt(expiring))) }
}

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
