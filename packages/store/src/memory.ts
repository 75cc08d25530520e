/** A store in the memory of this process: for tests, for trying things out, and as the meaning of the other stores in little code. @module */
import { Effect, Layer } from "effect"
import { entryOf, makeHistory } from "./history.ts"
import { type Commit, type LogPage, makeHub } from "./hub.ts"
import { checkList, checkQuestion, checkWrites } from "./key.ts"
import { type Change, Compacted, Conflict, type Entry, type Page, Store, StoreError, type Write } from "./store.ts"

/** How a memory store is made. */
export interface MemoryOptions {
  /** About this many changes are kept for watchers and lists at older revisions; what is older is compacted. Default 50,000. */
  readonly historyLimit?: number
}

/** An empty store in memory. Nothing survives it. */
export const makeMemory = (options: MemoryOptions = {}): Store => {
  const history = makeHistory(options.historyLimit ?? 50_000)
  const hub = makeHub(history.revision(), (range, after, upTo) =>
    orFail<LogPage, Compacted>(() => history.read(range, after, upTo))
  )
  return {
    get: (key) => orFail<Entry | undefined, StoreError>(() => checkQuestion(key) ?? entryOf(history.newest(key))),
    list: (range, options = {}) =>
      orFail<Page, Compacted | StoreError>(() => checkList(range, options) ?? history.list(range, options)),
    commit: (writes) =>
      Effect.suspend((): Effect.Effect<bigint, Conflict | StoreError> => {
        const problem = checkWrites(writes)
        if (problem !== undefined) return Effect.fail(problem)
        const revision = history.revision() + 1n
        const changes: Array<Change> = []
        for (const write of writes) {
          const newest = history.newest(write.key)
          const current = newest?.value === undefined ? undefined : newest
          if (write.expected !== undefined && write.expected !== (current?.revision ?? 0n))
            return Effect.fail(new Conflict({ key: write.key, current: current?.revision ?? 0n }))
          if (write.value !== undefined || current !== undefined) changes.push(changeOf(write, revision, current))
        }
        if (changes.length === 0) return Effect.succeed(history.revision())
        const commit: Commit = changes
        history.append(commit)
        hub.publish([commit], revision)
        return Effect.succeed(revision)
      }),
    watch: (range, after) => hub.watch(range, after),
    revision: Effect.sync(history.revision),
    compact: (before) => Effect.sync(() => history.compact(before))
  }
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
export const layerMemory: Layer.Layer<Store> = Layer.sync(Store, () => makeMemory())
