/**
 * One connection to a server, used until it is lost and then thrown away. postgres.js can mend its connections itself, but a statement that was
 * being written when one broke may then wait for ever: here, losing the connection ends every statement on it.
 * @module
 */
import postgres from "postgres"
import type { Parameter, Rows, Run } from "./database.ts"

/** Where a server is and who we are there. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  readonly password?: string
  readonly ssl?: "require" | "allow" | "prefer" | "verify-full"
}

/** How a connection behaves. */
export interface ConnectionOptions {
  /**
   * A pooler in transaction mode is between us and the server: it refuses settings at the start and knows no prepared statements, so each
   * statement travels in a transaction with its settings, unprepared.
   */
  readonly pooled?: boolean
  /** A statement without an answer for so long ends the connection; absent: it may take for ever. */
  readonly deadlineMs?: number
  readonly onNotify?: (payload: string) => void
}

/** A connection that is being made, works, or is lost for good. */
export interface Connection {
  /** Settles when the server has answered for the first time, or cannot be reached. */
  readonly ready: Promise<void>
  readonly isLost: () => boolean
  /** How many statements wait for an answer. */
  readonly waiting: () => number
  readonly ask: (statement: string, parameters: ReadonlyArray<Parameter>) => Promise<Rows>
  /** A statement without parameters, outside any transaction. */
  readonly run: (statement: string) => Promise<Rows>
  readonly transaction: <A>(body: (run: Run) => Promise<A>) => Promise<A>
  /** Settles, never rejects, when the connection is lost. */
  readonly lost: Promise<void>
  readonly close: () => Promise<void>
}

/**
 * Plans by index, whatever the statistics of a growing table say: a scan of the log would be a catastrophe, not a choice. Room to sort a usual
 * list in memory.
 */
export const planner: Readonly<Record<string, string>> = {
  enable_seqscan: "off",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
  jit: "off",
  // Rows come in the order of the log only from one process.
  max_parallel_workers_per_gather: "0",
  work_mem: "32MB"
}
const connectTimeoutMs = 10_000

const setPlanner = Object.entries(planner)
  .map(([name, value]) => `set local ${name} = '${value}'`)
  .join("; ")

const tooLate = (deadlineMs: number): Error => failureOf("ETIMEDOUT", `no answer within ${deadlineMs / 1000} seconds`)

const failureOf = (code: string, message: string): Error => Object.assign(new Error(message), { code })

/** Begins to connect. */
export const openConnection = (
  address: Address,
  { pooled = false, deadlineMs, onNotify = () => {} }: ConnectionOptions = {}
): Connection => {
  let isLost = false
  let announce = (): void => {}
  const lost = new Promise<void>((resolve) => {
    announce = resolve
  })
  const waiting = new Set<(error: Error) => void>()
  const lose = (error: Error): void => {
    if (isLost) return
    isLost = true
    clearTimeout(timer)
    for (const reject of waiting) reject(error)
    waiting.clear()
    announce()
    client.end({ timeout: 0 }).catch(() => {})
  }
  const options = {
    ...address,
    max: 1,
    max_lifetime: null,
    backoff: 0,
    connect_timeout: connectTimeoutMs / 1000,
    fetch_types: false,
    // Also for the driver's own `commit`: behind a pooler a prepared name may mean something else the next time.
    prepare: !pooled,
    types: { bigint: postgres.BigInt },
    connection: { application_name: "tsukube-store", ...(pooled ? {} : planner) },
    onnotice: () => {},
    onnotify: (_channel: string, payload: string) => onNotify(payload),
    onclose: () => lose(failureOf("CONNECTION_CLOSED", "the connection was lost"))
  }
  const client = postgres(options as object as postgres.Options<never>) as postgres.Sql
  // A server that takes the connection and drops it again would make the driver try for ever.
  const timer = setTimeout(
    () => lose(failureOf("CONNECT_TIMEOUT", `no answer within ${connectTimeoutMs / 1000} seconds`)),
    connectTimeoutMs
  )

  const guard = <A>(work: () => Promise<A>): Promise<A> =>
    new Promise<A>((resolve, reject) => {
      if (isLost) return reject(failureOf("ECONNREFUSED", "the connection was lost before it was used"))
      waiting.add(reject)
      // A network that swallows packets without a word, or a server that hangs: the answer may never come.
      const deadline = deadlineMs === undefined ? undefined : setTimeout(() => lose(tooLate(deadlineMs)), deadlineMs)
      work()
        .then(resolve, reject)
        .finally(() => {
          waiting.delete(reject)
          clearTimeout(deadline)
        })
    })
  const rowsOf = (query: { readonly values: () => PromiseLike<unknown> }) => Promise.resolve(query.values() as PromiseLike<Rows>)

  const ready = guard(() => rowsOf(client.unsafe("select 1"))).then(
    () => clearTimeout(timer),
    (error) => {
      lose(error)
      throw error
    }
  )
  // Whoever asks awaits it; nobody asking must not be an unhandled rejection.
  ready.catch(() => {})

  return {
    ready,
    lost,
    isLost: () => isLost,
    waiting: () => waiting.size,
    ask: (statement, parameters) =>
      guard(() =>
        pooled
          ? (client.begin(async (transaction) => {
              await transaction.unsafe(setPlanner)
              return rowsOf(transaction.unsafe(statement, [...parameters], { prepare: false }))
            }) as Promise<Rows>)
          : rowsOf(client.unsafe(statement, [...parameters], { prepare: true }))
      ),
    run: (statement) => guard(() => rowsOf(client.unsafe(statement))),
    transaction: (body) =>
      guard(
        () => client.begin((transaction) => body((statement) => rowsOf(transaction.unsafe(statement)))) as ReturnType<typeof body>
      ),
    close: async () => {
      const ending = client.end({ timeout: 0.3 }).catch(() => {})
      await ending
      lose(failureOf("CONNECTION_ENDED", "the store is closed"))
    }
  }
}
