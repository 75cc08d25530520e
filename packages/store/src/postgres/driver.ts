/** A `Database` over connections to a PostgreSQL server, by postgres.js. @module */
import { Effect, type Scope } from "effect"
import postgres from "postgres"
import { rejected } from "../key.ts"
import type { StoreError } from "../store.ts"
import type { Database, Parameter, Rows } from "./database.ts"
import { type Activity, storeErrorOf } from "./error.ts"

/** Where a server is and who we are there. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  readonly password?: string
  readonly ssl?: "require" | "allow" | "prefer" | "verify-full"
}

/** Plans by index, whatever the statistics of a growing table say: a scan of the log would be a catastrophe, not a choice. */
const planner = { enable_seqscan: "off", enable_hashjoin: "off", enable_mergejoin: "off", jit: "off" }
const readerConnections = 4

/** Reads `postgres://user:password@host:port/database?sslmode=…`; `?host=/folder` names a folder with a unix socket. */
export const addressOf = (url: string): Address | StoreError => {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    return rejected("this is not a PostgreSQL URL: postgres://user:password@host:port/database")
  }
  if (parsed.protocol !== "postgres:" && parsed.protocol !== "postgresql:")
    return rejected(`a PostgreSQL URL begins with postgres://, not ${parsed.protocol}//`)
  const user = decodeURIComponent(parsed.username) || process.env["PGUSER"] || "postgres"
  const mode = parsed.searchParams.get("sslmode")
  const ssl = mode === "verify-ca" ? "verify-full" : mode
  return {
    host: parsed.searchParams.get("host") || decodeURIComponent(parsed.hostname) || "localhost",
    port: Number(parsed.port || 5432),
    user,
    database: decodeURIComponent(parsed.pathname.slice(1)) || user,
    ...(parsed.password === "" ? {} : { password: decodeURIComponent(parsed.password) }),
    ...(ssl === "require" || ssl === "allow" || ssl === "prefer" || ssl === "verify-full" ? { ssl } : {})
  }
}

/** Where a server is, for messages. */
export const placeOf = ({ host, port }: Address): string => (host.startsWith("/") ? host : `${host}:${port}`)

/** Opens connections as they are needed and closes them with the scope. A server that is away is no failure here, but of each question. */
export const connect = (address: Address): Effect.Effect<Database, never, Scope.Scope> =>
  Effect.gen(function* () {
    const place = placeOf(address)
    const writer = yield* open(address, 1)
    const reader = yield* open(address, readerConnections)
    const ask =
      (client: postgres.Sql, activity: Activity) =>
      (statement: string, parameters: ReadonlyArray<Parameter>): Effect.Effect<Rows, StoreError> =>
        Effect.tryPromise({
          try: () =>
            client
              .unsafe<Array<never>>(statement, [...parameters], { prepare: true })
              .values() as Promise<unknown> as Promise<Rows>,
          catch: (error) => storeErrorOf(error, place, activity)
        })
    return {
      place,
      read: ask(reader, "read"),
      write: ask(writer, "write"),
      transaction: (body) =>
        Effect.tryPromise({
          try: () =>
            writer.begin((transaction) =>
              body((statement) => transaction.unsafe(statement).values() as Promise<unknown> as Promise<Rows>)
            ) as ReturnType<typeof body>,
          catch: (error) => storeErrorOf(error, place, "read")
        }),
      listen: (channel, onListening, onNotify) => listen(address, channel, onListening, onNotify)
    }
  })

const optionsOf = ({ host, port, user, database, password, ssl }: Address, connections: number) => ({
  host,
  port,
  user,
  database,
  ...(password === undefined ? {} : { password }),
  ...(ssl === undefined ? {} : { ssl }),
  max: connections,
  connect_timeout: 10,
  // Connections live as long as they work; those who ask decide when to try again.
  max_lifetime: null,
  backoff: 0,
  fetch_types: false,
  types: { bigint: postgres.BigInt },
  connection: { application_name: "tsukube-store", ...planner },
  onnotice: () => {}
})

const open = (address: Address, connections: number): Effect.Effect<postgres.Sql, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => postgres(optionsOf(address, connections) as object as postgres.Options<never>) as postgres.Sql),
    close
  )

/** The driver waits for ever for a connection that died under a statement, so it is given a moment only. */
const close = (client: postgres.Sql): Effect.Effect<void> => Effect.promise(() => client.end({ timeout: 0.3 }).catch(() => {}))

/** A connection of its own: the driver's `listen` gives up silently when it cannot reconnect. */
const listen = (
  address: Address,
  channel: string,
  onListening: () => void,
  onNotify: () => void
): Effect.Effect<never, StoreError> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      let lost = (): void => {}
      const closed = new Promise<void>((resolve) => {
        lost = resolve
      })
      const options = { ...optionsOf(address, 1), onnotify: onNotify, onclose: lost }
      return { client: postgres(options as object as postgres.Options<never>) as postgres.Sql, closed }
    }),
    ({ client, closed }) =>
      Effect.tryPromise({
        try: async () => {
          await client.unsafe(`listen "${channel}"`)
          onListening()
          await closed
          throw Object.assign(new Error("the connection that listens was lost"), { code: "CONNECTION_CLOSED" })
        },
        catch: (error) => storeErrorOf(error, placeOf(address), "read")
      }),
    ({ client }) => close(client)
  )
