/** What every store must do, as one suite: call it in a test file with a layer that builds a fresh, empty store each time. @module */
import { describe, test } from "bun:test"
import { Effect, type Layer, type Scope } from "effect"
import { commits } from "./contract/commits.ts"
import { compaction } from "./contract/compaction.ts"
import { expiry } from "./contract/expiry.ts"
import { leases } from "./contract/leases.ts"
import { limits } from "./contract/limits.ts"
import { lists } from "./contract/lists.ts"
import { progress } from "./contract/progress.ts"
import { watches } from "./contract/watches.ts"
import { Store } from "./store.ts"

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
  describe(`${name}: leases`, () => leases(it))
  describe(`${name}: limits`, () => limits(it))
}
