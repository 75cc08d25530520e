/** What the processes of a torture test say of their doings, a line of JSON each, and what it amounts to for each key. @module */
import type { Change, Write } from "../store.ts"
import type { Operation } from "./linear.ts"

/** A line. Revisions are numbers, times milliseconds of the machine's clock, absent values null. */
export type Said =
  | ["call", id: string, atMs: number, writes: ReadonlyArray<readonly [key: string, value: string | null, expected: number]>]
  | ["done", id: string, atMs: number, revision: number]
  | ["conflict", id: string, atMs: number, key: string, current: number]
  | ["failed", id: string, atMs: number, reason: string]
  | ["read", key: string, beginMs: number, endMs: number, revision: number, value: string | null]
  | ["saw", revision: number, changes: ReadonlyArray<readonly [key: string, value: string | null, previous: number]>]
  | ["up"]

/** A write without a condition. */
const unconditional = -1

/** The line of a call. */
export const callOf = (id: string, atMs: number, writes: ReadonlyArray<Write>): Said => [
  "call",
  id,
  atMs,
  writes.map(({ key, value, expected }) => [key, value ?? null, Number(expected ?? unconditional)])
]

/** The line of a commit that a watcher saw. */
export const sawOf = (commit: ReadonlyArray<Change>): Said => [
  "saw",
  Number(commit[0]?.revision ?? 0n),
  commit.map(({ key, value, previousRevision }) => [key, value ?? null, Number(previousRevision)])
]

/** A commit, from its call on. */
export interface Call {
  readonly id: string
  readonly begin: number
  readonly end: number
  readonly writes: ReadonlyArray<Write>
  /** `killed`: nothing was heard of it. */
  readonly answer:
    | { readonly written: bigint }
    | { readonly conflict: bigint; readonly key: string }
    | { readonly failed: string }
    | "killed"
}

/** An answered read. */
export interface Read {
  readonly key: string
  readonly begin: number
  readonly end: number
  readonly revision: bigint
  readonly value: string | undefined
}

/** Everything that was said by those who write and read. */
export interface History {
  readonly calls: ReadonlyArray<Call>
  readonly reads: ReadonlyArray<Read>
}

const answerOf = (said: Said | undefined): Call["answer"] => {
  if (said?.[0] === "done") return { written: BigInt(said[3]) }
  if (said?.[0] === "conflict") return { key: said[3], conflict: BigInt(said[4]) }
  return said?.[0] === "failed" ? { failed: said[3] } : "killed"
}

/** Puts calls and answers together. */
export const historyOf = (lines: ReadonlyArray<Said>): History => {
  const answers = new Map<string, Said>()
  for (const said of lines) if (said[0] === "done" || said[0] === "conflict" || said[0] === "failed") answers.set(said[1], said)
  const calls: Array<Call> = []
  const reads: Array<Read> = []
  for (const said of lines) {
    if (said[0] === "read") {
      const [, key, begin, end, revision, value] = said
      reads.push({ key, begin, end, revision: BigInt(revision), value: value ?? undefined })
    } else if (said[0] === "call") {
      const [, id, begin, writes] = said
      const answer = answers.get(id)
      calls.push({
        id,
        begin,
        end: typeof answer?.[2] === "number" ? answer[2] : Number.POSITIVE_INFINITY,
        writes: writes.map(([key, value, expected]) => ({
          key,
          value: value ?? undefined,
          ...(expected === unconditional ? {} : { expected: BigInt(expected) })
        })),
        answer: answerOf(answer)
      })
    }
  }
  return { calls, reads }
}

/** Whether nobody knows what became of a call: no answer came, or that the outcome is unknown. */
export const isOpen = ({ answer }: Call): boolean => answer === "killed" || ("failed" in answer && answer.failed === "Unknown")

/**
 * The operations on each key. The log tells of some calls without an answer that they happened, by the values they left, and of others that they
 * did not: `revisionOf` gives the revision at which a value stands in it.
 */
export const operationsOf = (
  { calls, reads }: History,
  revisionOf: (value: string) => bigint | undefined
): ReadonlyMap<string, ReadonlyArray<Operation>> => {
  const found = new Map<string, Array<Operation>>()
  const add = (key: string, operation: Operation): void => {
    const known = found.get(key)
    if (known === undefined) found.set(key, [operation])
    else known.push(operation)
  }
  for (const [index, { key, ...read }] of reads.entries()) add(key, { kind: "read", name: `read ${index}`, ...read })
  for (const call of calls) {
    const { id, begin, answer, writes } = call
    const open = isOpen(call)
    const end = open ? Number.POSITIVE_INFINITY : call.end
    const marked = writes.find(({ value }) => value !== undefined)?.value
    const written = marked === undefined ? undefined : revisionOf(marked)
    if (answer !== "killed" && "failed" in answer && !open) continue
    if (open && marked !== undefined && written === undefined) continue
    for (const write of writes) {
      // A refusal names one key; of the others it tells nothing.
      if (answer !== "killed" && "conflict" in answer && write.key !== answer.key) continue
      const outcome =
        written !== undefined && open ? { written } : answer === "killed" || "failed" in answer ? ("unknown" as const) : answer
      const expected = write.expected === undefined ? {} : { expected: write.expected }
      add(write.key, { kind: "write", name: id, begin, end, value: write.value, ...expected, outcome })
    }
  }
  return found
}
