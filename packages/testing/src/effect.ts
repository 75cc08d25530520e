/** Runs an Effect as the body of a `bun:test` test; a failure rejects and so fails the test. @module */
import { Effect, Layer, type Scope } from "effect"
import { TestClock, TestConsole } from "effect/testing"

const testServices = Layer.mergeAll(TestClock.layer(), TestConsole.layer)

/** A test body in virtual time: advance it with `TestClock.adjust`. */
export const effect =
  <A, E>(self: () => Effect.Effect<A, E, Scope.Scope>): (() => Promise<A>) =>
  () =>
    Effect.runPromise(Effect.scoped(Effect.suspend(self)).pipe(Effect.provide(testServices, { local: true })))

/** A test body in real time, for tests that touch a socket, a process or a database. */
export const live =
  <A, E>(self: () => Effect.Effect<A, E, Scope.Scope>): (() => Promise<A>) =>
  () =>
    Effect.runPromise(Effect.scoped(Effect.suspend(self)))
