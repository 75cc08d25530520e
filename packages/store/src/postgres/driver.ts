/** A `Database` over connections to a PostgreSQL server, by postgres.js. @module */
import { Effect, type Scope } from "effect"
import { rejected } from "../key.ts"
import type { StoreError } from "../store.ts"
import { type Address, type Connection, openConnection } from "./connection.ts"
import type { Database } from "./database.ts"
import { type Activity, storeErrorOf } from "./error.ts"

/** Reads go to the least busy of so many connections, which are made as they are needed. */
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
    const writer = yield* makePool(address, 1)
    const reader = yield* makePool(address, readerConnections)

    /** Before the connection works nothing has happened, so a failure up to there is that of a read. */
    const using = <A>(
      pool: Pool,
      activity: Activity,
      work: (connection: Connection) => Promise<A>
    ): Effect.Effect<A, StoreError> =>
      Effect.suspend(() => {
        const connection = pool()
        const made = Effect.tryPromise({ try: () => connection.ready, catch: (error) => storeErrorOf(error, place, "read") })
        const done = Effect.tryPromise({ try: () => work(connection), catch: (error) => storeErrorOf(error, place, activity) })
        return Effect.andThen(made, done)
      })
    return {
      place,
      read: (statement, parameters) => using(reader, "read", (connection) => connection.ask(statement, parameters)),
      write: (statement, parameters) => using(writer, "write", (connection) => connection.ask(statement, parameters)),
      transaction: (body) => using(writer, "read", (connection) => connection.transaction(body)),
      listen: (channel, onListening, onNotify) =>
        Effect.acquireUseRelease(
          Effect.sync(() => openConnection(address, onNotify)),
          (connection) =>
            Effect.tryPromise({
              try: async () => {
                await connection.ready
                await connection.ask(`listen "${channel}"`, [])
                onListening()
                await connection.lost
                throw Object.assign(new Error("the connection that listens was lost"), { code: "CONNECTION_CLOSED" })
              },
              catch: (error) => storeErrorOf(error, place, "read")
            }),
          (connection) => Effect.promise(connection.close)
        )
    }
  })

/** The connection to use next. */
type Pool = () => Connection

const makePool = (address: Address, size: number): Effect.Effect<Pool, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync((): { connections: ReadonlyArray<Connection> } => ({ connections: [] })),
      ({ connections }) => Effect.promise(() => Promise.all(connections.map((connection) => connection.close())))
    ),
    (pool) => () => {
      pool.connections = pool.connections.filter((connection) => !connection.isLost())
      const [first, ...others] = pool.connections
      const best = others.reduce((best, other) => (best !== undefined && best.waiting() <= other.waiting() ? best : other), first)
      if (best !== undefined && (best.waiting() === 0 || pool.connections.length === size)) return best
      const fresh = openConnection(address)
      pool.connections = [...pool.connections, fresh]
      return fresh
    }
  )
