import { expect, test } from "bun:test"
import { checkLinear, type Operation, type WriteOperation } from "./linear.ts"
import { randomOf } from "./random.ts"

let named = 0
const read = (begin: number, end: number, revision: number, value?: string): Operation => ({
  kind: "read",
  name: `r${++named}`,
  begin,
  end,
  revision: BigInt(revision),
  value
})
type Outcome = number | { readonly conflict: number } | "unknown"
const write = (begin: number, end: number, value: string | undefined, outcome: Outcome, expected?: number): Operation => ({
  kind: "write",
  name: `w${++named}`,
  begin,
  end,
  value,
  ...(expected === undefined ? {} : { expected: BigInt(expected) }),
  outcome:
    outcome === "unknown"
      ? "unknown"
      : typeof outcome === "number"
        ? { written: BigInt(outcome) }
        : { conflict: BigInt(outcome.conflict) }
})
const never = Number.POSITIVE_INFINITY

const good: Record<string, ReadonlyArray<Operation>> = {
  "nothing at all": [],
  "one after another": [
    read(0, 1, 0),
    write(2, 3, "a", 2, 0),
    read(4, 5, 2, "a"),
    write(6, 7, "b", 3, 2),
    write(8, 9, undefined, 4, 3),
    read(10, 11, 0),
    write(12, 13, "c", 5, 0)
  ],
  "reads during a write see it or not": [write(0, 10, "a", 2, 0), read(1, 2, 0), read(3, 4, 2, "a")],
  "of two compare-and-sets at once one wins": [
    write(0, 1, "a", 2),
    write(2, 9, "b", 3, 2),
    write(2, 9, "c", { conflict: 3 }, 2),
    read(10, 11, 3, "b")
  ],
  "a refusal by what was there before another's write": [
    write(0, 1, "a", 2),
    write(2, 9, "b", 3),
    write(2, 3, "c", { conflict: 2 }, 0)
  ],
  "a write without an answer that never happened": [write(0, 1, "a", 2), write(2, never, "b", "unknown"), read(3, 4, 2, "a")],
  "a write without an answer that happened at once": [write(0, 1, "a", 2), write(2, never, "b", "unknown"), read(3, 4, 3, "b")],
  "a write without an answer that happened late": [
    write(0, 1, "a", 2),
    write(2, never, "b", "unknown", 2),
    read(3, 4, 2, "a"),
    read(5, 6, 3, "b"),
    write(7, 8, "c", 4, 3)
  ],
  "a revision that only a refusal told": [
    write(0, never, "a", "unknown"),
    write(1, 2, "b", { conflict: 7 }, 0),
    read(3, 4, 7, "a")
  ],
  "a deletion without an answer": [
    write(0, 1, "a", 2),
    write(2, never, undefined, "unknown"),
    read(3, 4, 0),
    write(5, 6, "b", 9, 0)
  ],
  "a deletion of nothing, told the revision of another's deletion": [
    write(0, 1, "a", 2),
    write(2, 5, undefined, 3, 2),
    write(2, 5, undefined, 3, 0)
  ],
  "two without an answer, the later one first": [
    write(0, never, "a", "unknown"),
    write(1, never, "b", "unknown"),
    read(2, 3, 5, "b"),
    read(4, 5, 6, "a")
  ]
}

const bad: Record<string, ReadonlyArray<Operation>> = {
  "a stale read": [write(0, 1, "a", 2), write(2, 3, "b", 3), read(4, 5, 2, "a")],
  "a key that was not there any more": [write(0, 1, "a", 2), read(2, 3, 0)],
  "reads that go back": [write(0, 1, "a", 2), write(2, 9, "b", 3), read(3, 4, 3, "b"), read(5, 6, 2, "a")],
  "a read before the write": [read(0, 1, 2, "a"), write(2, 3, "a", 2)],
  "a value that nobody wrote": [write(0, 1, "a", 2), read(2, 3, 3, "z")],
  "a value at another revision": [write(0, 1, "a", 2), read(2, 3, 3, "a")],
  "a lost update: two compare-and-sets of one revision": [write(0, 1, "a", 2), write(2, 9, "b", 3, 2), write(2, 9, "c", 4, 2)],
  "a lost update: an acknowledged write that is not there": [write(0, 1, "a", 2), write(2, 3, "b", 3, 2), write(4, 5, "c", 4, 2)],
  "two creations": [write(0, 9, "a", 2, 0), write(0, 9, "b", 3, 0)],
  "a write without an answer applied twice": [
    write(0, never, "a", "unknown"),
    read(1, 2, 2, "a"),
    write(3, 4, "b", 3),
    read(5, 6, 4, "a")
  ],
  "a compare-and-set without an answer, too late": [
    write(0, 1, "a", 2),
    write(2, never, "b", "unknown", 2),
    write(3, 4, "c", 3, 2),
    read(5, 6, 4, "b")
  ],
  "reordered writes": [write(0, 1, "a", 5), write(2, 3, "b", 4)],
  "a deletion whose revision lies before": [write(0, 1, "a", 5), write(2, 3, undefined, 4, 5)],
  "a refusal by a revision that the key never had": [write(0, 1, "a", 2), write(2, 3, "b", { conflict: 7 }, 0)],
  "a refusal although the revision was right": [write(0, 1, "a", 2), write(2, 3, "b", { conflict: 2 }, 2)],
  "a refusal without a condition": [write(0, 1, "a", 2), write(2, 3, "b", { conflict: 2 })]
}

for (const [name, history] of Object.entries(good))
  test(`linearizable: ${name}`, () => expect(checkLinear(history)).toBeUndefined())
