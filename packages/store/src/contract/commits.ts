/** Commits: revisions, conditions, several keys at once. @module */
import { expect } from "bun:test"
import { Effect } from "effect"
import { valueLimit } from "../key.ts"
import { conflicts, type It, keysOf, put, remove, take } from "./asking.ts"

/** Their tests. */
export const commits = (it: It): void => {
  it("an empty store is at revision 1, and each commit takes the next", (store) =>
    Effect.gen(function* () {
      expect(yield* store.revision).toBe(1n)
      expect((yield* store.list({ prefix: "" })).revision).toBe(1n)
      for (const revision of [2n, 3n, 4n]) {
        expect(yield* put(store, "/a")).toBe(revision)
        expect(yield* store.revision).toBe(revision)
      }
    }))

  it("what was committed is there, with its revisions", (store) =>
    Effect.gen(function* () {
      expect(yield* store.get("/a")).toBeUndefined()
      yield* put(store, "/a", "one")
      expect(yield* store.get("/a")).toEqual({ key: "/a", value: "one", revision: 2n, createRevision: 2n })
      yield* put(store, "/a", "two")
      expect(yield* store.get("/a")).toEqual({ key: "/a", value: "two", revision: 3n, createRevision: 2n })
    }))

  it("a key that must not exist is created once", (store) =>
    Effect.gen(function* () {
      expect(yield* store.commit([{ key: "/a", value: "1", expected: 0n }])).toBe(2n)
      yield* conflicts(store.commit([{ key: "/a", value: "2", expected: 0n }]), "/a", 2n)
      expect((yield* store.get("/a"))?.value).toBe("1")
    }))

  it("an update names the revision it read, or conflicts", (store) =>
    Effect.gen(function* () {
      const created = yield* put(store, "/a", "1")
      const updated = yield* store.commit([{ key: "/a", value: "2", expected: created }])
      yield* conflicts(store.commit([{ key: "/a", value: "3", expected: created }]), "/a", updated)
      yield* conflicts(store.commit([{ key: "/none", value: "3", expected: created }]), "/none", 0n)
      expect((yield* store.get("/a"))?.value).toBe("2")
    }))

  it("a deletion names the revision it read, or conflicts", (store) =>
    Effect.gen(function* () {
      const created = yield* put(store, "/a")
      yield* conflicts(store.commit([{ key: "/a", value: undefined, expected: created + 1n }]), "/a", created)
      yield* store.commit([{ key: "/a", value: undefined, expected: created }])
      expect(yield* store.get("/a")).toBeUndefined()
      yield* conflicts(store.commit([{ key: "/a", value: undefined, expected: created }]), "/a", 0n)
    }))

  it("deleting what is not there changes nothing and takes no revision", (store) =>
    Effect.gen(function* () {
      yield* put(store, "/a")
      expect(yield* remove(store, "/none")).toBe(2n)
      expect(yield* store.commit([{ key: "/none", value: undefined, expected: 0n }])).toBe(2n)
      expect(yield* store.revision).toBe(2n)
      expect(yield* put(store, "/b")).toBe(3n)
    }))

  it("a key deleted and created again has a new create revision", (store) =>
    Effect.gen(function* () {
      yield* put(store, "/a", "1")
      yield* remove(store, "/a")
      expect(yield* store.commit([{ key: "/a", value: "2", expected: 0n }])).toBe(4n)
      expect(yield* store.get("/a")).toEqual({ key: "/a", value: "2", revision: 4n, createRevision: 4n })
      const seen = (yield* take(store, "/a", 1n, 3)).flat()
      expect(
        seen.map(({ value, createRevision, previousRevision, previous }) => [value, createRevision, previousRevision, previous])
      ).toEqual([
        ["1", 2n, 0n, undefined],
        [undefined, 2n, 2n, "1"],
        ["2", 4n, 0n, undefined]
      ])
    }))

  it("several keys are written at one revision, or none is", (store) =>
    Effect.gen(function* () {
      yield* put(store, "/a", "1")
      const both = yield* store.commit([
        { key: "/a", value: "2", expected: 2n },
        { key: "/b", value: "1", expected: 0n }
      ])
      expect(both).toBe(3n)
      expect([(yield* store.get("/a"))?.revision, (yield* store.get("/b"))?.revision]).toEqual([3n, 3n])
      const failing = store.commit([
        { key: "/c", value: "1", expected: 0n },
        { key: "/a", value: "3", expected: 2n },
        { key: "/b", value: undefined }
      ])
      yield* conflicts(failing, "/a", 3n)
      expect(keysOf(yield* store.list({ prefix: "" }))).toEqual(["/a", "/b"])
      expect(yield* put(store, "/d")).toBe(4n)
    }))

  it("a commit of several keys skips the deletion of what is not there", (store) =>
    Effect.gen(function* () {
      yield* store.commit([
        { key: "/none", value: undefined },
        { key: "/a", value: "1" }
      ])
      expect((yield* take(store, "", 1n, 1)).flat().map((change) => change.key)).toEqual(["/a"])
    }))

  it("a conflict or a refusal among concurrent commits fails nobody else", (store) =>
    Effect.gen(function* () {
      const taken = yield* put(store, "/taken")
      const large = "x".repeat(valueLimit + 1)
      const all = Array.from({ length: 120 }, (_, i) => {
        if (i % 3 === 1) return Effect.flip(store.commit([{ key: "/taken", value: "x", expected: 0n }]))
        if (i % 3 === 2) return Effect.flip(store.commit([{ key: `/large/${i}`, value: large }]))
        return store.commit(
          i % 2 === 0
            ? [{ key: `/free/${i}`, value: "x", expected: 0n }]
            : [
                { key: `/free/${i}`, value: "x", expected: 0n },
                { key: `/pair/${i}`, value: "x", expected: 0n }
              ]
        )
      })
      const answers = yield* Effect.all(all, { concurrency: "unbounded" })
      for (const [i, answer] of answers.entries()) {
        if (i % 3 === 1) expect(answer).toMatchObject({ _tag: "Conflict", key: "/taken", current: taken })
        else if (i % 3 === 2) expect(answer).toMatchObject({ _tag: "StoreError", reason: "Rejected" })
        else expect(answer).toBeGreaterThan(taken)
      }
      expect((yield* store.list({ prefix: "/free/" })).entries.length).toBe(40)
      expect((yield* store.list({ prefix: "/pair/" })).entries.length).toBe(20)
      expect(yield* store.revision).toBe(taken + 40n)
    }))

  it("of concurrent creations of one key exactly one wins", (store) =>
    Effect.gen(function* () {
      const one = (i: number) => Effect.result(store.commit([{ key: "/a", value: String(i), expected: 0n }]))
      const answers = yield* Effect.all(
        Array.from({ length: 30 }, (_, i) => one(i)),
        { concurrency: "unbounded" }
      )
      expect(answers.filter((answer) => answer._tag === "Success").length).toBe(1)
      expect((yield* store.get("/a"))?.value).toBe(String(answers.findIndex((answer) => answer._tag === "Success")))
    }))
}
