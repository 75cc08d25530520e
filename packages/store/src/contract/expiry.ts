/** Keys that expire by themselves. @module */
import { expect } from "bun:test"
import { Effect, Stream } from "effect"
import type { Store } from "../store.ts"
import { conflicts, type It, inTime, put, rejects } from "./asking.ts"

/** Their tests. */
export const expiry = (it: It): void => {
  const gone = (store: Store, key: string, after: bigint) =>
    store.watch({ prefix: key }, after).pipe(
      Stream.takeUntil((commit) => commit.some((change) => change.key === key && change.value === undefined)),
      Stream.runCollect,
      Effect.timeout("20 seconds")
    )

  it("a key with a time to live is deleted when it is over, and watchers see it go", (store) =>
    Effect.gen(function* () {
      yield* put(store, "/stays")
      const created = yield* store.commit([{ key: "/a", value: "1", expected: 0n, ttlMs: 60 }])
      expect((yield* store.get("/a"))?.value).toBe("1")
      const seen = (yield* gone(store, "/a", created)).flat()
      expect(seen).toMatchObject([{ key: "/a", value: undefined, previousRevision: created, previous: "1" }])
      expect(yield* store.get("/a")).toBeUndefined()
      expect(yield* store.count({ prefix: "" })).toBe(1)
    }))

  it("a key that is written again, without a time to live, stays", (store) =>
    Effect.gen(function* () {
      yield* store.commit([{ key: "/a", value: "1", ttlMs: 60 }])
      yield* put(store, "/a", "2")
      const other = yield* store.commit([
        { key: "/b", value: "1", ttlMs: 120 },
        { key: "/c", value: "1" }
      ])
      yield* gone(store, "/b", other)
      expect((yield* store.list({ prefix: "" })).entries.map(({ key, value }) => [key, value])).toEqual([
        ["/a", "2"],
        ["/c", "1"]
      ])
    }))

  it("a key that is kept alive lives on at its revision, and who has lost it is told", (store) =>
    Effect.gen(function* () {
      const { created, other, lease } = yield* inTime(400, (attempt) =>
        Effect.gen(function* () {
          const lease = `/lease/${attempt}`
          const created = yield* store.commit([{ key: lease, value: "mine", ttlMs: 400 }])
          const other = yield* store.commit([{ key: "/other", value: "x", ttlMs: 500 }])
          yield* store.keepAlive(lease, created, 60_000)
          return { created, other, lease }
        })
      )
      yield* gone(store, "/other", other)
      expect(yield* store.get(lease)).toMatchObject({ value: "mine", revision: created })
      const taken = yield* put(store, lease, "yours")
      yield* conflicts(store.keepAlive(lease, created, 1000), lease, taken)
      yield* conflicts(store.keepAlive("/other", other, 1000), "/other", 0n)
      yield* conflicts(store.keepAlive("/none", 2n, 1000), "/none", 0n)
      expect((yield* store.get(lease))?.value).toBe("yours")
    }))

  it("a time to live is a positive whole number of milliseconds, and only of a value", (store) =>
    Effect.gen(function* () {
      for (const ttlMs of [0, -1, 1.5, Number.NaN]) yield* rejects(store.commit([{ key: "/a", value: "1", ttlMs }]))
      yield* rejects(store.commit([{ key: "/a", value: undefined, ttlMs: 1000 }]))
      yield* rejects(store.keepAlive("/a", 2n, 0))
      expect(yield* store.revision).toBe(1n)
    }))
}
