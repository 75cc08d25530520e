/** Keys: their order, the end of a prefix, and which keys and values a store takes. @module */
import { type ListOptions, type Range, StoreError, type Write } from "./store.ts"

/** Keys are at most this long in UTF-8, so that every database can index them. */
export const keyLimitBytes = 2048
/** Values are at most this long, in UTF-16 units. */
export const valueLimit: number = 16 * 1024 * 1024
/** A commit has at most this many writes. */
export const commitLimit = 512
/** The values of a commit are at most this long together, in UTF-16 units. */
export const commitUnitsLimit: number = 32 * 1024 * 1024

/** Moves surrogates above the rest of the plane, which turns the order of UTF-16 units into that of code points. */
const weight = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800)

/** The byte order of UTF-8, which differs from JavaScript's own order above U+D7FF. */
export const compareKeys = (left: string, right: string): number => {
  const length = Math.min(left.length, right.length)
  for (let i = 0; i < length; i++) {
    const a = left.charCodeAt(i)
    const b = right.charCodeAt(i)
    if (a !== b) return weight(a) - weight(b)
  }
  return left.length - right.length
}

/** The first key above every key that starts with `prefix`; `undefined` when there is none. */
export const prefixEnd = (prefix: string): string | undefined => {
  const points = Array.from(prefix)
  for (;;) {
    const last = points.pop()
    if (last === undefined) return undefined
    const point = last.codePointAt(0) ?? 0
    if (point < 0x10ffff) return points.join("") + String.fromCodePoint(point === 0xd7ff ? 0xe000 : point + 1)
  }
}

/** A `StoreError` that says the request itself is wrong. */
export const rejected = (message: string): StoreError => new StoreError({ reason: "Rejected", retryable: false, message })

const keyProblem = (key: string): string | undefined => {
  if (key === "") return "a key must not be empty"
  if (key.includes("\0")) return `the key ${JSON.stringify(key)} holds a NUL character`
  if (!key.isWellFormed()) return `the key ${JSON.stringify(key)} is not well-formed Unicode`
  if (key.length * 3 > keyLimitBytes && new TextEncoder().encode(key).length > keyLimitBytes)
    return `the key ${JSON.stringify(key.slice(0, 60))}… is longer than ${keyLimitBytes} bytes`
  return undefined
}

const valueProblem = ({ key, value }: Write): string | undefined => {
  if (value === undefined) return undefined
  if (value.length > valueLimit) return `the value of ${key} is longer than ${valueLimit} characters`
  if (value.includes("\0")) return `the value of ${key} holds a NUL character`
  return value.isWellFormed() ? undefined : `the value of ${key} is not well-formed Unicode`
}

/** What is wrong with a commit before anybody looks at the data; every store refuses the same. */
export const checkWrites = (writes: ReadonlyArray<Write>): StoreError | undefined => {
  if (writes.length === 0) return rejected("a commit needs at least one write")
  if (writes.length > commitLimit) return rejected(`a commit takes at most ${commitLimit} writes, not ${writes.length}`)
  const seen = new Set<string>()
  let units = 0
  for (const write of writes) {
    const problem = keyProblem(write.key) ?? valueProblem(write)
    if (problem !== undefined) return rejected(problem)
    if (write.expected !== undefined && write.expected < 0n) return rejected(`${write.key}: an expected revision is not negative`)
    const ttlProblem = write.ttlMs === undefined ? undefined : checkTtl(write.key, write.ttlMs)
    if (ttlProblem !== undefined) return ttlProblem
    if ((write.ttlMs ?? write.lease) !== undefined && write.value === undefined)
      return rejected(`${write.key}: a deletion has no time to live`)
    if (write.ttlMs !== undefined && write.lease !== undefined)
      return rejected(`${write.key}: a time to live or a lease, not both`)
    const leaseProblem = write.lease === undefined ? undefined : checkLease(write.lease)
    if (leaseProblem !== undefined) return leaseProblem
    if (seen.has(write.key)) return rejected(`the key ${write.key} occurs twice in one commit`)
    seen.add(write.key)
    units += write.value?.length ?? 0
  }
  return units > commitUnitsLimit ? rejected(`the values of a commit are longer than ${commitUnitsLimit} characters`) : undefined
}

/** What is wrong with a time to live: it is a number of milliseconds, up to a hundred years. */
export const checkTtl = (owner: string, ttlMs: number): StoreError | undefined =>
  Number.isSafeInteger(ttlMs) && ttlMs > 0 && ttlMs <= 100 * 365 * 86_400_000
    ? undefined
    : rejected(`${owner}: a time to live is a positive whole number of milliseconds, not ${ttlMs}`)

/** What is wrong with the name of a lease. */
export const checkLease = (id: bigint): StoreError | undefined =>
  id > 0n && id < 2n ** 63n ? undefined : rejected(`no lease can have the number ${id}`)

/** A lease that is none any more, or never was. */
export const leaseEnded = (id: bigint): StoreError =>
  new StoreError({ reason: "LeaseEnded", retryable: false, message: `lease ${id} has ended, or never was` })

/** A key that lives by a lease has no time of its own. */
export const underLease = (key: string, id: bigint): StoreError => rejected(`${key} lives by lease ${id}: keep that alive`)

/** What is wrong with a key or prefix that is asked for. */
export const checkQuestion = (text: string): StoreError | undefined =>
  text.includes("\0") || !text.isWellFormed() ? rejected(`${JSON.stringify(text)} cannot be part of a key`) : undefined

/** What is wrong with a list before anybody looks at the data. */
export const checkList = (range: Range, { limit, after = "" }: ListOptions): StoreError | undefined =>
  limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)
    ? rejected(`a limit is a positive integer, not ${limit}`)
    : (checkQuestion(range.prefix) ?? checkQuestion(after))

/** A list may not look into the future. */
export const futureRevision = (at: bigint, revision: bigint): StoreError =>
  rejected(`revision ${at} is not reached yet, the newest is ${revision}`)
