/** The columns of an answer and their fields, in the database's own bytes: those need neither be written as text nor be read from it. @module */
import type { Field } from "./database.ts"

/** Reads one field that lies between two places of a message. */
export type ReadField = (bytes: Buffer, from: number, to: number) => Field

/** How the fields of each column are read. */
export type Columns = ReadonlyArray<ReadField>

const asText: ReadField = (bytes, from, to) => bytes.toString("utf8", from, to)

/** The types that statements of ours answer with, by the number the database gives them. */
const readers: ReadonlyMap<number, ReadField> = new Map<number, ReadField>([
  [16, (bytes, from) => bytes[from] === 1],
  [20, (bytes, from) => bytes.readBigInt64BE(from)],
  [21, (bytes, from) => bytes.readInt16BE(from)],
  [23, (bytes, from) => bytes.readInt32BE(from)],
  [25, asText],
  [1043, asText],
  // Of a function that answers nothing.
  [2278, () => null]
])

/** The columns in the body of a row description. */
export const columnsOf = (body: Buffer): Columns => {
  const columns: Array<ReadField> = []
  let at = 2
  for (let left = body.readInt16BE(0); left > 0; left--) {
    at = body.indexOf(0, at) + 1
    // Behind the name: table and column, then the type, its size and modifier, and the format.
    const type = body.readInt32BE(at + 6)
    at += 18
    const reader = readers.get(type)
    if (reader === undefined) throw new Error(`a column of type ${type} is in the answer, which nobody here can read`)
    columns.push(reader)
  }
  return columns
}

/** The fields in the body of a row. */
export const fieldsOf = (body: Buffer, columns: Columns): ReadonlyArray<Field> => {
  const fields: Array<Field> = []
  let at = 2
  for (const read of columns) {
    const length = body.readInt32BE(at)
    at += 4
    if (length < 0) fields.push(null)
    else {
      fields.push(read(body, at, at + length))
      at += length
    }
  }
  return fields
}
