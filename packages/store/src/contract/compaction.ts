/** Compaction: what is forgotten, what stays. @module */
import { expect } from "bun:test"
import { Effect, Fiber } from "effect"
import { Compacted } from "../store.ts"
import { type It, keysOf, put, remove, start, take, takeUntil } from "./asking.ts"

/** Their tests. */
export const compaction = (it: It): void => {
  it("compaction forgets what is older, and keeps every state from there on", (store) =>
    Effect.gen(function* () {
      yield* put(store, "/a", "1") // 2
      yield* put(store, "/gone", "1") // 3
      yield* put(store, "/a", "2") // 4
      yield* remove(store, "/gone") // 5
      yield* put(store, "/b", "1") // 6
      yield* put(store, "/a", "3") // 7
      yield* put(store, "/gone", "2") // 8
      yield* store.compact(6n)
      for (const at of [1n, 5n]) {
        expect(yield* Effect.flip(store.list({ prefix: "" }, { at }))).toMatchObject({ _tag: "Compacted", oldest: 6n })
        expect(yield* Effect.flip(take(store, "", at, 1))).toMatchObject({ _tag: "Compacted", oldest: 6n })
      }
      const at6 = yield* store.list({ prefix: "" }, { at: 6n })
      expect(at6.entries).toEqual([
        { key: "/a", value: "2", revision: 4n, createRevision: 2n },
        { key: "/b", value: "1", revision: 6n, createRevision: 6n }
      ])
      expect((yield* store.list({ prefix: "" })).entries.map((entry) => [entry.key, entry.value])).toEqual([
        ["/a", "3"],
        ["/b", "1"],
        ["/gone", "2"]
      ])
      expect((yield* take(store, "", 6n, 2)).flat().map(({ key, value, previous }) => [key, value, previous])).toEqual([
        ["/a", "3", "2"],
        ["/gone", "2", undefined]
      ])
    }))

  it("compaction to the newest revision, or beyond, keeps the entries and the revision", (store) =>
    Effect.gen(function* () {
      yield* put(store, "/a", "1")
      yield* put(store, "/b", "1")
      yield* remove(store, "/b")
      yield* store.compact(1000n)
      expect(yield* store.revision).toBe(4n)
      expect(keysOf(yield* store.list({ prefix: "" }, { at: 4n }))).toEqual(["/a"])
      yield* store.compact(2n)
      expect(yield* Effect.flip(store.list({ prefix: "" }, { at: 3n }))).toMatchObject({ _tag: "Compacted", oldest: 4n })
      expect(yield* put(store, "/b", "2")).toBe(5n)
      expect((yield* take(store, "", 4n, 1)).flat()).toEqual([
        { revision: 5n, key: "/b", value: "2", createRevision: 5n, previousRevision: 0n }
      ])
    }))

  it("a live watcher does not notice compaction", (store) =>
    Effect.gen(function* () {
      const watcher = yield* start(take(store, "/a", 1n, 4))
      for (let i = 0; i < 4; i++) {
        const revision = yield* put(store, "/a", String(i))
        yield* takeUntil(store, "/a", revision - 1n, revision)
        yield* store.compact(revision)
      }
      const end = yield* Effect.result(Fiber.join(watcher))
      if (end._tag === "Success") expect(end.success.flat().map((change) => change.value)).toEqual(["0", "1", "2", "3"])
      else expect(end.failure).toBeInstanceOf(Compacted)
    }))
}
