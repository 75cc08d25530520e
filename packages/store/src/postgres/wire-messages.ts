/** The messages of PostgreSQL's protocol, version 3, that a store says and hears. @module */
import type { Field } from "./database.ts"
import { type Columns, columnsOf, fieldsOf } from "./wire-fields.ts"

/** A parameter as text, or a list of texts, which travels as bytes. */
export type WireParameter = string | null | ReadonlyArray<string>

/** How a statement ended. */
export interface Answer {
  readonly rows: ReadonlyArray<ReadonlyArray<Field>>
  readonly error: Error | undefined
}

/** Kind and length of a message. */
const headLength = 5
const textType = 25
const textFormat = 0
const binaryFormat = 1

const withHead = (kind: string, length: number, room = 0): Buffer => {
  const message = Buffer.allocUnsafe(length + headLength + room)
  message[0] = kind.charCodeAt(0)
  message.writeInt32BE(length + 4, 1)
  return message
}

/** The first message: who we are, and settings for the whole session. */
export const startMessage = (settings: Readonly<Record<string, string>>): Buffer => {
  const words = Object.entries({ ...settings, client_encoding: "UTF8" }).flat()
  const body = Buffer.from(`${words.map((word) => `${word}\0`).join("")}\0`)
  const head = Buffer.alloc(8)
  head.writeInt32BE(body.length + 8, 0)
  head.writeInt32BE(3 << 16, 4)
  return Buffer.concat([head, body])
}

const messageOf = (kind: string, body: Buffer): Buffer => {
  const message = withHead(kind, body.length)
  body.copy(message, headLength)
  return message
}

/** Prepares a statement under a name, and asks what columns it answers with; the server finds out the types of its parameters. */
export const parseMessages = (name: string, statement: string): Buffer =>
  Buffer.concat([messageOf("P", Buffer.from(`${name}\0${statement}\0\0\0`)), messageOf("D", Buffer.from(`S${name}\0`))])

const lengthOf = (parameter: WireParameter): number =>
  parameter === null
    ? 0
    : typeof parameter === "string"
      ? Buffer.byteLength(parameter)
      : parameter.reduce((sum, text) => sum + 4 + Buffer.byteLength(text), 20)

/** Execute all of it, then Sync. */
const executeMessages: Buffer = Buffer.concat([Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0]), Buffer.from([0x53, 0, 0, 0, 4])])

/** Binds a prepared statement to its parameters and executes it, in one piece; the answer comes in the database's own bytes. */
export const executeMessage = (name: string, parameters: ReadonlyArray<WireParameter>): Buffer => {
  const lengths = parameters.map(lengthOf)
  const length = lengths.reduce((sum, one) => sum + one + 6, 0) + Buffer.byteLength(name) + 10
  const message = withHead("B", length, executeMessages.length)
  let at = headLength
  const int16 = (value: number): void => {
    at = message.writeInt16BE(value, at)
  }
  const int32 = (value: number): void => {
    at = message.writeInt32BE(value, at)
  }
  const text = (value: string): void => {
    at += message.write(value, at)
  }
  text(`\0${name}\0`)
  int16(parameters.length)
  for (const parameter of parameters) int16(Array.isArray(parameter) ? binaryFormat : textFormat)
  int16(parameters.length)
  for (const [index, parameter] of parameters.entries()) {
    if (parameter === null) {
      int32(-1)
      continue
    }
    int32(lengths[index] ?? 0)
    if (typeof parameter === "string") text(parameter)
    else {
      // One dimension, no nulls, of texts, so many, counted from 1.
      for (const number of [1, 0, textType, parameter.length, 1]) int32(number)
      for (const one of parameter) {
        const before = at
        at += 4
        text(one)
        message.writeInt32BE(at - before - 4, before)
      }
    }
  }
  // One format for all columns.
  int16(1)
  int16(binaryFormat)
  executeMessages.copy(message, at)
  return message
}

const authenticated = 0

/** Who hears what the server says. */
export interface Hearer {
  /** A statement has ended, or the start. */
  readonly onAnswer: (answer: Answer) => void
  /** The server says that it ends the connection, and why; at the start it does so instead of an answer. */
  readonly onFatal: (error: Error) => void
  /** It wants to see a password, or the like. */
  readonly onQuestion: () => void
  /** The statement that is being answered was prepared just now; these are its columns. */
  readonly onColumns: (columns: Columns) => void
  /** The columns of the statement that is being answered. */
  readonly columns: () => Columns
}

/** Reads what the server says, in whatever pieces. It throws at what nobody here can read. */
export const makeReader = ({ onAnswer, onFatal, onQuestion, onColumns, columns }: Hearer): ((piece: Buffer) => void) => {
  /** The beginning of a message whose end has not come. */
  let pieces: Array<Buffer> = []
  let length = 0
  let wanted = headLength
  let rows: Array<ReadonlyArray<Field>> = []
  let error: Error | undefined
  const hear = (kind: string, body: Buffer): void => {
    if (kind === "D") rows.push(fieldsOf(body, columns()))
    else if (kind === "T") onColumns(columnsOf(body))
    else if (kind === "E") {
      const { failure, severity } = errorOf(body)
      if (severity === "ERROR") error ??= failure
      else onFatal(failure)
    } else if (kind === "R" && body.readInt32BE(0) !== authenticated) onQuestion()
    else if (kind === "Z") {
      const answer = { rows, error }
      rows = []
      error = undefined
      onAnswer(answer)
    }
  }
  return (piece) => {
    pieces.push(piece)
    length += piece.length
    // A long message is put together once, not anew with each piece of it.
    if (length < wanted) return
    const all = pieces.length === 1 ? piece : Buffer.concat(pieces)
    let at = 0
    wanted = headLength
    while (all.length - at >= headLength) {
      const end = at + 1 + all.readInt32BE(at + 1)
      if (all.length < end) {
        wanted = end - at
        break
      }
      hear(String.fromCharCode(all[at] ?? 0), all.subarray(at + headLength, end))
      at = end
    }
    const rest = all.subarray(at)
    pieces = rest.length === 0 ? [] : [rest]
    length = rest.length
  }
}

/** The fields of an error: each a letter and a text. */
const errorOf = (body: Buffer): { readonly failure: Error; readonly severity: string } => {
  const fields = new Map(
    body
      .toString("utf8")
      .split("\0")
      .filter((field) => field !== "")
      .map((field) => [field.slice(0, 1), field.slice(1)])
  )
  const failure = Object.assign(new Error(fields.get("M") ?? "an error without a message"), { code: fields.get("C") ?? "" })
  return { failure, severity: fields.get("V") ?? "ERROR" }
}
