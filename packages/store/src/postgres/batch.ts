/** Batches of commits: which commits travel together, how they are told to the database, and what it answers. @module */
import { leaseEnded } from "../key.ts"
import { Conflict, type Write } from "../store.ts"
import type { ListQuestion, Parameter, Question } from "./database.ts"
import type { Decision, Outcome, Proposal } from "./ledger.ts"

/** Bounds of a batch. */
export interface BatchLimits {
  /** Writes of one batch, at most. */
  readonly batchWrites: number
  /** UTF-16 units of the values of one batch; a single larger commit travels alone. */
  readonly batchUnits: number
}

/** How far past a commit that has to wait (its key is in the batch already) others are looked for. */
const lookAhead = 2048

/** From the front of the queue: whole commits, each key once, within the limits, and never past an earlier commit of the same key. */
export const chooseBatch = <A extends Proposal & { readonly units: number }>(
  queue: ReadonlyArray<A>,
  limits: BatchLimits
): { readonly batch: Array<A>; readonly rest: Array<A> } => {
  const batch: Array<A> = []
  const rest: Array<A> = []
  const keys = new Set<string>()
  let writes = 0
  let units = 0
  let index = 0
  for (; index < queue.length && index < lookAhead; index++) {
    const one = queue[index]
    if (one === undefined) break
    if (batch.length > 0 && (writes + one.writes.length > limits.batchWrites || units + one.units > limits.batchUnits)) break
    if (one.writes.some((write) => keys.has(write.key))) rest.push(one)
    else {
      batch.push(one)
      writes += one.writes.length
      units += one.units
    }
    for (const write of one.writes) keys.add(write.key)
  }
  for (; index < queue.length; index++) rest.push(queue[index] as A)
  return { batch, rest }
}

/** Who sends a batch, and under which number. */
export interface Sender {
  readonly schema: string
  readonly writer: bigint
  readonly number: bigint
}

const hasDeadline = (write: Write): boolean => write.ttlMs !== undefined || write.lease !== undefined

/** Deadlines are granted by the database. */
export const needsDatabase = (batch: ReadonlyArray<Proposal>): boolean => batch.some(({ writes }) => writes.some(hasDeadline))

/** A batch which the database decides; it answers with a word for each write: see `applyFunction`. */
export const applyQuestion = ({ schema, writer, number }: Sender, batch: ReadonlyArray<Proposal>): Question => {
  const together = batch.some((one) => one.writes.length > 1) || needsDatabase(batch)
  const writes = batch.flatMap((one) => one.writes)
  const parameters: Array<Parameter> = [
    String(writer),
    String(number),
    arrayOf(writes, (write) => (write.value === undefined ? 1 : 0)),
    arrayOf(writes, (write) => write.expected ?? -1n),
    ...(together
      ? [
          `{${batch.flatMap((one, index) => one.writes.map(() => index)).join(",")}}`,
          arrayOf(writes, (write) => write.ttlMs ?? -(write.lease ?? 0n))
        ]
      : []),
    ...joined(writes)
  ]
  return {
    statement: together
      ? `select ${schema}.apply_together($1::text::bigint, $2::text::bigint, $3::text::smallint[], $4::text::bigint[], $5::text::integer[], $6::text::bigint[], $7::text, $8::text, $9::text)`
      : `select ${schema}.apply($1::text::bigint, $2::text::bigint, $3::text::smallint[], $4::text::bigint[], $5::text, $6::text, $7::text)`,
    parameters
  }
}

const decided = ({ writer, number }: Sender, server: string, { base, rows }: Decision): ReadonlyArray<string> => [
  String(writer),
  String(number),
  server,
  String(base),
  arrayOf(rows, (row) => row.revision - base),
  arrayOf(rows, (row) => row.part),
  arrayOf(rows, ({ revision, createRevision, value }) =>
    createRevision === revision ? 0 : value === undefined ? -createRevision : createRevision
  ),
  arrayOf(rows, (row) => row.previousRevision)
]
const decidedTypes =
  "$1::text::bigint, $2::text::bigint, $3::text, $4::text::bigint, $5::text::integer[], $6::text::smallint[], $7::text::bigint[], $8::text::bigint[]"

/** A batch which its writer has decided; the database answers with a word when it was written: see `appendFunction`. */
export const appendQuestion = (sender: Sender, server: string, decision: Decision): Question => ({
  statement: `select ${sender.schema}.append(${decidedTypes}, $9::text, $10::text, $11::text)`,
  parameters: [...decided(sender, server, decision), ...joined(decision.rows)]
})

/** The same for a connection that carries lists. */
export const appendListsQuestion = (sender: Sender, server: string, decision: Decision): ListQuestion => ({
  statement: `select ${sender.schema}.append_lists(${decidedTypes}, $9::text[], $10::text[])`,
  parameters: [
    ...decided(sender, server, decision),
    decision.rows.map((row) => row.key),
    decision.rows.map((row) => row.value ?? "")
  ]
})

const arrayOf = <A>(items: ReadonlyArray<A>, numberOf: (item: A) => number | bigint): string =>
  `{${items.map(numberOf).join(",")}}`

/** All keys, all values, and what parts them. An array in the database's own notation would have to be escaped. */
const joined = (writes: ReadonlyArray<{ readonly key: string; readonly value: string | undefined }>): ReadonlyArray<string> => {
  const keys = writes.map((write) => write.key)
  const values = writes.map((write) => write.value ?? "")
  const delimiter = delimiterFor([...keys, ...values])
  return [keys.join(delimiter), values.join(delimiter), delimiter]
}

/** A text that occurs in none of the others: one rare character, or a longer and longer run of it where it is not rare. */
export const delimiterFor = (texts: ReadonlyArray<string>): string => {
  let delimiter = "\u001e"
  // Framed by another character, so that a text which begins or ends with the rare one cannot shift the cut.
  for (let run = 2; texts.some((text) => text.includes(delimiter)); run *= 2) delimiter = `\u001d${"\u001e".repeat(run)}\u001d`
  return delimiter
}

/** The lease of a write has ended. */
const endedWord = "L"

const isRefusal = (word: string | undefined): boolean =>
  word === undefined || word === "0" || word === endedWord || (word.startsWith("-") && word !== "-")

/** How each commit ended, from the words that answer `applyQuestion`. */
export const outcomesOf = (batch: ReadonlyArray<Proposal>, words: ReadonlyArray<string>): ReadonlyArray<Outcome> => {
  let next = 0
  return batch.map(({ writes }) => {
    const first = next
    next += writes.length
    const refused = writes.findIndex((_, index) => isRefusal(words[first + index]))
    if (refused < 0) return BigInt(words[first] ?? "")
    const word = words[first + refused] ?? "0"
    const { key = "", lease = 0n } = writes[refused] ?? {}
    return word === endedWord ? leaseEnded(lease) : new Conflict({ key, current: -BigInt(word) })
  })
}

/** Whether two say the same of every commit. */
export const sameOutcomes = (some: ReadonlyArray<Outcome>, others: ReadonlyArray<Outcome>): boolean =>
  some.every((one, index) => {
    const other = others[index]
    if (typeof one === "bigint" || typeof other === "bigint") return one === other
    return one._tag === "Conflict" && other?._tag === "Conflict" && one.key === other.key && one.current === other.current
  })
