/** Watches: the past, then live, with concurrent writers and slow readers. @module */
import { expect } from "bun:test"
import { Effect, Fiber, Stream } from "effect"
import { type Change, Compacted } from "../store.ts"
import { randomOf } from "../testing/random.ts"
import { type It, put, remove, start, take, takeUntil } from "./asking.ts"

/** More than waits for a watcher anywhere: so many commits of 20,000 characters. */
const slowCommits = 320

/** Their tests. */
export const watches = (it: It): void => {
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

  it("whoever knows all values himself hears the same changes, with the value before or without", (store) =>
    Effect.gen(function* () {
      const log = (previous: boolean) => store.watch({ prefix: "/a" }, 1n, { previous }).pipe(Stream.take(40), Stream.runCollect)
      const [told, knowing] = [yield* start(log(true)), yield* start(log(false))]
      for (let i = 0; i < 20; i++) {
        yield* put(store, `/a/${i % 3}`, `${i}`)
        if (i % 5 === 4) yield* remove(store, `/a/${i % 3}`)
        yield* put(store, "/a", `${i}`)
      }
      const bare = ({ previous: _, ...change }: Change) => change
      const first = (yield* Fiber.join(told)).flat()
      expect((yield* Fiber.join(knowing)).flat().map(bare)).toEqual(first.map(bare))
      expect((yield* log(false)).flat().map(bare)).toEqual(first.map(bare))
      checkHistory((yield* log(true)).map((commit) => commit))
      checkHistory(first.map((change) => [change]))
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
              return seen.length === slowCommits
            }),
            Stream.runDrain
          )
        )
      )
      yield* Effect.all(
        Array.from({ length: slowCommits }, (_, i) => put(store, `/k/${i}`, value)),
        { concurrency: 64 }
      )
      yield* Fiber.interrupt(gate)
      const end = yield* Fiber.join(slow)
      if (end._tag === "Failure") expect(end.failure).toBeInstanceOf(Compacted)
      else expect(seen).toEqual(Array.from({ length: slowCommits }, (_, i) => BigInt(i + 2)))
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
