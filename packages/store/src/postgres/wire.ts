/**
 * A connection that speaks PostgreSQL's protocol itself. The driver sends and gets every field as text; the database's own bytes spare both
 * sides the search for where one ends. It knows no passwords and no TLS: where the server asks for them, the driver has to do.
 * @module
 */
import { createConnection } from "node:net"
import { type Address, type Connection, planner } from "./connection.ts"
import type { Field } from "./database.ts"
import type { Columns } from "./wire-fields.ts"
import { type Answer, executeMessage, makeReader, parseMessages, startMessage, type WireParameter } from "./wire-messages.ts"

/** The server wants to know more of us than we can say here. */
export const unspoken = "TSUKUBE_UNSPOKEN"

/** A statement as the server knows it. */
interface Prepared {
  readonly name: string
  columns: Columns
}

interface Waiting {
  readonly statement: string
  readonly prepared: Prepared
  readonly resolve: (rows: ReadonlyArray<ReadonlyArray<Field>>) => void
  readonly reject: (error: Error) => void
}

/** What the statements of a store need of a connection. */
export interface Wire extends Pick<Connection, "ready" | "lost" | "isLost" | "waiting" | "close"> {
  readonly ask: (statement: string, parameters: ReadonlyArray<WireParameter>) => Promise<ReadonlyArray<ReadonlyArray<Field>>>
}

/** Whoever says a few statements over and over wants each planned once. */
const planOnce = { plan_cache_mode: "force_generic_plan" }
const connectTimeoutMs = 10_000

const failureOf = (code: string, message: string): Error => Object.assign(new Error(message), { code })

/** Begins to connect. A statement without an answer for `deadlineMs` ends the connection, and that ends every statement on it. */
export const openWire = (address: Address, deadlineMs: number): Wire => {
  const { host, port, user, database } = address
  const socket = createConnection(host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port, noDelay: true })
  const waiting: Array<Waiting> = []
  const known = new Map<string, Prepared>()
  let isLost = false
  let announce = (): void => {}
  const lost = new Promise<void>((resolve) => {
    announce = resolve
  })
  let settleReady: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined
  const ready = new Promise<void>((resolve, reject) => {
    settleReady = { resolve, reject }
  })
  // Whoever asks awaits it; nobody asking must not be an unhandled rejection.
  ready.catch(() => {})
  /** One timer for all: it is set when the first of those that wait was asked, or the one before was answered. */
  let timer = setTimeout(
    () => lose(failureOf("CONNECT_TIMEOUT", `no answer within ${connectTimeoutMs / 1000} seconds`)),
    connectTimeoutMs
  )
  const watchTime = (): void => {
    clearTimeout(timer)
    if (waiting.length === 0) return
    timer = setTimeout(() => lose(failureOf("ETIMEDOUT", `no answer within ${deadlineMs / 1000} seconds`)), deadlineMs)
  }

  const lose = (error: Error): void => {
    if (isLost) return
    isLost = true
    clearTimeout(timer)
    socket.destroy()
    settleReady?.reject(error)
    for (const one of waiting.splice(0)) one.reject(error)
    announce()
  }

  const hear = ({ rows, error }: Answer): void => {
    if (settleReady !== undefined) {
      if (error === undefined) settleReady.resolve()
      else lose(error)
      settleReady = undefined
      watchTime()
      return
    }
    const one = waiting.shift()
    watchTime()
    if (error === undefined) one?.resolve(rows)
    else {
      // Whether it was prepared is not certain now.
      if (one !== undefined) known.delete(one.statement)
      one?.reject(error)
    }
  }

  const read = makeReader({
    onAnswer: hear,
    onFatal: lose,
    onQuestion: () => lose(failureOf(unspoken, "the server asks for a password")),
    onColumns: (columns) => {
      if (waiting[0] !== undefined) waiting[0].prepared.columns = columns
    },
    columns: () => waiting[0]?.prepared.columns ?? []
  })
  socket.on("connect", () =>
    socket.write(startMessage({ user, database, application_name: "tsukube-store", ...planner, ...planOnce }))
  )
  socket.on("data", (piece: Buffer) => {
    try {
      read(piece)
    } catch (error) {
      lose(error instanceof Error ? error : new Error(String(error)))
    }
  })
  socket.on("error", (error: Error) => lose(error))
  socket.on("close", () => lose(failureOf("CONNECTION_CLOSED", "the connection was lost")))

  return {
    ready,
    lost,
    isLost: () => isLost,
    waiting: () => waiting.length,
    ask: (statement, parameters) =>
      new Promise((resolve, reject) => {
        if (isLost) {
          reject(failureOf("ECONNREFUSED", "the connection was lost before it was used"))
          return
        }
        const before = known.get(statement)
        const prepared = before ?? { name: `s${known.size}_${Math.random().toString(36).slice(2)}`, columns: [] }
        known.set(statement, prepared)
        waiting.push({ statement, prepared, resolve, reject })
        if (waiting.length === 1) watchTime()
        if (before === undefined) socket.write(parseMessages(prepared.name, statement))
        socket.write(executeMessage(prepared.name, parameters))
      }),
    close: async () => {
      lose(failureOf("CONNECTION_ENDED", "the store is closed"))
      await lost
    }
  }
}
