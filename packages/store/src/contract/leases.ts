/** Leases: keys that live together and end together. @module */
import { expect } from "bun:test"
import { Effect, Fiber, Stream } from "effect"
import { commitLimit } from "../key.ts"
import type { Change, Store, StoreError } from "../store.ts"
import { conflicts, type It, put, rejects, remove, takeUntil } from "./asking.ts"

const longMs = 600_000

const ended = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(effect), (error) =>
    expect(error).toMatchObject({ _tag: "StoreError", reason: "LeaseEnded", retryable: false })
  )

const under = (store: Store, lease: bigint, ...keys: ReadonlyArray<string>) =>
  store.commit(keys.map((key) => ({ key, value: key, lease })))

/** The commits after a revision, up to the one that deletes a key. */
const untilGone = (store: Store, key: string, after: bigint) =>
  store.watch({ prefix: "" }, after).pipe(
    Stream.takeUntil((commit) => commit.some((change) => change.key === key && change.value === undefined)),
    Stream.runCollect,
    Effect.timeout("20 seconds")
  )

const deleted = (commit: ReadonlyArray<Change> | undefined) =>
  commit?.map(({ key, value }) => [key, value]).toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1))

/** Their tests. */
export const leases = (it: It): void => {
  it("all keys of a lease that nobody keeps alive are deleted at one revision", (store) =>
    Effect.gen(function* () {
      const lease = yield* store.leases.grant(150)
      yield* under(store, lease, "/a/1", "/a/2")
      const last = yield* under(store, lease, "/b")
      yield* put(store, "/stays")
      const gone = yield* untilGone(store, "/b", last + 1n)
      expect(gone.map(deleted)).toEqual([
        [
          ["/a/1", undefined],
          ["/a/2", undefined],
          ["/b", undefined]
        ]
      ])
      expect((yield* store.list({ prefix: "" })).entries.map(({ key }) => key)).toEqual(["/stays"])
      yield* ended(store.leases.keepAlive(lease))
      expect(yield* store.leases.find(lease)).toBeUndefined()
    }))

  it("a lease that is kept alive keeps all its keys, without a revision", (store) =>
    Effect.gen(function* () {
      // The one that is left alone measures the time: it ends after the other would have, unless that is kept alive.
      const keep = (attempt: number) =>
        Effect.gen(function* () {
          let since = performance.now()
          const [kept = 0n, left = 0n] = yield* Effect.all([store.leases.grant(1_000), store.leases.grant(1_300)])
          const keys = [`/kept/${attempt}/1`, `/kept/${attempt}/2`]
          yield* under(store, kept, ...keys)
          const before = yield* under(store, left, `/left/${attempt}`)
          const ending = yield* Effect.forkChild(untilGone(store, `/left/${attempt}`, before), { startImmediately: true })
          while (ending.pollUnsafe() === undefined) {
            const asked = performance.now()
            const answer = yield* Effect.result(store.leases.keepAlive(kept))
            // A machine that was too slow to keep it alive proves nothing.
            if (performance.now() - since >= 1_000) return false
            expect(answer._tag).toBe("Success")
            since = asked
            yield* Effect.sleep(50)
          }
          expect((yield* store.list({ prefix: `/kept/${attempt}/` })).entries.map(({ key }) => key)).toEqual(keys)
          expect((yield* Fiber.join(ending)).length).toBe(1)
          return true
        })
      let attempts = 0
      while (!(yield* keep(attempts))) expect(++attempts).toBeLessThan(10)
    }))

  it("revoking a lease deletes its keys at one revision, before it is answered", (store) =>
    Effect.gen(function* () {
      const lease = yield* store.leases.grant(longMs)
      const last = yield* under(store, lease, "/a", "/b", "/c")
      yield* remove(store, "/b")
      yield* store.leases.revoke(lease)
      expect(yield* store.count({ prefix: "" })).toBe(0)
      expect(yield* store.revision).toBe(last + 2n)
      expect(deleted((yield* takeUntil(store, "", last + 1n, last + 2n))[0])).toEqual([
        ["/a", undefined],
        ["/c", undefined]
      ])
      yield* ended(store.leases.revoke(lease))
      yield* ended(store.leases.keepAlive(lease))
      yield* ended(under(store, lease, "/d"))
      yield* ended(
        store.commit([
          { key: "/e", value: "1" },
          { key: "/f", value: "1", lease }
        ])
      )
      expect(yield* store.revision).toBe(last + 2n)
      yield* put(store, "/a", "again")
      expect((yield* store.get("/a"))?.value).toBe("again")
    }))

  it("a key that is written again lives by the new lease, or by none", (store) =>
    Effect.gen(function* () {
      const [one = 0n, other = 0n] = yield* Effect.all([store.leases.grant(longMs), store.leases.grant(longMs)])
      expect(one).not.toBe(other)
      yield* under(store, one, "/a", "/free", "/moved", "/timed")
      yield* put(store, "/free", "free")
      yield* under(store, other, "/moved")
      const timed = yield* store.commit([{ key: "/timed", value: "1", ttlMs: longMs }])
      expect(yield* store.leases.find(one)).toEqual({ id: one, ttlMs: longMs, keys: ["/a"] })
      expect(yield* store.leases.find(other)).toEqual({ id: other, ttlMs: longMs, keys: ["/moved"] })
      yield* store.leases.revoke(one)
      expect((yield* store.list({ prefix: "" })).entries.map(({ key }) => key)).toEqual(["/free", "/moved", "/timed"])
      yield* store.keepAlive("/timed", timed, longMs)
      const back = yield* under(store, other, "/timed")
      yield* rejects(store.keepAlive("/timed", back, longMs))
      yield* conflicts(store.keepAlive("/timed", timed, longMs), "/timed", back)
      yield* store.leases.revoke(other)
      expect((yield* store.list({ prefix: "" })).entries.map(({ key }) => key)).toEqual(["/free"])
    }))

  it("a condition that fails is told before a lease that has ended", (store) =>
    Effect.gen(function* () {
      const created = yield* put(store, "/a")
      yield* conflicts(store.commit([{ key: "/a", value: "1", expected: 0n, lease: 4_711n }]), "/a", created)
      yield* ended(store.commit([{ key: "/a", value: "1", expected: created, lease: 4_711n }]))
      yield* ended(store.leases.keepAlive(4_711n))
      yield* ended(store.leases.revoke(4_711n))
      expect(yield* store.leases.find(4_711n)).toBeUndefined()
    }))

  it("commits under a lease that is just being revoked end with it, or are refused", (store) =>
    Effect.gen(function* () {
      const lease = yield* store.leases.grant(longMs)
      const writing = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 60 }, (_, i) => Effect.result(under(store, lease, `/k/${i}`, `/l/${i}`))),
          { concurrency: 8 }
        ),
        { startImmediately: true }
      )
      yield* takeUntil(store, "", 1n, 5n)
      yield* store.leases.revoke(lease)
      for (const result of yield* Fiber.join(writing))
        if (result._tag === "Failure") expect((result.failure as StoreError).reason).toBe("LeaseEnded")
      expect((yield* store.list({ prefix: "" })).entries).toEqual([])
    }))

  it("a lease may hold more keys than a commit takes", (store) =>
    Effect.gen(function* () {
      const lease = yield* store.leases.grant(longMs)
      const keys = Array.from({ length: commitLimit + 40 }, (_, i) => `/k/${String(i).padStart(4, "0")}`)
      yield* under(store, lease, ...keys.slice(0, commitLimit))
      const last = yield* under(store, lease, ...keys.slice(commitLimit))
      expect((yield* store.leases.find(lease))?.keys).toEqual(keys)
      yield* store.leases.revoke(lease)
      expect(yield* store.count({ prefix: "" })).toBe(0)
      expect(yield* store.revision).toBe(last + 2n)
    }))

  it("what makes no sense is refused", (store) =>
    Effect.gen(function* () {
      const lease = yield* store.leases.grant(longMs)
      for (const ttlMs of [0, -1, 1.5, Number.NaN]) yield* rejects(store.leases.grant(ttlMs))
      for (const id of [0n, -1n, 2n ** 63n]) {
        yield* rejects(store.leases.keepAlive(id))
        yield* rejects(store.leases.revoke(id))
        yield* rejects(store.leases.find(id))
        yield* rejects(under(store, id, "/a"))
      }
      yield* rejects(store.commit([{ key: "/a", value: undefined, lease }]))
      yield* rejects(store.commit([{ key: "/a", value: "1", lease, ttlMs: 1000 }]))
      expect(yield* store.revision).toBe(1n)
    }))
}
