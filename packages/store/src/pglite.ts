/** A store on PGlite, PostgreSQL inside this process: for tests, browsers and places that cannot start programs. @module */
import { PGlite } from "@electric-sql/pglite"
import { Effect, Layer, type Scope } from "effect"
import type { Compaction } from "./compaction.ts"
import type { Database, Rows } from "./postgres/database.ts"
import { type Activity, storeErrorOf } from "./postgres/error.ts"
import { openStoreIn } from "./postgres/store.ts"
import { Store, StoreError } from "./store.ts"

/** Where the data lives. */
export interface PgliteOptions {
  /** A folder, or what else PGlite takes (`idb://name` in browsers); absent: memory. One process at a time. */
  readonly dataDir?: string
  /** The schema that holds the tables. Default `tsukube`. */
  readonly schema?: string
  /** Forget history by itself; absent: all of it is kept until `compact`. */
  readonly compaction?: Compaction
}

/** The number of the type `bigint`, whose values PGlite would give as numbers where they fit. */
const bigintType = 20
const asRows = { rowMode: "array", parsers: { [bigintType]: BigInt } } as const

/** Opens PGlite as a `Database`. It has one connection, so everything waits for everything; LISTEN works within the process. */
export const openPglite = (dataDir?: string): Effect.Effect<Database, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const place = dataDir ?? "memory (PGlite)"
    if (dataDir !== undefined && !dataDir.includes("://")) yield* holdFolder(dataDir)
    const client = yield* Effect.acquireRelease(
      Effect.tryPromise({
        try: () => PGlite.create(dataDir ?? "memory://"),
        catch: (error) => storeErrorOf(error, place, "read")
      }),
      (client) => Effect.promise(() => client.close())
    )
    yield* Effect.promise(() =>
      client.exec("set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set work_mem = '32MB'")
    )
    const ask = (activity: Activity) => (statement: string, parameters: ReadonlyArray<string | null>) =>
      Effect.tryPromise({
        try: async () => (await client.query(statement, [...parameters], asRows)).rows as Rows,
        catch: (error) => storeErrorOf(error, place, activity)
      })
    return {
      place,
      read: ask("read"),
      write: (question) =>
        Effect.suspend(() => {
          const { statement, parameters } = question()
          return ask("write")(statement, parameters)
        }),
      maintain: (statement) => Effect.asVoid(ask("read")(statement, [])),
      transaction: (body) =>
        Effect.tryPromise({
          try: () =>
            client.transaction((transaction) =>
              body(async (statement) => (await transaction.query(statement, [], asRows)).rows as Rows)
            ),
          catch: (error) => storeErrorOf(error, place, "read")
        }),
      listen: (channel, onListening, onNotify) =>
        Effect.acquireUseRelease(
          Effect.tryPromise({
            try: () => client.listen(channel, onNotify),
            catch: (error) => storeErrorOf(error, place, "read")
          }),
          () => Effect.andThen(Effect.sync(onListening), Effect.never),
          (unlisten) => Effect.promise(() => unlisten().catch(() => {}))
        )
    }
  })

/** Two processes on one folder would destroy it. Browsers have no folders, and never load this. */
const holdFolder = (folder: string): Effect.Effect<void, StoreError, Scope.Scope> =>
  Effect.flatMap(
    Effect.promise(() => import("@tsukube/host")),
    ({ lockFolder }) =>
      Effect.mapError(
        lockFolder(folder, { name: "tsukube.lock" }),
        (error) => new StoreError({ reason: "Failed", retryable: true, message: error.message })
      )
  )

/**
 * A layer with the store on PGlite. It never calls fsync: its data survives a killed process, but not a power loss.
 */
export const layerPglite = (options: PgliteOptions = {}): Layer.Layer<Store, StoreError> =>
  Layer.effect(
    Store,
    Effect.flatMap(openPglite(options.dataDir), (database) =>
      openStoreIn(database, options.schema ?? "tsukube", options.compaction)
    )
  )
