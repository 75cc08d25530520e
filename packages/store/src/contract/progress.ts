/** Progress: what who follows a quiet range is told. @module */
import { expect } from "bun:test"
import { Effect, Fiber, Stream } from "effect"
import { type It, put, start } from "./asking.ts"

/** Their tests. */
export const progress = (it: It): void => {
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
