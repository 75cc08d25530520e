import { expect, test } from "bun:test"
import { effect } from "@tsukube/testing"
import { Effect, Fiber, Stream } from "effect"
import { makeHistory } from "./history.ts"
import { type Commit, makeHub } from "./hub.ts"
import { Compacted } from "./store.ts"

const commitOf = (revision: bigint, key = "/a", value = "x"): Commit => [
  { revision, key, value, createRevision: revision, previousRevision: 0n }
]

/** A hub over a history in memory, and a count of reads from it. */
const makeLog = (limits = { pendingChanges: 4, pendingUnits: 1000 }, historyLimit = 1000) => {
  const history = makeHistory(historyLimit)
  let reads = 0
  const hub = makeHub(
    1n,
    (range, after, upTo) => {
      reads++
      const page = history.read(range, after, upTo)
      return page instanceof Compacted ? Effect.fail(page) : Effect.succeed(page)
    },
    limits
  )
  const append = (key = "/a", value = "x") => {
    const commit = commitOf(history.revision() + 1n, key, value)
    history.append(commit)
    hub.publish([commit], history.revision())
  }
  return { hub, append, history, reads: () => reads }
}

const revisions = (commits: ReadonlyArray<Commit>) => commits.map((commit) => Number(commit[0]?.revision))

test(
  "a watcher that keeps up is fed without a read of the log",
  effect(() =>
    Effect.gen(function* () {
      const { hub, append, reads } = makeLog()
      const watcher = yield* Effect.forkChild(hub.watch({ prefix: "/a" }, 1n).pipe(Stream.take(10), Stream.runCollect), {
        startImmediately: true
      })
      for (let i = 0; i < 10; i++) {
        append()
        yield* Effect.yieldNow
      }
      expect(revisions(yield* Fiber.join(watcher))).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
      expect(reads()).toBe(0)
    })
  )
)

test(
  "a watcher whose queue overflows reads the log from where it was, and then joins again",
  effect(() =>
    Effect.gen(function* () {
      const { hub, append, reads } = makeLog()
      const seen: Array<number> = []
      const gate = yield* Effect.forkChild(Effect.never, { startImmediately: true })
      const watcher = yield* Effect.forkChild(
        hub.watch({ prefix: "/a" }, 1n).pipe(
          Stream.tap((commit) => {
            seen.push(Number(commit[0]?.revision))
            return seen.length === 1 ? Effect.exit(Fiber.join(gate)) : Effect.void
          }),
          Stream.take(30),
          Stream.runDrain
        ),
        { startImmediately: true }
      )
      for (let i = 0; i < 25; i++) append()
      yield* Fiber.interrupt(gate)
      expect(reads()).toBeGreaterThan(0)
      for (let i = 0; i < 5; i++) append()
      yield* Fiber.join(watcher)
      expect(seen).toEqual(Array.from({ length: 30 }, (_, i) => i + 2))
    })
  )
)

test(
  "a watcher that sleeps until its history is gone is told so; a quiet one of another range is not",
  effect(() =>
    Effect.gen(function* () {
      const { hub, append, history } = makeLog()
      const gate = yield* Effect.forkChild(Effect.never, { startImmediately: true })
      const slow = yield* Effect.forkChild(
        Effect.result(
          hub.watch({ prefix: "/a" }, 1n).pipe(
            Stream.tap(() => Effect.exit(Fiber.join(gate))),
            Stream.runDrain
          )
        ),
        { startImmediately: true }
      )
      const quiet = yield* Effect.forkChild(hub.watch({ prefix: "/b" }, 1n).pipe(Stream.take(1), Stream.runCollect), {
        startImmediately: true
      })
      for (let i = 0; i < 20; i++) append()
      history.compact(history.revision())
      append("/b")
      expect(revisions(yield* Fiber.join(quiet))).toEqual([22])
      yield* Fiber.interrupt(gate)
      expect(yield* Fiber.join(slow)).toMatchObject({ _tag: "Failure", failure: { _tag: "Compacted", oldest: 21n } })
    })
  )
)

test(
  "a value larger than the whole queue comes from the log",
  effect(() =>
    Effect.gen(function* () {
      const { hub, append } = makeLog()
      const watcher = yield* Effect.forkChild(hub.watch({ prefix: "/a" }, 1n).pipe(Stream.take(2), Stream.runCollect), {
        startImmediately: true
      })
      append("/a", "x".repeat(5000))
      append("/a", "y")
      expect(revisions(yield* Fiber.join(watcher))).toEqual([2, 3])
    })
  )
)

test(
  "a watcher that starts another one as it is woken disturbs nobody",
  effect(() =>
    Effect.gen(function* () {
      const { hub, history } = makeLog()
      const first = hub.watch({ prefix: "/a" }, 1n).pipe(Stream.take(1), Stream.runCollect)
      const then = yield* Effect.forkChild(
        Effect.andThen(first, hub.watch({ prefix: "" }, 1n).pipe(Stream.take(3), Stream.runCollect)),
        {
          startImmediately: true
        }
      )
      const commits = [2n, 3n, 4n].map((revision) => commitOf(revision))
      for (const commit of commits) history.append(commit)
      hub.publish(commits, 4n)
      expect(revisions(yield* Fiber.join(then))).toEqual([2, 3, 4])
    })
  )
)

test(
  "interrupted watchers leave nothing behind",
  effect(() =>
    Effect.gen(function* () {
      const { hub } = makeLog()
      const watch = Effect.forkChild(Stream.runDrain(hub.watch({ prefix: "/a" }, 1n)), { startImmediately: true })
      const fibers = yield* Effect.all(Array.from({ length: 1000 }, () => watch))
      expect(hub.watchers()).toBe(1000)
      yield* Effect.forEach(fibers, Fiber.interrupt, { concurrency: "unbounded" })
      expect(hub.watchers()).toBe(0)
    })
  )
)

test(
  "after compaction overtook the tail, only watchers that missed something end; after a fail-over, all do",
  effect(() =>
    Effect.gen(function* () {
      const { hub } = makeLog()
      const watch = (after: bigint) =>
        Effect.forkChild(Effect.result(hub.watch({ prefix: "/a" }, after).pipe(Stream.take(1), Stream.runCollect)), {
          startImmediately: true
        })
      const behind = yield* watch(1n)
      const ahead = yield* watch(5n)
      hub.skipTo(5n)
      expect(yield* Fiber.join(behind)).toMatchObject({ _tag: "Failure", failure: { _tag: "Compacted", oldest: 5n } })
      hub.publish([commitOf(6n)], 6n)
      expect(yield* Fiber.join(ahead)).toMatchObject({ _tag: "Success" })
      const other = yield* watch(6n)
      hub.reset(new Compacted({ oldest: 3n }), 3n)
      expect(yield* Fiber.join(other)).toMatchObject({ _tag: "Failure", failure: { oldest: 3n } })
    })
  )
)
