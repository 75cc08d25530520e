/** A `Database` over connections to a PostgreSQL server: what is asked over and over by wires of ours, the rest by postgres.js. @module */
import { Effect, type Scope } from "effect"
import { rejected } from "../key.ts"
import type { StoreError } from "../store.ts"
import { type Address, type Connection, type ConnectionOptions, openConnection } from "./connection.ts"
import type { Database, ListQuestion, Question, Rows } from "./database.ts"
import { type Activity, storeErrorOf } from "./error.ts"
import { openWire, unspoken, type Wire } from "./wire.ts"

/** Reads go to the least busy of so many connections, which are made as they are needed. */
const readerConnections = 4

/** A statement of ours takes milliseconds, the largest list seconds. */
const defaultDeadlineMs = 60_000
/** VACUUM of a large table takes minutes. */
const maintenanceDeadlineMs = 6 * 3600 * 1000

/** How to talk to a server. */
export interface ConnectOptions {
  /** A pooler in transaction mode is in between; absent: found out, where it refuses our settings at the start. */
  readonly pooled?: boolean
  /** A statement without an answer for so long ends its connection. Default one minute. */
  readonly deadlineMs?: number
}

const isPoolerRefusal = (error: unknown): boolean => error instanceof Error && /unsupported startup parameter/.test(error.message)

const isUnspoken = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === unspoken

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
export const connect = (address: Address, options: ConnectOptions = {}): Effect.Effect<Database, never, Scope.Scope> =>
  Effect.gen(function* () {
    const place = placeOf(address)
    const deadlineMs = options.deadlineMs ?? defaultDeadlineMs
    let pooled = options.pooled ?? false
    const open = (own: ConnectionOptions = {}): Connection => openConnection(address, { deadlineMs, pooled, ...own })
    const writer = yield* makePool(open, 1)
    const reader = yield* makePool(open, readerConnections)
    const writerWire = yield* makePool(() => openWire(address, deadlineMs), 1)
    const readerWire = yield* makePool(() => openWire(address, deadlineMs), readerConnections)
    /** Until the server asks for more than a wire can say. */
    let wireWorks = address.ssl === undefined
    /** A connection that works, over a pooler if need be: one tells itself by refusing our settings. */
    const ready = (next: Pool): Effect.Effect<Connection, StoreError> =>
      Effect.suspend(() => {
        const connection = next()
        return Effect.tryPromise({ try: () => connection.ready, catch: (error) => error }).pipe(
          Effect.as(connection),
          Effect.catch((error) => {
            if (!isPoolerRefusal(error)) return Effect.fail(storeErrorOf(error, place, "read"))
            // Somebody else may have found out first, while this one was refused.
            if (pooled && options.pooled === true) return Effect.fail(storeErrorOf(error, place, "read"))
            pooled = true
            return ready(next)
          })
        )
      })

    /** Before the connection works nothing has happened, so a failure up to there is that of a read. */
    const using = <A>(
      pool: Pool,
      activity: Activity,
      work: (connection: Connection) => Promise<A>
    ): Effect.Effect<A, StoreError> =>
      Effect.flatMap(ready(pool), (connection) =>
        Effect.tryPromise({ try: () => work(connection), catch: (error) => storeErrorOf(error, place, activity) })
      )
    const byDriver = (pool: Pool, activity: Activity, question: () => Question) =>
      using(pool, activity, (connection) => {
        const { statement, parameters } = question()
        return connection.ask(statement, parameters)
      })
    const ask = (
      activity: Activity,
      pools: { readonly wire: Pool<Wire>; readonly driver: Pool },
      question: () => Question,
      withLists: () => ListQuestion = question
    ): Effect.Effect<Rows, StoreError> =>
      Effect.suspend(() => {
        if (!wireWorks || pooled) return byDriver(pools.driver, activity, question)
        const wire = pools.wire()
        return Effect.tryPromise({ try: () => wire.ready, catch: (error) => error }).pipe(
          Effect.matchEffect({
            onFailure: (error) => {
              if (!isPoolerRefusal(error) && !isUnspoken(error)) return Effect.fail(storeErrorOf(error, place, "read"))
              wireWorks = false
              return byDriver(pools.driver, activity, question)
            },
            onSuccess: () =>
              Effect.tryPromise({
                try: () => {
                  const { statement, parameters } = withLists()
                  return wire.ask(statement, parameters)
                },
                catch: (error) => storeErrorOf(error, place, activity)
              })
          })
        )
      })
    /** A connection for one purpose. */
    const alone = <A>(own: ConnectionOptions, use: (connection: Connection) => Promise<A>): Effect.Effect<A, StoreError> =>
      Effect.acquireUseRelease(
        ready(() => open(own)),
        (connection) => Effect.tryPromise({ try: () => use(connection), catch: (error) => storeErrorOf(error, place, "read") }),
        (connection) => Effect.promise(connection.close)
      )
    return {
      place,
      read: (statement, parameters) => ask("read", { wire: readerWire, driver: reader }, () => ({ statement, parameters })),
      write: (question, withLists) => ask("write", { wire: writerWire, driver: writer }, question, withLists),
      transaction: (body) => using(writer, "read", (connection) => connection.transaction(body)),
      maintain: (statement) =>
        Effect.asVoid(alone({ deadlineMs: maintenanceDeadlineMs }, (connection) => connection.run(statement))),
      listen: (channel, onListening, onNotify) =>
        alone({ onNotify }, async (connection) => {
          // A pooler takes LISTEN and forgets it with the transaction; the poll has to do.
          if (pooled) {
            await connection.close()
            return new Promise<never>(() => {})
          }
          await connection.ask(`listen "${channel}"`, [])
          onListening()
          await connection.lost
          throw Object.assign(new Error("the connection that listens was lost"), { code: "CONNECTION_CLOSED" })
        })
    }
  })

/** The connection to use next. */
type Pool<A = Connection> = () => A

const makePool = <A extends Pick<Connection, "isLost" | "waiting" | "close">>(
  open: () => A,
  size: number
): Effect.Effect<Pool<A>, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync((): { connections: ReadonlyArray<A> } => ({ connections: [] })),
      ({ connections }) => Effect.promise(() => Promise.all(connections.map((connection) => connection.close())))
    ),
    (pool) => () => {
      pool.connections = pool.connections.filter((connection) => !connection.isLost())
      const [first, ...others] = pool.connections
      const best = others.reduce((best, other) => (best !== undefined && best.waiting() <= other.waiting() ? best : other), first)
      if (best !== undefined && (best.waiting() === 0 || pool.connections.length === size)) return best
      const fresh = open()
      pool.connections = [...pool.connections, fresh]
      return fresh
    }
  )
