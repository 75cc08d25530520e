/** The store for people who do not use Effect: the same questions as promises and async iterables. @module */
import type { Layer } from "effect"
import * as Context from "effect/Context"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"
import {
  type Advance,
  type Change,
  type Entry,
  type Lease,
  type ListOptions,
  type Page,
  Store,
  type WatchOptions,
  type Write
} from "./store.ts"

export { layerCached } from "./cache.ts"
export { layerMemory } from "./memory.ts"

/** Interrupts a question. */
export interface AskOptions {
  readonly signal?: AbortSignal
}

/** Leases over any number of keys: see `Leases`. */
export interface LeasesClient {
  grant(ttlMs: number, options?: AskOptions): Promise<bigint>
  keepAlive(id: bigint, options?: AskOptions): Promise<void>
  revoke(id: bigint, options?: AskOptions): Promise<void>
  find(id: bigint, options?: AskOptions): Promise<Lease | undefined>
}

/** An open store; the rejections are the typed errors `Conflict`, `Compacted` and `StoreError`. */
export interface StoreClient extends AsyncDisposable {
  get(key: string, options?: AskOptions): Promise<Entry | undefined>
  list(prefix: string, options?: ListOptions & AskOptions): Promise<Page>
  count(prefix: string, options?: AskOptions): Promise<number>
  commit(writes: ReadonlyArray<Write>, options?: AskOptions): Promise<bigint>
  /** The changes after a revision, one array a commit, then live; leaving the loop ends the watch. */
  watch(prefix: string, after: bigint, options?: WatchOptions): AsyncIterable<ReadonlyArray<Change>>
  /** The same with the position of quiet stretches, at most every `progressMs`. */
  follow(prefix: string, after: bigint, progressMs: number): AsyncIterable<Advance>
  /** Lets a key live `ttlMs` from now on, provided that it still has this revision. */
  keepAlive(key: string, revision: bigint, ttlMs: number, options?: AskOptions): Promise<void>
  readonly leases: LeasesClient
  revision(options?: AskOptions): Promise<bigint>
  compact(before: bigint, options?: AskOptions): Promise<void>
  close(): Promise<void>
}

/** Opens the store of a layer, and fails now when it cannot be opened. */
export const openStore = async <E>(layer: Layer.Layer<Store, E>): Promise<StoreClient> => {
  const runtime = ManagedRuntime.make(layer)
  const context = await runtime.context()
  const store = Context.get(context, Store)
  const close = (): Promise<void> => runtime.dispose()
  return {
    get: (key, options) => runtime.runPromise(store.get(key), options),
    list: (prefix, options) => runtime.runPromise(store.list({ prefix }, options), options),
    count: (prefix, options) => runtime.runPromise(store.count({ prefix }), options),
    commit: (writes, options) => runtime.runPromise(store.commit(writes), options),
    watch: (prefix, after, options) => Stream.toAsyncIterableWith(store.watch({ prefix }, after, options), context),
    follow: (prefix, after, progressMs) => Stream.toAsyncIterableWith(store.follow({ prefix }, after, progressMs), context),
    keepAlive: (key, revision, ttlMs, options) => runtime.runPromise(store.keepAlive(key, revision, ttlMs), options),
    leases: {
      grant: (ttlMs, options) => runtime.runPromise(store.leases.grant(ttlMs), options),
      keepAlive: (id, options) => runtime.runPromise(store.leases.keepAlive(id), options),
      revoke: (id, options) => runtime.runPromise(store.leases.revoke(id), options),
      find: (id, options) => runtime.runPromise(store.leases.find(id), options)
    },
    revision: (options) => runtime.runPromise(store.revision, options),
    compact: (before, options) => runtime.runPromise(store.compact(before), options),
    close,
    [Symbol.asyncDispose]: close
  }
}
