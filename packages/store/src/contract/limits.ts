/** Limits: odd and large keys and values, and what is refused. @module */
import { expect } from "bun:test"
import { Effect, Fiber } from "effect"
import { commitLimit, keyLimitBytes } from "../key.ts"
import { type It, put, rejects, start, take } from "./asking.ts"

/** Their tests. */
export const limits = (it: It): void => {
  it("odd keys and values are kept exactly", (store) =>
    Effect.gen(function* () {
      const odd = [
        "\u001e",
        "a\u001eb",
        "\n",
        " ",
        "'",
        '"',
        "\\",
        "{}",
        ",",
        "null",
        "NULL",
        "\u0001",
        "\ufffd",
        "\u{10ffff}",
        "\u00e9",
        "e\u0301"
      ]
      for (const text of odd)
        expect(yield* store.commit([{ key: `/odd/${text}`, value: text, expected: 0n }])).toBeGreaterThan(1n)
      yield* store.commit([{ key: "/odd/empty", value: "" }])
      yield* Effect.all(
        odd.map((text) => store.commit([{ key: `/again/${text}`, value: text + text }])),
        { concurrency: "unbounded" }
      )
      for (const text of odd) {
        expect((yield* store.get(`/odd/${text}`))?.value).toBe(text)
        expect((yield* store.get(`/again/${text}`))?.value).toBe(text + text)
      }
      expect((yield* store.get("/odd/empty"))?.value).toBe("")
    }))

  it("what cannot be kept is refused", (store) =>
    Effect.gen(function* () {
      yield* rejects(store.commit([]))
      yield* rejects(put(store, "", "x"))
      yield* rejects(put(store, "/a\0b"))
      yield* rejects(put(store, "/a", "a\0b"))
      yield* rejects(put(store, "/a\ud800"))
      yield* rejects(put(store, "/a", "a\udc00"))
      yield* rejects(put(store, "/".repeat(keyLimitBytes + 1)))
      yield* rejects(put(store, `/${"é".repeat(keyLimitBytes / 2)}`))
      yield* rejects(
        store.commit([
          { key: "/a", value: "1" },
          { key: "/a", value: "2" }
        ])
      )
      yield* rejects(store.commit([{ key: "/a", value: "1", expected: -1n }]))
      yield* rejects(store.commit(Array.from({ length: commitLimit + 1 }, (_, i) => ({ key: `/${i}`, value: "" }))))
      yield* rejects(store.get("a\0"))
      yield* rejects(store.list({ prefix: "a\0" }))
      yield* rejects(take(store, "a\0", 1n, 1))
      expect(yield* store.revision).toBe(1n)
    }))

  it("the longest keys, and the largest commits, are taken", (store) =>
    Effect.gen(function* () {
      const long = `/${"é".repeat(keyLimitBytes / 2 - 1)}x`
      yield* put(store, long, "x")
      expect((yield* store.get(long))?.value).toBe("x")
      const many = Array.from({ length: commitLimit }, (_, i) => ({ key: `/many/${i}`, value: String(i) }))
      expect(yield* store.commit(many)).toBe(3n)
      expect(yield* store.commit(many.map(({ key }) => ({ key, value: undefined })))).toBe(4n)
      const seen = yield* take(store, "/many/", 1n, 2)
      expect(seen.map((commit) => commit.length)).toEqual([commitLimit, commitLimit])
      expect(seen[0]?.map((change) => change.key)).toEqual(many.map((write) => write.key))
    }))

  it("values of 1.5 MB are written, listed and watched", (store) =>
    Effect.gen(function* () {
      const value = `${"0123456789abcde\n".repeat(98_304)}é`
      const watcher = yield* start(take(store, "/large/", 1n, 8))
      yield* Effect.all(
        Array.from({ length: 8 }, (_, i) => put(store, `/large/${i}`, value + i)),
        { concurrency: "unbounded" }
      )
      expect((yield* store.list({ prefix: "/large/" })).entries.every((entry, i) => entry.value === value + i)).toBe(true)
      const seen = (yield* Fiber.join(watcher)).flat()
      expect(seen.every((change) => change.value === value + change.key.slice(-1))).toBe(true)
      expect(new Set(seen.map((change) => change.key)).size).toBe(8)
    }))
}
