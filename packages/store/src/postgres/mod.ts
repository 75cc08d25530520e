/** A store on a PostgreSQL server given by URL. @module */

import { Effect, Layer } from "effect"
import type { Compaction } from "../compaction.ts"
import { Store, StoreError } from "../store.ts"
import { addressOf, connect } from "./driver.ts"
import { openStoreIn } from "./store.ts"

/** Where the server is, and where in it the store lives. */
export interface PostgresOptions {
  /** `postgres://user:password@host:port/database?sslmode=require`; `?host=/folder` names a folder with a unix socket. */
  readonly url: string
  /** The schema that holds the tables; made when it is not there. Default `tsukube`. */
  readonly schema?: string
  /**
   * PgBouncer in transaction mode is in between: no notifications, so other processes' commits are seen by a poll every 200 ms. It is found out by
   * itself where the pooler refuses our settings; say so when yours is told to ignore them.
   */
  readonly pooled?: boolean
  /** A statement without an answer for so long ends its connection: reads fail as `Unavailable`, the outcome of writes is asked for. Default 60,000. */
  readonly deadlineMs?: number
  /** Forget history by itself; absent: all of it is kept until `compact`. */
  readonly compaction?: Compaction
}

export type { Compaction } from "../compaction.ts"

/** A layer with the store on a server; any number of processes may use one at once. Fails when the server cannot be reached now. */
export const layerPostgres = (options: PostgresOptions): Layer.Layer<Store, StoreError> =>
  Layer.effect(
    Store,
    Effect.gen(function* () {
      const address = addressOf(options.url)
      if (address instanceof StoreError) return yield* address
      const database = yield* connect(address, options)
      return yield* openStoreIn(database, options.schema ?? "tsukube", options.compaction)
    })
  )
