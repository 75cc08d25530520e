import { expect, test } from "bun:test"
import { live } from "@tsukube/testing"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { makeCache } from "./cache.ts"
import { makeMemory } from "./memory.ts"
import { Compacted, type Store, StoreError } from "./store.ts"

const put = (store: Store, key: string, value = key) => store.commit([{ key, value }])

test(
  "a read sees every commit acknowledged before it, whoever made it",
  live(() =>
    Effect.gen(function* () {
      const inner = makeMemory()
      const [one, other] = yield* Effect.all([makeCache(inner), makeCache(inner)])
      for (let i = 0; i < 200; i++) {
        yield* put(one!, "/a", String(i))
        expect((yield* other!.get("/a"))?.value).toBe(String(i))
      }
    })
  )
)

test(
  "reads are answered from memory: the store below is asked for its revision only",
  live(() =>
    Effect.gen(function* () {
      const inner = makeMemory()
      for (let i = 0; i < 20; i++) yield* put(inner, `/k/${i}`)
      let lists = 0
      const counted: Store = {
        ...inner,
        get: () => Effect.die("the cache asked the store below"),
        list: (range, options) => {
          lists++
          return inner.list(range, options)
        }
      }
      const cache = yield* makeCache(counted)
      expect((yield* cache.get("/k/7"))?.value).toBe("/k/7")
      const page = yield* cache.list({ prefix: "/k/" }, { limit: 5 })
      yield* put(cache, "/k/0", "new")
      const next = yield* cache.list({ prefix: "/k/" }, { limit: 5, after: page.next!, at: page.revision })
      expect([page.entries.length, next.entries.length, next.revision, lists]).toEqual([5, 5, page.revision, 1])
      // What was before the cache began, only the store below knows.
      expect((yield* cache.list({ prefix: "/k/" }, { at: 5n })).entries.length).toBe(4)
      expect(lists).toBe(2)
      const past = yield* cache.watch({ prefix: "/k/" }, 1n).pipe(Stream.take(21), Stream.runCollect)
      expect(past.at(-1)?.[0]?.value).toBe("new")
    })
  )
)

test(
  "a store that is away makes reads fail; lists at a revision the cache has still work",
  live(() =>
    Effect.gen(function* () {
      const inner = makeMemory()
      yield* put(inner, "/a")
      const away = new StoreError({ reason: "Unavailable", retryable: true, message: "away" })
      const cache = yield* makeCache({ ...inner, revision: Effect.fail(away) })
      expect(yield* Effect.flip(cache.get("/a"))).toBe(away)
      expect(yield* Effect.flip(cache.list({ prefix: "" }))).toBe(away)
      expect((yield* cache.list({ prefix: "" }, { at: 2n })).entries.length).toBe(1)
    })
  )
)

test(
  "when the store below has forgotten what the cache missed, the cache is made anew and its watchers are told",
  live(() =>
    Effect.gen(function* () {
      const inner = makeMemory()
      const cut = yield* Deferred.make<never, Compacted>()
      let watches = 0
      const cache = yield* makeCache({
        ...inner,
        watch: (range, after) => (watches++ === 0 ? Stream.fromEffect(Deferred.await(cut)) : inner.watch(range, after))
      })
      const watcher = yield* Effect.forkChild(Effect.result(Stream.runDrain(cache.watch({ prefix: "" }, 1n))), {
        startImmediately: true
      })
      yield* put(inner, "/a")
      yield* Deferred.fail(cut, new Compacted({ oldest: 2n }))
      expect(yield* Fiber.join(watcher)).toMatchObject({ _tag: "Failure", failure: { _tag: "Compacted" } })
      expect((yield* cache.get("/a"))?.value).toBe("/a")
      yield* put(inner, "/b")
      expect((yield* cache.watch({ prefix: "" }, 2n).pipe(Stream.take(1), Stream.runCollect)).flat()[0]?.key).toBe("/b")
    })
  )
)

test(
  "a watch that fails is taken up again where it stopped",
  live(() =>
    Effect.gen(function* () {
      const inner = makeMemory()
      const lost = new StoreError({ reason: "Unavailable", retryable: true, message: "lost" })
      const cache = yield* makeCache({
        ...inner,
        watch: (range, after) => inner.watch(range, after).pipe(Stream.take(3), Stream.concat(Stream.fail(lost)))
      })
      const watcher = yield* Effect.forkChild(cache.watch({ prefix: "" }, 1n).pipe(Stream.take(10), Stream.runCollect), {
        startImmediately: true
      })
      for (let i = 0; i < 10; i++) yield* put(cache, `/${i}`)
      const revisions = (yield* Fiber.join(watcher)).map((commit) => commit[0]?.revision)
      expect(revisions).toEqual([2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n, 11n])
    })
  )
)
