/** How the contract asks a store, and what it expects of refusals. @module */
import { expect } from "bun:test"
import { type Cause, Effect, type Fiber, type Scope, Stream } from "effect"
import { type Change, type Compacted, Conflict, type Page, type Store, StoreError } from "../store.ts"

/** Declares a test whose body gets a fresh, empty store. */
export type It = <E>(title: string, body: (store: Store) => Effect.Effect<void, E, Scope.Scope>) => void

/** Writes a key, whatever it is now. */
export const put = (store: Store, key: string, value: string = key): Effect.Effect<bigint, Conflict | StoreError> =>
  store.commit([{ key, value }])

/** Deletes a key, whatever it is now. */
export const remove = (store: Store, key: string): Effect.Effect<bigint, Conflict | StoreError> =>
  store.commit([{ key, value: undefined }])

/** The keys of a page. */
export const keysOf = (page: Page): ReadonlyArray<string> => page.entries.map((entry) => entry.key)

type Commits = Effect.Effect<ReadonlyArray<ReadonlyArray<Change>>, Compacted | StoreError | Cause.TimeoutError>

/** The first `count` commits of a range after a revision. */
export const take = (store: Store, prefix: string, after: bigint, count: number): Commits =>
  store.watch({ prefix }, after).pipe(Stream.take(count), Stream.runCollect, Effect.timeout("20 seconds"))

/** The commits of a range after a revision up to `last`, which must be one of them. */
export const takeUntil = (store: Store, prefix: string, after: bigint, last: bigint): Commits =>
  store.watch({ prefix }, after).pipe(
    Stream.takeUntil((commit) => (commit[0]?.revision ?? 0n) >= last),
    Stream.runCollect,
    Effect.timeout("20 seconds")
  )

/** Runs beside the test until the test ends. */
export const start = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<Fiber.Fiber<A, E>, never, Scope.Scope> =>
  Effect.forkScoped(effect, { startImmediately: true })

/** The question itself is refused. */
export const rejects = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<void, A> =>
  Effect.map(Effect.flip(effect), (error) => {
    expect(error).toBeInstanceOf(StoreError)
    expect(error).toMatchObject({ reason: "Rejected", retryable: false })
  })

/** The commit is refused, since the key is at another revision. */
export const conflicts = <A, E>(effect: Effect.Effect<A, E>, key: string, current: bigint): Effect.Effect<void, A> =>
  Effect.map(Effect.flip(effect), (error) => {
    expect(error).toBeInstanceOf(Conflict)
    expect(error).toMatchObject({ key, current })
  })

/**
 * Runs what has to be done within `ms` of its begin to mean anything. Where the machine was too slow for that, it is done again, with another number;
 * a failure in time is a failure.
 */
export const inTime = <A, E, R>(
  ms: number,
  attempt: (number: number) => Effect.Effect<A, E, R>,
  number: number = 0
): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    const begun = performance.now()
    const again = () => performance.now() - begun >= ms && number < 20
    return Effect.catchCause(attempt(number), (cause) => (again() ? inTime(ms, attempt, number + 1) : Effect.failCause(cause)))
  })
