import { expect, test } from "bun:test"
import { Conflict, type Write } from "../store.ts"
import { decide, makeLedger, type Report, type Standing } from "./ledger.ts"

const put = (key: string, expected?: bigint): Write => ({ key, value: "x", ...(expected === undefined ? {} : { expected }) })
const remove = (key: string, expected?: bigint): Write => ({
  key,
  value: undefined,
  ...(expected === undefined ? {} : { expected })
})
const commits = (...writes: ReadonlyArray<ReadonlyArray<Write>>) => writes.map((some) => ({ writes: some }))

const stands: Record<string, Standing> = {
  live: { revision: 7, createRevision: 3, deleted: false },
  gone: { revision: 9, createRevision: 4, deleted: true }
}
const decideFrom = (...writes: ReadonlyArray<ReadonlyArray<Write>>) => decide((key) => stands[key], 10, commits(...writes))

test.each([
  ["a key that is new is created", put("new", 0n), 11n, { createRevision: 11, previousRevision: 0 }],
  ["a key that was deleted is created again", put("gone", 0n), 11n, { createRevision: 11, previousRevision: 9 }],
  ["a key is updated", put("live", 7n), 11n, { createRevision: 3, previousRevision: 7 }],
  ["a blind put is always right", put("live"), 11n, { createRevision: 3, previousRevision: 7 }],
  ["a key is deleted", remove("live", 7n), 11n, { createRevision: 3, previousRevision: 7, value: undefined }],
  ["nothing is deleted twice", remove("gone"), 10n, undefined],
  ["nothing is deleted that never was", remove("new", 0n), 10n, undefined]
] as const)("%s", (_, write, outcome, row) => {
  const decision = decideFrom([write])
  expect(decision.outcomes).toEqual([outcome])
  expect(decision.rows).toHaveLength(row === undefined ? 0 : 1)
  if (row !== undefined) expect(decision.rows[0]).toMatchObject({ revision: 11, part: 0, ...row })
})

test.each([
  ["another revision", put("live", 6n), 7n],
  ["a key that should not be there", put("live", 0n), 7n],
  ["a key that should be there", put("gone", 9n), 0n],
  ["a revision beyond all numbers", put("live", 2n ** 62n), 7n]
] as const)("a conflict: %s", (_, write, current) => {
  const decision = decideFrom([write])
  expect(decision.outcomes).toEqual([new Conflict({ key: write.key, current })])
  expect(decision.rows).toEqual([])
})

test("all writes of a commit or none, at one revision; commits that change nothing take none", () => {
  const decision = decideFrom(
    [put("a"), put("live", 6n)],
    [put("b"), remove("new"), put("c")],
    [remove("gone")],
    [remove("live", 7n)]
  )
  expect(decision.outcomes).toEqual([new Conflict({ key: "live", current: 7n }), 11n, 11n, 12n])
  expect(decision.rows.map(({ key, revision, part }) => [key, revision, part])).toEqual([
    ["b", 11, 0],
    ["c", 11, 2],
    ["live", 12, 0]
  ])
  expect(decision.newest).toBe(12)
})

const report = (newest: number, changes: Report["changes"] = [], compacted = 0, server = "s"): Report => ({
  server,
  newest,
  compacted,
  changes
})
const current = () => {
  const ledger = makeLedger()
  ledger.load(report(10, Object.entries(stands)))
  ledger.extend(report(10))
  return ledger
}

test("nothing is decided before what was loaded was followed up to the newest revision", () => {
  const ledger = makeLedger()
  expect(ledger.decide(commits([put("a")]))).toBeUndefined()
  ledger.load(report(10, Object.entries(stands)))
  expect(ledger.decide(commits([put("a")]))).toBeUndefined()
  expect(ledger.extend(report(12, [["live", { revision: 12, createRevision: 3, deleted: false }]]))).toBe(true)
  expect(ledger.decide(commits([put("live", 12n)]))?.outcomes).toEqual([13n])
})

test("a batch is decided on what was sent before it, heard of or not", () => {
  const ledger = current()
  const first = ledger.decide(commits([put("a", 0n)]))
  const second = ledger.decide(commits([put("a", 11n), put("b")]))
  expect(second).toMatchObject({ base: 11, outcomes: [12n] })
  ledger.confirm(first!)
  expect(ledger.newest()).toBe(11)
  ledger.confirm(second!)
  expect(ledger.decide(commits([remove("a", 12n)]))?.outcomes).toEqual([13n])
})

test("when a batch did not happen as decided, neither did those after it, and what was decided is forgotten", () => {
  const ledger = current()
  const first = ledger.decide(commits([put("a", 0n)]))
  const second = ledger.decide(commits([put("b", 0n)]))
  const third = ledger.decide(commits([put("c", 0n)]))
  ledger.confirm(first!)
  ledger.refuse(second!)
  ledger.refuse(third!)
  expect(ledger.isCurrent()).toBe(false)
  expect(ledger.newest()).toBe(11)
  expect(ledger.extend(report(12, [["b", { revision: 12, createRevision: 12, deleted: false }]]))).toBe(true)
  expect(ledger.decide(commits([put("c", 0n)], [put("b", 0n)], [put("a", 11n)]))?.outcomes).toEqual([
    13n,
    new Conflict({ key: "b", current: 12n }),
    14n
  ])
})

test("a later batch that was written says that the earlier ones were", () => {
  const ledger = current()
  ledger.decide(commits([put("a", 0n)]))
  ledger.confirm(ledger.decide(commits([put("b", 0n)]))!)
  expect(ledger.newest()).toBe(12)
})

test.each([
  ["another server", report(11, [], 0, "t")],
  ["a revision that went back", report(9)],
  ["compaction beyond what we know", report(20, [], 11)]
])("what does not follow on what is known makes it worthless: %s", (_, next) => {
  const ledger = current()
  expect(ledger.extend(next)).toBe(false)
  expect(ledger.server()).toBeUndefined()
  expect(ledger.decide(commits([put("a")]))).toBeUndefined()
})
