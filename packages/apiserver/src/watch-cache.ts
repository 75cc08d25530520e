/** The cluster's objects in memory, kept up to date by one watch of the store. @module */
import type { Change, Compacted, Entry, Store, StoreError } from "@tsukube/store"
import type { Scope } from "effect"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Bucket } from "./bucket.ts"
import { ChunkBytes } from "./ordered.ts"
import { folderOfKey, StoredObject } from "./stored.ts"

const pageLimit = 1000
/** Bytes of lists that are kept beside the texts they were made of. */
const listBytesLimit = 64 * 1024 * 1024
/** So many changes before its start a server reads again: a watch that was at another one goes on here and misses nothing. */
const rewoundChanges = 2000n
const firstRevision = 1n
const catchUpMs = 30_000
const firstWaitMs = 20
const longestWaitMs = 2000

/** A whole store in memory. All but `fresh` is synchronous. */
export interface WatchCache {
  readonly store: Store
  /** Everything up to this revision is in. */
  readonly revision: () => bigint
  /** The objects of a folder (`folderOf`), created empty when nobody wrote there yet. */
  readonly bucket: (folder: string) => Bucket
  /** True as soon as the cache holds `revision`; false when it does not within `withinMs`. */
  readonly reached: (revision: bigint, withinMs: number) => Promise<boolean>
  /** Waits until the cache holds all that was committed before the call; false when that takes longer than `withinMs`. */
  readonly fresh: (withinMs: number) => Promise<boolean>
  /** Called with the revision after every batch of changes. */
  readonly onAdvance: (callback: (revision: bigint) => void) => () => void
}

/** Lists the store, then follows it until the scope ends. A lost history is repaired by listing again; followers are ended then. */
export const makeWatchCache = (store: Store): Effect.Effect<WatchCache, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const buckets = new Map<string, Bucket>()
    const listBytes = new ChunkBytes(listBytesLimit)
    const advances = new Set<(revision: bigint) => void>()
    let revision = 0n
    let failures = 0

    const bucket = (folder: string): Bucket => {
      const found = buckets.get(folder)
      if (found !== undefined) return found
      const made = new Bucket(revisionAtLoad, listBytes)
      buckets.set(folder, made)
      return made
    }
    let revisionAtLoad = 0n

    const advance = (to: bigint): void => {
      if (to <= revision) return
      revision = to
      for (const callback of [...advances]) callback(to)
    }

    const fill = (listed: Listed): void => {
      const byFolder = new Map<string, Array<StoredObject>>()
      for (const { key, value, revision, createRevision } of listed.entries) {
        const folder = folderOfKey(key)
        if (folder === undefined) continue
        const objects = byFolder.get(folder) ?? []
        objects.push(StoredObject.keep(key, value, revision, createRevision))
        byFolder.set(folder, objects)
      }
      revisionAtLoad = listed.revision
      for (const folder of byFolder.keys()) bucket(folder)
      for (const [folder, bucket] of buckets) {
        bucket.load(byFolder.get(folder) ?? [], listed.revision)
        bucket.endAll()
      }
      advance(listed.revision)
    }
    const load = Effect.map(listAll(store), fill)

    const take = (changes: ReadonlyArray<Change>): void => {
      for (const change of changes) {
        if (change.revision <= revision) continue
        const folder = folderOfKey(change.key)
        if (folder !== undefined) {
          if (change.value === undefined) bucket(folder).delete(change.key, change.revision)
          else bucket(folder).put(StoredObject.keep(change.key, change.value, change.revision, change.createRevision))
        }
      }
      const last = changes[changes.length - 1]
      if (last !== undefined) advance(last.revision)
      failures = 0
    }
    // Commits come many at once when many write: then they cost one step of the stream together.
    const follow = Stream.suspend(() => store.watch({ prefix: "" }, revision, { previous: false })).pipe(
      Stream.runForEachArray((commits) => Effect.sync(() => commits.forEach(take))),
      Effect.catchTag("Compacted", () => load)
    )

    const committed = yield* store.revision
    fill(yield* listBefore(store, committed))
    // The wait doubles only while nothing comes through: after a good hour the first try is quick again.
    const waitOnce = Effect.suspend(() => Effect.sleep(Math.min(firstWaitMs * 2 ** failures++, longestWaitMs)))
    yield* follow.pipe(
      Effect.catch((error) =>
        Effect.andThen(Effect.logWarning(`the store's log cannot be followed: ${error.message}`), waitOnce)
      ),
      Effect.forever,
      Effect.forkScoped
    )

    const reached = (wanted: bigint, withinMs: number): Promise<boolean> => {
      if (revision >= wanted) return Promise.resolve(true)
      return new Promise((resolve) => {
        const timer = setTimeout(() => finish(false), withinMs)
        const check = (now: bigint) => {
          if (now >= wanted) finish(true)
        }
        const finish = (outcome: boolean) => {
          clearTimeout(timer)
          advances.delete(check)
          resolve(outcome)
        }
        advances.add(check)
      })
    }

    // Whoever uses the cache finds what was there when it was made.
    yield* Effect.promise(() => reached(committed, catchUpMs))

    return {
      store,
      revision: () => revision,
      bucket,
      reached,
      fresh: freshness(store, reached),
      onAdvance: (callback) => {
        advances.add(callback)
        return () => {
          advances.delete(callback)
        }
      }
    }
  })

/** Callers that come while the store is being asked share the next question: each needs an answer younger than its call. */
const freshness = (store: Store, reached: WatchCache["reached"]): WatchCache["fresh"] => {
  let running: Promise<unknown> | undefined
  let next: Promise<bigint> | undefined
  const ask = (): Promise<bigint> => {
    const asked = Effect.runPromise(store.revision)
    running = asked.then(
      () => (running = undefined),
      () => (running = undefined)
    )
    return asked
  }
  return async (withinMs) => {
    if (running === undefined) return reached(await ask(), withinMs)
    next ??= running.then(() => {
      next = undefined
      return ask()
    })
    return reached(await next, withinMs)
  }
}

interface Listed {
  readonly entries: ReadonlyArray<Entry>
  readonly revision: bigint
}

/** Every entry as it was some changes ago, or as long ago as the store remembers. */
const listBefore = (store: Store, committed: bigint): Effect.Effect<Listed, StoreError> => {
  // The first revision is that of an empty store, and of no change.
  if (committed <= firstRevision) return listAll(store)
  const wanted = committed > rewoundChanges ? committed - rewoundChanges : firstRevision
  return listAt(store, wanted).pipe(
    Effect.catchTag("Compacted", ({ oldest }) => listAt(store, oldest)),
    Effect.catchTag("Compacted", () => listAll(store))
  )
}

/** Every entry at one revision. When that revision is compacted away in the middle, it starts over. */
const listAll = (store: Store): Effect.Effect<Listed, StoreError> =>
  listAt(store, undefined).pipe(
    Effect.retry({ times: 5, while: (error: Compacted | StoreError) => error._tag === "Compacted" }),
    Effect.catchTag("Compacted", (error) => Effect.die(error))
  )

const listAt = (store: Store, at: bigint | undefined): Effect.Effect<Listed, Compacted | StoreError> =>
  Effect.gen(function* () {
    const entries: Array<Entry> = []
    let page = yield* store.list({ prefix: "" }, { limit: pageLimit, ...(at === undefined ? {} : { at }) })
    const { revision } = page
    entries.push(...page.entries)
    while (page.next !== undefined) {
      page = yield* store.list({ prefix: "" }, { limit: pageLimit, after: page.next, at: revision })
      entries.push(...page.entries)
    }
    return { entries, revision }
  })
