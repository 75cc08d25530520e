import { expect, test } from "bun:test"
import { conflict } from "@tsukube/api"
import { effect } from "@tsukube/testing"
import { Deferred, Effect, Exit, Latch, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import { type Again, type Enqueue, runController } from "./controller.ts"

/** A controller whose enqueue the test holds in its hand. */
const start = (
  reconcile: (key: string) => Effect.Effect<Again | void, unknown>,
  concurrency = 1,
  ready: Effect.Effect<void> = Effect.void
) =>
  Effect.gen(function* () {
    let enqueue: Enqueue = () => {}
    const triggers = (given: Enqueue) => Effect.sync(() => (enqueue = given)).pipe(Effect.asVoid)
    yield* runController({ name: "test", reconcile, triggers, ready, concurrency })
    return (key: string, afterMs?: number) => enqueue(key, afterMs)
  })

const settled = TestClock.adjust(0)

test(
  "a key is reconciled once for any number of adds before it is taken",
  effect(() =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const enqueue = yield* start((key) => Effect.sync(() => void seen.push(key)))
      for (let i = 0; i < 5; i++) enqueue("a")
      enqueue("b")
      yield* settled
      expect(seen).toEqual(["a", "b"])
    })
  )
)

test(
  "no key is worked on before the caches are ready",
  effect(() =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const ready = yield* Latch.make(false)
      const enqueue = yield* start((key) => Effect.sync(() => void seen.push(key)), 1, ready.await)
      enqueue("a")
      yield* settled
      expect(seen).toEqual([])
      yield* ready.open
      yield* settled
      expect(seen).toEqual(["a"])
    })
  )
)

test(
  "a delayed key comes at its time, an earlier time wins, and a reconcile may ask for itself again",
  effect(() =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const enqueue = yield* start((key) =>
        Effect.sync(() => {
          seen.push(key)
          return key === "again" && seen.filter((other) => other === "again").length < 3 ? { afterMs: 1000 } : undefined
        })
      )
      enqueue("late", 5000)
      enqueue("late", 9000)
      enqueue("early", 2000)
      enqueue("early", 1000)
      yield* TestClock.adjust("999 millis")
      expect(seen).toEqual([])
      yield* TestClock.adjust("1 millis")
      expect(seen).toEqual(["early"])
      yield* TestClock.adjust("10 seconds")
      expect(seen).toEqual(["early", "late"])
      enqueue("again")
      yield* TestClock.adjust("10 seconds")
      expect(seen).toEqual(["early", "late", "again", "again", "again"])
    })
  )
)

test(
  "a failing key is retried with growing pauses and logged once; success forgets the failures",
  effect(() => {
    const lines: Array<string> = []
    const logger = Logger.make(({ message }) => void lines.push(String(message)))
    return Effect.gen(function* () {
      let tries = 0
      let failing = true
      const enqueue = yield* start(() =>
        Effect.suspend(() => {
          tries++
          return failing ? Effect.fail(new Error("no luck")) : Effect.void
        })
      )
      enqueue("a")
      yield* TestClock.adjust("4 millis")
      expect(tries).toBe(1)
      yield* TestClock.adjust("1 millis")
      expect(tries).toBe(2)
      // 5 + 10 + 20 + 40 + 80 ms have passed after 155 ms.
      yield* TestClock.adjust("150 millis")
      expect(tries).toBe(6)
      failing = false
      yield* TestClock.adjust("160 millis")
      expect(tries).toBe(7)
      failing = true
      enqueue("a")
      yield* TestClock.adjust("5 millis")
      expect(tries).toBe(9)
      expect(lines).toEqual(["a: no luck", "a: no luck"])
    }).pipe(Effect.provide(Logger.layer([logger])))
  })
)

test(
  "a conflict is retried without a word, a defect does not end the worker",
  effect(() => {
    const lines: Array<string> = []
    const logger = Logger.make(({ message }) => void lines.push(String(message)))
    return Effect.gen(function* () {
      const seen: Array<string> = []
      const enqueue = yield* start((key) =>
        Effect.suspend(() => {
          seen.push(key)
          if (seen.length === 1) return Effect.fail(conflict({ group: "", plural: "pods" }, "a"))
          if (seen.length === 2) throw new TypeError("a bug")
          return Effect.void
        })
      )
      enqueue("a")
      yield* TestClock.adjust("4 millis")
      expect(lines).toEqual([])
      yield* TestClock.adjust("1 seconds")
      expect(seen).toEqual(["a", "a", "a"])
      expect(lines.length).toBe(1)
      expect(lines[0]).toContain("a bug")
    }).pipe(Effect.provide(Logger.layer([logger])))
  })
)

test(
  "several workers run at once but never two for one key, and closing the scope interrupts them",
  effect(() =>
    Effect.gen(function* () {
      const running = new Set<string>()
      let most = 0
      let interrupted = 0
      const gate = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      const enqueue = yield* Scope.provide(
        start(
          (key) =>
            Effect.gen(function* () {
              expect(running.has(key)).toBe(false)
              running.add(key)
              most = Math.max(most, running.size)
              yield* Deferred.await(gate)
            }).pipe(
              Effect.onInterrupt(() => Effect.sync(() => void interrupted++)),
              Effect.ensuring(Effect.sync(() => void running.delete(key))),
              Effect.as(undefined)
            ),
          3
        ),
        scope
      )
      for (const key of ["a", "b", "c", "d"]) enqueue(key)
      yield* settled
      enqueue("a")
      yield* settled
      expect(most).toBe(3)
      expect([...running]).toEqual(["a", "b", "c"])
      yield* Scope.close(scope, Exit.void)
      expect(interrupted).toBe(3)
      expect(running.size).toBe(0)
    })
  )
)