for (const [name, history] of Object.entries(bad))
  test(`not linearizable: ${name}`, () => expect(checkLinear(history)).toContain("no order explains it"))

test("the message names the place", () => {
  expect(checkLinear(bad["a stale read"] ?? [])).toMatch(/after 2 of 3 operations the key is at 3 \(b\), .* r\d+ read 2 \(a\)$/)
})

/** What a register answers that several clients use at once; each operation takes effect at a moment between its begin and its end. */
const simulate = (seed: number, size: number, clients: number): Array<Operation> => {
  const random = randomOf(seed)
  const whole = (below: number) => Math.floor(random() * below)
  const moments = Array.from({ length: clients }, () => 0)
  const planned = Array.from({ length: size }, (_, i) => {
    const client = whole(clients)
    const begin = (moments[client] ?? 0) + 1 + whole(4)
    const effect = begin + random() * 6
    const end = effect + random() * 6
    moments[client] = end
    return { i, begin, effect, end, dice: random(), lost: random() < 0.1, happens: random() < 0.5 }
  }).sort((a, b) => a.effect - b.effect)
  let revision = 0
  let value: string | undefined
  let last = 1
  const known = [0]
  return planned.map(({ i, begin, end, dice, lost, happens }) => {
    if (dice < 0.4) return read(begin, end, revision, value)
    const given = dice < 0.55 ? undefined : `v${i}`
    const expected = dice < 0.7 ? undefined : dice < 0.9 ? revision : known[whole(known.length)]
    if (lost && !happens) return write(begin, never, given, "unknown", expected)
    if (expected !== undefined && expected !== revision)
      return lost ? write(begin, never, given, "unknown", expected) : write(begin, end, given, { conflict: revision }, expected)
    if (given !== undefined || value !== undefined) last++
    value = given
    revision = given === undefined ? 0 : last
    known.push(revision)
    return lost ? write(begin, never, given, "unknown", expected) : write(begin, end, given, last, expected)
  })
}

test("whatever a register answers is linearizable, with many clients and lost answers", () => {
  for (let seed = 1; seed <= 40; seed++) expect([seed, checkLinear(simulate(seed, 400, 8))]).toEqual([seed, undefined])
})

/** The definition itself: some order of some of the optional operations, by trying all. */
const byDefinition = (operations: ReadonlyArray<Operation>): boolean => {
  interface Plain {
    readonly revision: bigint
    readonly value: string | undefined
    readonly last: bigint
  }
  /** Revisions that a write without an answer may have got: any that is told anywhere, or one that nobody ever heard of. */
  const told = operations.flatMap((operation) =>
    operation.kind === "read"
      ? [operation.revision]
      : [
          operation.expected ?? 0n,
          operation.outcome === "unknown"
            ? 0n
            : "written" in operation.outcome
              ? operation.outcome.written
              : operation.outcome.conflict
        ]
  )
  const results = (now: Plain, operation: Operation): ReadonlyArray<Plain> => {
    if (operation.kind === "read") return now.revision === operation.revision && now.value === operation.value ? [now] : []
    const { value, expected, outcome } = operation as WriteOperation
    const fits = expected === undefined || expected === now.revision
    if (outcome !== "unknown" && "conflict" in outcome) return !fits && outcome.conflict === now.revision ? [now] : []
    if (!fits) return []
    const nothing = value === undefined && now.value === undefined
    if (outcome !== "unknown") {
      if (nothing) return outcome.written >= now.last ? [now] : []
      return outcome.written > now.last
        ? [{ revision: value === undefined ? 0n : outcome.written, value, last: outcome.written }]
        : []
    }
    if (nothing) return [now]
    if (value === undefined) return [{ revision: 0n, value, last: now.last }]
    // A revision that nobody heard of is, for all that was heard, a fraction above the last: -1 stands for it.
    const possible = told.filter((revision) => revision > now.last).map((revision) => ({ revision, value, last: revision }))
    return [{ revision: -1n, value, last: now.last }, ...possible]
  }
  const tryFrom = (left: ReadonlyArray<Operation>, now: Plain): boolean => {
    if (left.every((operation) => operation.kind === "write" && operation.outcome === "unknown")) return true
    return left.some((operation) => {
      if (left.some((other) => other !== operation && other.end < operation.begin)) return false
      const others = left.filter((other) => other !== operation)
      return results(now, operation).some((next) => tryFrom(others, next))
    })
  }
  return tryFrom(operations, { revision: 0n, value: undefined, last: 0n })
}

test("the search agrees with the definition on small histories, broken ones included", () => {
  const counts = { good: 0, bad: 0 }
  for (let seed = 1; seed <= 3000; seed++) {
    const random = randomOf(seed * 7919)
    const history = simulate(seed, 6, 3)
    const index = Math.floor(random() * history.length)
    const one = history[index] as Operation
    const dice = random()
    const shifted = (revision: bigint) => BigInt(Math.max(0, Number(revision) + (random() < 0.5 ? 1 : -1)))
    const broken: Operation =
      dice < 0.2
        ? one
        : one.kind === "read"
          ? {
              ...one,
              revision: shifted(one.revision),
              value: (history[Math.floor(random() * history.length)] as Operation).value
            }
          : one.outcome === "unknown" || "conflict" in one.outcome
            ? { ...one, begin: one.begin - 8 * random() }
            : { ...one, outcome: { written: shifted(one.outcome.written) } }
    const given = history.with(index, broken)
    const answer = checkLinear(given) === undefined
    counts[answer ? "good" : "bad"]++
    expect([seed, answer]).toEqual([seed, byDefinition(given)])
  }
  expect(counts.good).toBeGreaterThan(500)
  expect(counts.bad).toBeGreaterThan(500)
})
