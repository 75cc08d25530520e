/** What every store must do, as one suite: call it in a test file with a layer that builds a fresh, empty store each time. @module */
import { describe, expect, test } from "bun:test"
import { Effect, Fiber, type Layer, type Scope, Stream } from "effect"
import { commitLimit, keyLimitBytes, valueLimit } from "./key.ts"
import { type Change, Compacted, Conflict, Store, StoreError } from "./store.ts"

/** Runs the suite against the stores that `layer` builds; tests that take longer than `timeoutMs` fail. */
export const storeContract = <E>(name: string, layer: Layer.Layer<Store, E>, timeoutMs = 30_000): void => {
  const it = <E2>(title: string, body: (store: Store) => Effect.Effect<void, E2, Scope.Scope>): void =>
    test(
      title,
      () => Effect.runPromise(Effect.scoped(Effect.flatMap(Store, body)).pipe(Effect.provide(layer, { local: true }))),
      timeoutMs
    )
  describe(`${name}: commits`, () => commits(it))
  describe(`${name}: lists`, () => lists(it))
  describe(`${name}: watches`, () => watches(it))
  describe(`${name}: compaction`, () => compaction(it))
  describe(`${name}: progress`, () => progress(it))
  describe(`${name}: keys that expire`, () => expiry(it))
  describe(`${name}: limits`, () => limits(it))
}

type It = <E>(title: string, body: (store: Store) => Effect.Effect<void, E, Scope.Scope>) => void

const put = (store: Store, key: string, value = key) => store.commit([{ key, value }])
const remove = (store: Store, key: string) => store.commit([{ key, value: undefined }])
const keysOf = (page: { readonly entries: ReadonlyArray<{ readonly key: string }> }) => page.entries.map((entry) => entry.key)

/** The first `count` commits of a range after a revision. */
const take = (store: Store, prefix: string, after: bigint, count: number) =>
  store.watch({ prefix }, after).pipe(Stream.take(count), Stream.runCollect, Effect.timeout("20 seconds"))

/** The commits of a range after a revision up to `last`, which must be one of them. */
const takeUntil = (store: Store, prefix: string, after: bigint, last: bigint) =>
  store.watch({ prefix }, after).pipe(
    Stream.takeUntil((commit) => (commit[0]?.revision ?? 0n) >= last),
    Stream.runCollect,
    Effect.timeout("20 seconds")
  )

const start = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkScoped(effect, { startImmediately: true })

const rejects = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(effect), (error) => {
    expect(error).toBeInstanceOf(StoreError)
    expect(error).toMatchObject({ reason: "Rejected", retryable: false })
  })

const conflicts = <A, E>(effect: Effect.Effect<A, E>, key: string, current: bigint) =>
  Effect.map(Effect.flip(effect), (error) => {
    expect(error).toBeInstanceOf(Conflict)
    expect(error).toMatchObject({ key, current })
  })

