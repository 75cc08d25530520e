/** What the store needs of a database, so that one set of SQL serves a PostgreSQL server and PGlite alike. @module */
import type { Effect } from "effect"
import type { StoreError } from "../store.ts"

/** A column of a result: `bigint` columns arrive as bigints. */
export type Field = string | bigint | number | boolean | null

/** Rows as arrays, in the order of the select list. */
export type Rows = ReadonlyArray<ReadonlyArray<Field>>

/** A parameter; arrays and numbers travel as text and are cast in the statement. */
export type Parameter = string | null

/** A statement with its parameters. */
export interface Question {
  readonly statement: string
  readonly parameters: ReadonlyArray<Parameter>
}

/** A statement whose parameters may be lists of texts. */
export interface ListQuestion {
  readonly statement: string
  readonly parameters: ReadonlyArray<Parameter | ReadonlyArray<string>>
}

/** Runs one statement inside a transaction. */
export type Run = (statement: string) => Promise<Rows>

/** A PostgreSQL, seen through four doors. */
export interface Database {
  /** Where it is, for messages: host and port, a socket or a folder; never a password. */
  readonly place: string
  /** A statement that changes nothing; a lost connection is `Unavailable`. */
  readonly read: (statement: string, parameters: ReadonlyArray<Parameter>) => Effect.Effect<Rows, StoreError>
  /**
   * A statement that changes something, one at a time; a connection lost under it is `Unknown`. `withLists` words it for a connection that carries
   * lists of texts.
   */
  readonly write: (question: () => Question, withLists?: () => ListQuestion) => Effect.Effect<Rows, StoreError>
  /** A statement that takes long and may not run in a transaction, such as VACUUM: on a connection of its own, without a deadline. */
  readonly maintain: (statement: string) => Effect.Effect<void, StoreError>
  /** Statements as one transaction. */
  readonly transaction: <A>(body: (run: Run) => Promise<A>) => Effect.Effect<A, StoreError>
  /** Listens on a channel until the connection is lost, which is its failure. `onListening` comes first, `onNotify` with each notification. */
  readonly listen: (
    channel: string,
    onListening: () => void,
    onNotify: (payload: string) => void
  ) => Effect.Effect<never, StoreError>
}
