/**
 * Whether what several clients heard of one key can be explained by a single register: the search of Wing and Gong, with the memory of Lowe. An
 * operation takes effect at one moment between its begin and its end; one whose end nobody heard may do so at any time later, or never.
 * @module
 */

interface Span {
  /** When it was asked, in any unit that grows; the same clock for all clients. */
  readonly begin: number
  /** When its answer was there; `Infinity` when there was none. */
  readonly end: number
  /** For messages. */
  readonly name: string
}

/** A read and its answer; revision `0n`: the key does not exist. */
export interface ReadOperation extends Span {
  readonly kind: "read"
  readonly revision: bigint
  readonly value: string | undefined
}

/** A write, a deletion when it has no value, and what became of it. */
export interface WriteOperation extends Span {
  readonly kind: "write"
  readonly value: string | undefined
  /** The revision that the key had to have; absent: any. */
  readonly expected?: bigint
  /** It was written at a revision, or refused because the key had another one, or nobody knows. */
  readonly outcome: { readonly written: bigint } | { readonly conflict: bigint } | "unknown"
}

/** What a client did with a key. */
export type Operation = ReadOperation | WriteOperation

interface Register {
  /** `0n` when the key does not exist; undefined when it was written at a revision that nobody has told yet. */
  readonly revision: bigint | undefined
  readonly value: string | undefined
  /** No change so far has a higher revision than this, as far as revisions were told. */
  readonly last: bigint
}

const empty: Register = { revision: 0n, value: undefined, last: 0n }

/** The register, provided that it is at this revision. */
const at = (register: Register, revision: bigint): Register | undefined => {
  if (register.revision !== undefined) return register.revision === revision ? register : undefined
  return revision > register.last ? { ...register, revision, last: revision } : undefined
}

/** The register after an operation; undefined when it cannot have been answered so now. */
const after = (register: Register, operation: Operation): Register | undefined => {
  if (operation.kind === "read") {
    const found = at(register, operation.revision)
    return found?.value === operation.value ? found : undefined
  }
  const { value, expected, outcome } = operation
  if (outcome !== "unknown" && "conflict" in outcome)
    return expected === undefined || outcome.conflict === expected ? undefined : at(register, outcome.conflict)
  const before = expected === undefined ? register : at(register, expected)
  if (before === undefined) return undefined
  const changes = value !== undefined || before.value !== undefined
  if (outcome === "unknown")
    return changes ? { revision: value === undefined ? 0n : undefined, value, last: before.last } : before
  if (!changes) return outcome.written >= before.last ? before : undefined
  return outcome.written > before.last
    ? { revision: value === undefined ? 0n : outcome.written, value, last: outcome.written }
    : undefined
}

const isOptional = (operation: Operation): boolean => operation.kind === "write" && operation.outcome === "unknown"

/** Whether it only tells how the register is. */
const isQuestion = (operation: Operation | undefined): boolean =>
  operation?.kind === "read" || (operation !== undefined && operation.outcome !== "unknown" && "conflict" in operation.outcome)

/** What was heard of writes whose own answer was not. */
interface Traces {
  readonly values: ReadonlySet<string | undefined>
  /** Somebody was told a revision of which neither a write nor a read says what it holds. */
  readonly nameless: boolean
}

const tracesOf = (operations: ReadonlyArray<Operation>): Traces => {
  const values = new Set<string | undefined>()
  const explained = new Set<bigint>([0n])
  const told: Array<bigint> = []
  for (const operation of operations) {
    if (operation.kind === "read") {
      values.add(operation.value)
      explained.add(operation.revision)
      continue
    }
    if (operation.expected !== undefined) told.push(operation.expected)
    if (operation.outcome === "unknown") continue
    if ("written" in operation.outcome) explained.add(operation.outcome.written)
    else told.push(operation.outcome.conflict)
  }
  return { values, nameless: told.some((revision) => !explained.has(revision)) }
}

/** A put that left no trace explains nothing, and need not be tried; a deletion may have. */
const mayExplain = ({ value }: Operation, { values, nameless }: Traces): boolean =>
  value === undefined || nameless || values.has(value)

interface Step {
  readonly register: Register
  readonly candidates: ReadonlyArray<number>
  next: number
  taken: number
}