const commits = (it: It): void => {
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

const lists = (it: It): void => {
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

const watches = (it: It): void => {
  it("a watch tells the past after a revision, then goes on live", (store) =>
    Effect.gen(function* () {
      yield* put(store, "/a", "1")
      yield* put(store, "/a", "2")
      const watcher = yield* start(take(store, "/a", 2n, 3))
      yield* put(store, "/b", "other")
      yield* put(store, "/a", "3")
      yield* remove(store, "/a")
      expect(yield* Fiber.join(watcher)).toEqual([
        [{ revision: 3n, key: "/a", value: "2", createRevision: 2n, previousRevision: 2n, previous: "1" }],
        [{ revision: 5n, key: "/a", value: "3", createRevision: 2n, previousRevision: 3n, previous: "2" }],
        [{ revision: 6n, key: "/a", value: undefined, createRevision: 2n, previousRevision: 5n, previous: "3" }]
      ])
    }))

  it("the changes of one commit come together, and only those of the range", (store) =>
    Effect.gen(function* () {
      const write = (...keys: ReadonlyArray<string>) => store.commit(keys.map((key) => ({ key, value: key })))
      yield* write("/a/1", "/b/1", "/a/2")
      yield* write("/b/2", "/b/3")
      yield* write("/a/3")
      const grouped = (commits: ReadonlyArray<ReadonlyArray<Change>>) =>
        commits.map((commit) => commit.map((change) => change.key))
      expect(grouped(yield* take(store, "/a/", 1n, 2))).toEqual([["/a/1", "/a/2"], ["/a/3"]])
      expect(grouped(yield* take(store, "", 1n, 3))).toEqual([["/a/1", "/b/1", "/a/2"], ["/b/2", "/b/3"], ["/a/3"]])
    }))

  it("a watch after a revision not reached yet waits for it", (store) =>
    Effect.gen(function* () {
      const watcher = yield* start(take(store, "", 3n, 1))
      for (const key of ["/a", "/b", "/c"]) yield* put(store, key)
      expect((yield* Fiber.join(watcher)).flat().map((change) => change.key)).toEqual(["/c"])
    }))

  it("under concurrent writers every watcher sees its part of one log: no gap, no duplicate, in order", (store) =>
    Effect.gen(function* () {
      const random = randomOf(11)
      const write = (writer: number) =>
        Effect.gen(function* () {
          for (let i = 0; i < 60; i++) {
            const shared = `/shared/${i % 5}`
            const value = `${writer}.${i}`
            if (i % 4 === 0) yield* remove(store, shared)
            else if (i % 4 === 1)
              yield* store.commit([
                { key: shared, value },
                { key: `/own/${writer}`, value }
              ])
            else yield* put(store, i % 2 === 0 ? shared : `/own/${writer}`, value)
          }
        })
      const watchers: Array<readonly [string, bigint, Fiber.Fiber<ReadonlyArray<ReadonlyArray<Change>>, unknown>]> = []
      const writers = yield* Effect.all(Array.from({ length: 8 }, (_, i) => start(write(i))))
      for (let i = 0; i < 12; i++) {
        const prefix = ["", "/shared/", "/own/3"][i % 3] ?? ""
        const newest = yield* store.revision
        const after = i < 3 ? 1n : BigInt(Math.max(1, Math.floor(Number(newest) * random())))
        const ending = store.watch({ prefix }, after).pipe(
          Stream.takeUntil((commit) => commit.some((change) => change.key.endsWith("/end"))),
          Stream.filter((commit) => commit.length > 0),
          Stream.runCollect,
          Effect.timeout("25 seconds")
        )
        watchers.push([prefix, after, yield* start(ending)])
        yield* Effect.yieldNow
      }
      yield* Effect.forEach(writers, Fiber.join)
      const last = yield* store.commit([
        { key: "/shared/end", value: "" },
        { key: "/own/3/end", value: "" }
      ])
      const log = yield* takeUntil(store, "", 1n, last)
      expect(log.map((commit) => commit[0]?.revision)).toEqual(Array.from({ length: Number(last) - 1 }, (_, i) => BigInt(i + 2)))
      checkHistory(log)
      for (const [prefix, after, fiber] of watchers) {
        const seen = yield* Fiber.join(fiber)
        const expected = log
          .filter((commit) => (commit[0]?.revision ?? 0n) > after)
          .map((commit) => commit.filter((change) => change.key.startsWith(prefix)))
          .filter((commit) => commit.length > 0)
        expect(seen).toEqual(expected)
      }
    }))

  it("a commit of several keys is never seen in part", (store) =>
    Effect.gen(function* () {
      const accounts = ["/m/a", "/m/b", "/m/c"]
      yield* store.commit(accounts.map((key) => ({ key, value: "100" })))
      const transfer = (seed: number) =>
        Effect.gen(function* () {
          const random = randomOf(seed)
          for (let done = 0; done < 15; ) {
            const page = yield* store.list({ prefix: "/m/" })
            const source = page.entries[Math.floor(random() * 3)]
            const target = page.entries[Math.floor(random() * 3)]
            if (source === undefined || target === undefined || source === target) continue
            const moved = yield* Effect.result(
              store.commit([
                { key: source.key, value: String(Number(source.value) - 1), expected: source.revision },
                { key: target.key, value: String(Number(target.value) + 1), expected: target.revision }
              ])
            )
            if (moved._tag === "Success") done++
            else expect(moved.failure._tag).toBe("Conflict")
            const sum = (yield* store.list({ prefix: "/m/" })).entries.reduce((total, entry) => total + Number(entry.value), 0)
            expect(sum).toBe(300)
          }
        })
      yield* Effect.all([1, 2, 3, 4].map(transfer), { concurrency: "unbounded" })
      const last = yield* store.revision
      const balance = new Map<string, number>()
      for (const commit of yield* takeUntil(store, "/m/", 1n, last)) {
        for (const change of commit) balance.set(change.key, Number(change.value))
        expect([...balance.values()].reduce((a, b) => a + b, 0)).toBe(300)
      }
      expect(last).toBe(62n)
    }))

  it("a watcher that is interrupted is gone, and others go on", (store) =>
    Effect.gen(function* () {
      const many = yield* Effect.all(Array.from({ length: 100 }, () => start(take(store, "/a", 1n, 1000))))
      const stays = yield* start(take(store, "/a", 1n, 2))
      yield* put(store, "/a")
      yield* Effect.all(many.map(Fiber.interrupt), { concurrency: "unbounded" })
      yield* put(store, "/a")
      expect((yield* Fiber.join(stays)).length).toBe(2)
    }))

  it("a watcher that reads slowly delays nobody, and then reads every change or is told that it cannot", (store) =>
    Effect.gen(function* () {
      const value = "x".repeat(20_000)
      const gate = yield* start(Effect.never)
      const seen: Array<bigint> = []
      const slow = yield* start(
        Effect.result(
          store.watch({ prefix: "/k/" }, 1n).pipe(
            Stream.tap(() => Effect.exit(Fiber.join(gate))),
            Stream.takeUntil((commit) => {
              seen.push(commit[0]?.revision ?? 0n)
              return seen.length === 1500
            }),
            Stream.runDrain
          )
        )
      )
      yield* Effect.all(
        Array.from({ length: 1500 }, (_, i) => put(store, `/k/${i}`, value)),
        { concurrency: 64 }
      )
      yield* Fiber.interrupt(gate)
      const end = yield* Fiber.join(slow)
      if (end._tag === "Failure") expect(end.failure).toBeInstanceOf(Compacted)
      else expect(seen).toEqual(Array.from({ length: 1500 }, (_, i) => BigInt(i + 2)))
    }))
}

const progress = (it: It): void => {
  it("who follows a quiet range is told how far the log has come without it", (store) =>
    Effect.gen(function* () {
      yield* put(store, "/a", "1")
      const following = yield* start(
        store.follow({ prefix: "/a" }, 1n, 20).pipe(
          Stream.takeUntil(({ revision }) => revision >= 6n),
          Stream.runCollect,
          Effect.timeout("20 seconds")
        )
      )
      for (let i = 0; i < 3; i++) yield* put(store, "/b", String(i))
      yield* put(store, "/a", "2")
      const told = yield* Fiber.join(following)
      expect(told.flatMap(({ changes }) => changes.map(({ key, revision }) => [key, revision]))).toEqual([
        ["/a", 2n],
        ["/a", 6n]
      ])
      expect(told.map(({ revision }) => revision)).toEqual(told.map(({ revision }) => revision).toSorted((a, b) => Number(a - b)))
      for (const { changes, revision } of told) for (const change of changes) expect(change.revision).toBe(revision)
      const quiet = store.follow({ prefix: "/none" }, 1n, 20).pipe(
        Stream.takeUntil(({ revision }) => revision >= 6n),
        Stream.runCollect,
        Effect.timeout("20 seconds")
      )
      expect((yield* quiet).every(({ changes }) => changes.length === 0)).toBe(true)
    }))
}

const expiry = (it: It): void => {
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
      const created = yield* store.commit([{ key: "/lease", value: "mine", ttlMs: 400 }])
      const other = yield* store.commit([{ key: "/other", value: "x", ttlMs: 500 }])
      yield* store.keepAlive("/lease", created, 60_000)
      yield* gone(store, "/other", other)
      expect(yield* store.get("/lease")).toMatchObject({ value: "mine", revision: created })
      const taken = yield* put(store, "/lease", "yours")
      yield* conflicts(store.keepAlive("/lease", created, 1000), "/lease", taken)
      yield* conflicts(store.keepAlive("/other", other, 1000), "/other", 0n)
      yield* conflicts(store.keepAlive("/none", 2n, 1000), "/none", 0n)
      expect((yield* store.get("/lease"))?.value).toBe("yours")
    }))

  it("a time to live is a positive whole number of milliseconds, and only of a value", (store) =>
    Effect.gen(function* () {
      for (const ttlMs of [0, -1, 1.5, Number.NaN]) yield* rejects(store.commit([{ key: "/a", value: "1", ttlMs }]))
      yield* rejects(store.commit([{ key: "/a", value: undefined, ttlMs: 1000 }]))
      yield* rejects(store.keepAlive("/a", 2n, 0))
      expect(yield* store.revision).toBe(1n)
    }))
}

const compaction = (it: It): void => {
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

const limits = (it: It): void => {
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

/** A log makes sense by itself: each change names the one before it. */
const checkHistory = (log: ReadonlyArray<ReadonlyArray<Change>>): void => {
  const newest = new Map<string, Change>()
  for (const change of log.flat()) {
    const before = newest.get(change.key)
    const live = before?.value === undefined ? undefined : before
    expect([change.previousRevision, change.previous]).toEqual([live?.revision ?? 0n, live?.value])
    expect(change.createRevision).toBe(live?.createRevision ?? change.revision)
    newest.set(change.key, change)
  }
}

/** Small numbers that look random and are the same in every run. */
const randomOf = (seed: number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
