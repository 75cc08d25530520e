/** A store on a PostgreSQL server given by URL. @module */
import { Effect, Layer } from "effect"
import { Store, StoreError } from "../store.ts"
import { addressOf, connect } from "./driver.ts"
import { openStoreIn } from "./store.ts"

/** Where the server is, and where in it the store lives. */
export interface PostgresOptions {
  /** `postgres://user:password@host:port/database?sslmode=require`; `?host=/folder` names a folder with a unix socket. */
  readonly url: string
  /** The schema that holds the tables; made when it is not there. Default `tsukube`. */
  readonly schema?: string
}

/** A layer with the store on a server; any number of processes may use one at once. Fails when the server cannot be reached now. */
export const layerPostgres = (options: PostgresOptions): Layer.Layer<Store, StoreError> =>
  Layer.effect(
    Store,
    Effect.gen(function* () {
      const address = addressOf(options.url)
      if (address instanceof StoreError) return yield* address
      const database = yield* connect(address)
      return yield* openStoreIn(database, options.schema ?? "tsukube")
    })
  )
