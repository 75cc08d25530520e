/** Lists: prefixes, pages, revisions, counts. @module */
import { expect } from "bun:test"
import { Effect } from "effect"
import { randomOf } from "../testing/random.ts"
import { type It, keysOf, put, rejects, remove } from "./asking.ts"

/** Their tests. */
export const lists = (it: It): void => {
  it("a list is the prefix, in the byte order of UTF-8", (store) =>
    Effect.gen(function* () {
      const keys = [
        "/p/\u{1f600}",
        "/p/\uff5e",
        "/p/é",
        "/p/a b",
        "/p/Z",
        "/p/a",
        "/p/~",
        "/p",
        "/q",
        "/p/aa",
        '/p/"\\{},',
        "/p/%_"
      ]
      for (const key of keys) yield* put(store, key)
      const expected = keys.filter((key) => key.startsWith("/p/")).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      expect(keysOf(yield* store.list({ prefix: "/p/" }))).toEqual(expected)
      expect((yield* store.list({ prefix: "" })).entries.length).toBe(keys.length)
      expect((yield* store.list({ prefix: "/p/a" })).entries).toEqual([
        { key: "/p/a", value: "/p/a", revision: 7n, createRevision: 7n },
        { key: "/p/a b", value: "/p/a b", revision: 5n, createRevision: 5n },
        { key: "/p/aa", value: "/p/aa", revision: 11n, createRevision: 11n }
      ])
      expect((yield* store.list({ prefix: "/none" })).entries).toEqual([])
    }))

  it("pages of one revision, whatever is written meanwhile", (store) =>
    Effect.gen(function* () {
      for (let i = 0; i < 10; i++) yield* put(store, `/k/${i}`, "old")
      yield* put(store, "/l", "outside")
      const first = yield* store.list({ prefix: "/k/" }, { limit: 4 })
      expect([keysOf(first), first.next, first.remaining]).toEqual([["/k/0", "/k/1", "/k/2", "/k/3"], "/k/3", 6])
      yield* put(store, "/k/4", "new")
      yield* put(store, "/k/4", "newer")
      yield* remove(store, "/k/5")
      yield* remove(store, "/k/6")
      yield* put(store, "/k/6", "again")
      yield* put(store, "/k/55", "new")
      const second = yield* store.list({ prefix: "/k/" }, { limit: 4, after: "/k/3", at: first.revision })
      expect([keysOf(second), second.next, second.remaining]).toEqual([["/k/4", "/k/5", "/k/6", "/k/7"], "/k/7", 2])
      expect(new Set(second.entries.map((entry) => entry.value))).toEqual(new Set(["old"]))
      expect(second.revision).toBe(first.revision)
      const third = yield* store.list({ prefix: "/k/" }, { limit: 4, after: "/k/7", at: first.revision })
      expect([keysOf(third), third.next, third.remaining]).toEqual([["/k/8", "/k/9"], undefined, 0])
      const exact = yield* store.list({ prefix: "/k/" }, { limit: 2, after: "/k/7" })
      expect([keysOf(exact), exact.next, exact.remaining]).toEqual([["/k/8", "/k/9"], undefined, 0])
    }))

  it("a list at each revision is a replay of the log up to it", (store) =>
    Effect.gen(function* () {
      const random = randomOf(7)
      const states = new Map<bigint, Record<string, string>>([[1n, {}]])
      const state: Record<string, string> = {}
      for (let i = 0; i < 60; i++) {
        const key = `/k/${Math.floor(random() * 8)}`
        const value = random() < 0.3 ? undefined : `v${i}`
        const revision = yield* store.commit([{ key, value }])
        if (value === undefined) delete state[key]
        else state[key] = value
        states.set(revision, { ...state })
      }
      for (const [at, expected] of states) {
        const page = yield* store.list({ prefix: "/k/" }, { at })
        expect(Object.fromEntries(page.entries.map((entry) => [entry.key, entry.value]))).toEqual(expected)
        expect(page.revision).toBe(at)
      }
    }))

  it("a list at a revision not reached yet is refused", (store) => rejects(store.list({ prefix: "" }, { at: 2n })))

  it("keys are counted, deleted ones are not", (store) =>
    Effect.gen(function* () {
      expect(yield* store.count({ prefix: "" })).toBe(0)
      for (const key of ["/a/1", "/a/2", "/a/3", "/b/1"]) yield* put(store, key)
      yield* put(store, "/a/1")
      yield* remove(store, "/a/2")
      expect(yield* store.count({ prefix: "/a/" })).toBe(2)
      expect(yield* store.count({ prefix: "" })).toBe(3)
      expect(yield* store.count({ prefix: "/none" })).toBe(0)
      yield* rejects(store.count({ prefix: "a\0" }))
    }))

  it("a limit must be a positive integer", (store) =>
    Effect.all([rejects(store.list({ prefix: "" }, { limit: 0 })), rejects(store.list({ prefix: "" }, { limit: 1.5 }))]))
}