/** Undefined when the operations on a key, which does not exist at first, have an order that explains all answers; else where every order ends. */
export const checkLinear = (operations: ReadonlyArray<Operation>): string | undefined => {
  const sorted = operations.toSorted((a, b) => a.begin - b.begin)
  const traces = tracesOf(sorted)
  const must = sorted.filter((operation) => !isOptional(operation))
  const may = sorted.filter((operation) => isOptional(operation) && mayExplain(operation, traces))
  const all = [...must, ...may]
  const done = new Uint8Array(all.length)
  /** The first operation of `must` that has not taken effect. */
  let first = 0
  let count = 0
  const seen = new Set<string>()
  let deepest: { readonly count: number; readonly register: Register; readonly candidates: ReadonlyArray<number> } | undefined

  const take = (index: number): void => {
    done[index] = 1
    if (index < must.length) count++
    while (first < must.length && done[first] === 1) first++
  }
  const giveBack = (index: number): void => {
    done[index] = 0
    if (index >= must.length) return
    count--
    if (index < first) first = index
  }
  /** Those that nothing unfinished ended before; what may never have happened comes last, since it explains anything. */
  const candidatesNow = (): Array<number> => {
    const found: Array<number> = []
    let bound = Number.POSITIVE_INFINITY
    for (let i = first; i < must.length; i++) {
      const operation = must[i] as Operation
      if (operation.begin > bound) break
      if (done[i] === 1) continue
      found.push(i)
      bound = Math.min(bound, operation.end)
    }
    for (let i = 0; i < may.length && (may[i] as Operation).begin <= bound; i++)
      if (done[must.length + i] === 0) found.push(must.length + i)
    return found
  }
  /** What was done and what came of it: two ways to the same place need only one try. */
  const placeOf = (register: Register): string => {
    const ahead: Array<number> = []
    for (let i = first, left = count - first; left > 0; i++) {
      if (done[i] === 0) continue
      ahead.push(i)
      left--
    }
    for (let i = must.length; i < all.length; i++) if (done[i] === 1) ahead.push(i)
    return `${first} ${ahead.join()} ${register.revision} ${register.last} ${register.value}`
  }
  const arrive = (register: Register): Step => {
    const candidates = candidatesNow()
    if (deepest === undefined || count > deepest.count) deepest = { count, register, candidates }
    // An answer that is true of the register as it is, and never changes it, has no better moment than now.
    const harmless = candidates.find((index) => isQuestion(all[index]) && after(register, all[index] as Operation) === register)
    return { register, candidates: harmless === undefined ? candidates : [harmless], next: 0, taken: -1 }
  }

  const path: Array<Step> = [arrive(empty)]
  while (count < must.length) {
    const step = path.at(-1)
    if (step === undefined) return describe(deepest, all, must.length)
    if (step.taken >= 0) {
      giveBack(step.taken)
      step.taken = -1
    }
    const index = step.candidates[step.next++]
    if (index === undefined) {
      path.pop()
      continue
    }
    const register = after(step.register, all[index] as Operation)
    if (register === undefined) continue
    take(index)
    step.taken = index
    const place = placeOf(register)
    if (seen.has(place)) continue
    seen.add(place)
    path.push(arrive(register))
  }
  return undefined
}

const describe = (
  deepest: { readonly count: number; readonly register: Register; readonly candidates: ReadonlyArray<number> } | undefined,
  all: ReadonlyArray<Operation>,
  total: number
): string => {
  const { count, register, candidates } = deepest ?? { count: 0, register: empty, candidates: [] }
  const next = candidates.map((index) => describeOne(all[index] as Operation)).slice(0, 8)
  return `no order explains it: after ${count} of ${total} operations the key is at ${register.revision ?? "?"} (${register.value}), and then comes none of ${next.join("; ")}`
}

const describeOne = (operation: Operation): string => {
  if (operation.kind === "read") return `${operation.name} read ${operation.revision} (${operation.value})`
  const { name, value, expected, outcome } = operation
  const became =
    outcome === "unknown"
      ? "nobody knows"
      : "written" in outcome
        ? `written at ${outcome.written}`
        : `conflict with ${outcome.conflict}`
  return `${name} ${value === undefined ? "delete" : `put ${value}`}${expected === undefined ? "" : ` expecting ${expected}`}: ${became}`
}
