import { describe, expect, test } from "bun:test"
import { Compacted, makeMemory, type Store, StoreError } from "@tsukube/store"
import { eventually, live } from "@tsukube/testing"
import { Effect, Stream } from "effect"
import type { ObjectChange } from "./bucket.ts"
import { makeWatchCache, type WatchCache } from "./watch-cache.ts"

const folder = "/registry/core/configmaps/"
const value = (n: number): string => `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"n"},"data":{"n":"${n}"}}`
const put = (store: Store, name: string, n: number): Promise<bigint> =>
  Effect.runPromise(store.commit([{ key: `${folder}default/${name}`, value: value(n) }]))

/** A cache of the store, over a store that the test may disturb. */
const within = (store: Store, body: (cache: WatchCache) => Promise<void>) =>
  live(() => Effect.flatMap(makeWatchCache(store), (cache) => Effect.promise(() => body(cache))))()

describe("a watch cache", () => {
  test("holds what was there before it and what comes after", async () => {
    const store = makeMemory()
    await put(store, "before", 1)
    await within(store, async (cache) => {
      const revision = await put(store, "after", 2)
      expect(await cache.reached(revision, 2000)).toBe(true)
      const objects = [...cache.bucket(folder).range(folder)]
      expect(objects.map(({ key }) => key)).toEqual([`${folder}default/after`, `${folder}default/before`])
      expect(objects[0]!.object.metadata).toEqual({ resourceVersion: String(revision), name: "n" })
    })
  })

  test("says when a revision does not come in time", async () => {
    await within(makeMemory(), async (cache) => expect(await cache.reached(cache.revision() + 1n, 10)).toBe(false))
  })

  test("gives every follower the same changes in the order of the log", async () => {
    const store = makeMemory()
    await within(store, async (cache) => {
      const seen: Array<Array<string>> = [[], [], []]
      const describe = ({ revision, current, previous }: ObjectChange): string =>
        `${revision} ${current?.object.metadata?.resourceVersion} ${previous?.revision}`
      for (const list of seen) cache.bucket(folder).follow({ changed: (change) => list.push(describe(change)), end: () => {} })
      for (let i = 0; i < 200; i++) {
        const key = `${folder}default/k${i % 7}`
        await Effect.runPromise(store.commit([{ key, value: i % 5 === 0 ? undefined : value(i) }]))
      }
      await cache.fresh(2000)
      expect(seen[0]!.length).toBeGreaterThan(150)
      expect(seen[1]).toEqual(seen[0]!)
      expect(seen[2]).toEqual(seen[0]!)
      const history = cache.bucket(folder).since(cache.bucket(folder).floor)
      expect(history?.map(describe)).toEqual(seen[0]!)
    })
  })

  test("goes on after the store was away, and misses nothing", async () => {
    const real = makeMemory()
    let cut = 0
    // Each watch breaks after three batches.
    const store: Store = {
      ...real,
      watch: (range, after) =>
        real.watch(range, after).pipe(
          Stream.take(3),
          Stream.concat(
            Stream.suspend(() => {
              cut++
              return Stream.fail(new StoreError({ reason: "Unavailable", message: "cut by the test", retryable: true }))
            })
          )
        )
    }
    await within(store, async (cache) => {
      const seen: Array<bigint> = []
      cache.bucket(folder).follow({ changed: ({ revision }) => seen.push(revision), end: () => {} })
      const written: Array<bigint> = []
      for (let i = 0; i < 10; i++) written.push(await put(store, `k${i}`, i))
      await eventually(() => seen.length === 10, { what: "all changes" })
      expect(seen).toEqual(written)
      expect(cut).toBeGreaterThan(1)
    })
  })

  test("lists anew when the log was compacted under it, and ends its followers", async () => {
    const real = makeMemory()
    let broken = false
    const store: Store = {
      ...real,
      watch: (range, after) =>
        broken ? real.watch(range, after) : real.watch(range, after).pipe(Stream.take(1), Stream.concat(lost(real)))
    }
    const lost = (real: Store) =>
      Stream.unwrap(
        Effect.gen(function* () {
          broken = true
          // What happens while nobody follows is only found by listing.
          yield* Effect.orDie(real.commit([{ key: `${folder}default/missed`, value: value(2) }]))
          return Stream.fail(new Compacted({ oldest: 99n }))
        })
      )
    await within(store, async (cache) => {
      let ended = 0
      cache.bucket(folder).follow({ changed: () => {}, end: () => ended++ })
      await put(real, "first", 1)
      await eventually(() => cache.bucket(folder).objects.has(`${folder}default/missed`), { what: "the list" })
      expect(ended).toBe(1)
      expect(cache.bucket(folder).since(1n)).toBeUndefined()
      const revision = await put(real, "later", 3)
      expect(await cache.reached(revision, 2000)).toBe(true)
    })
  })
})
