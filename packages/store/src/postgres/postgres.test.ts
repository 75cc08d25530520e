import { afterAll, beforeAll, describe } from "bun:test"
import { requireTool } from "@tsukube/testing"
import { Effect, Exit, Layer, Scope } from "effect"
import { storeContract } from "../contract.ts"
import { type ScratchPostgres, scratchPostgres, systemPostgres } from "../testing/scratch-postgres.ts"
import { layerPostgres } from "./mod.ts"

const there = requireTool("the store on a PostgreSQL server", { "postgresql (server)": systemPostgres() !== undefined })

describe.skipIf(!there)("a PostgreSQL server", () => {
  const scope = Effect.runSync(Scope.make())
  let server: ScratchPostgres
  let schemas = 0

  beforeAll(async () => {
    server = await Effect.runPromise(Scope.provide(scratchPostgres, scope))
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  /** A fresh store each time: a schema of its own. */
  const layer = Layer.unwrap(Effect.sync(() => layerPostgres({ url: server.url, schema: `test_${++schemas}` })))

  storeContract("postgres", layer)
})
