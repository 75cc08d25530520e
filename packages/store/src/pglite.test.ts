import { afterAll, beforeAll } from "bun:test"
import { Effect, Exit, Layer, Scope } from "effect"
import { layerCached } from "./cache.ts"
import { storeContract } from "./contract.ts"
import { openPglite } from "./pglite.ts"
import type { Database } from "./postgres/database.ts"
import { openStoreIn } from "./postgres/store.ts"
import { Store } from "./store.ts"

const scope = Effect.runSync(Scope.make())
let database: Database
let schemas = 0

beforeAll(async () => {
  database = await Effect.runPromise(Scope.provide(openPglite(), scope))
})
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

/** A fresh store each time: one PGlite takes seconds to make, a schema in it takes milliseconds. */
const layer = Layer.effect(
  Store,
  Effect.suspend(() => openStoreIn(database, `test_${++schemas}`))
)

storeContract("pglite", layer)
storeContract("cache over pglite", layerCached(layer))
