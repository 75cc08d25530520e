/** Judges what the processes of a torture test said against each other and against the log that the store has at the end. @module */
import type { Change } from "../store.ts"
import { checkLinear } from "./linear.ts"
import { type Call, type History, historyOf, isOpen, operationsOf, type Said, sawOf } from "./torture-history.ts"

type Log = ReadonlyArray<ReadonlyArray<Change>>

/** What was found; `problems` is empty when the store kept its promises. */
export interface Verdict {
  readonly commits: number
  readonly acknowledged: number
  readonly conflicts: number
  /** Commits that failed, and those without any answer, since somebody was killed. */
  readonly unanswered: number
  readonly reads: number
  readonly watchers: number
  readonly problems: ReadonlyArray<string>
}

/** `said` holds the lines of those who write, `watched` those of each watcher over all its lives. */
export const judge = (log: Log, said: ReadonlyArray<Said>, watched: ReadonlyArray<ReadonlyArray<Said>>): Verdict => {
  const history = historyOf(said)
  const versions = versionsOf(log)
  const problems = [
    ...checkLog(log),
    ...checkAuthors(log, history),
    ...checkAnswers(log, versions, history),
    ...checkOrder(history),
    ...checkReads(versions, history),
    ...checkKeys(log, history),
    ...watched.flatMap((lines, index) => checkWatcher(log, lines, index))
  ]
  const { calls, reads } = history
  const count = (isSo: (call: Call) => boolean): number => calls.filter(isSo).length
  return {
    commits: log.length,
    acknowledged: count(({ answer }) => answer !== "killed" && "written" in answer),
    conflicts: count(({ answer }) => answer !== "killed" && "conflict" in answer),
    unanswered: count(({ answer }) => answer === "killed" || "failed" in answer),
    reads: reads.length,
    watchers: watched.length,
    problems
  }
}

const versionsOf = (log: Log): ReadonlyMap<string, ReadonlyArray<Change>> => {
  const versions = new Map<string, Array<Change>>()
  for (const change of log.flat()) {
    const known = versions.get(change.key)
    if (known === undefined) versions.set(change.key, [change])
    else known.push(change)
  }
  return versions
}

/** Revisions are dense, and each change of a key follows the one before. */
const checkLog = (log: Log): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const newest = new Map<string, Change>()
  for (const [index, commit] of log.entries()) {
    if (commit[0]?.revision !== BigInt(index + 2)) problems.push(`revision ${commit[0]?.revision} stands at place ${index + 2}`)
    for (const change of commit) {
      const before = newest.get(change.key)
      const expected = before?.value === undefined ? 0n : before.revision
      if (change.previousRevision !== expected) problems.push(`${change.key} at ${change.revision} does not follow ${expected}`)
      newest.set(change.key, change)
    }
  }
  return problems
}

/** Every value in the log was asked for by a call that did not fail for certain, for that key, and stands there once. */
const checkAuthors = (log: Log, { calls }: History): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const authors = new Map<string, Call>()
  for (const call of calls)
    for (const { key, value } of call.writes) if (value !== undefined) authors.set(`${key} ${value}`, call)
  const seen = new Set<string>()
  for (const { key, value, revision } of log.flat()) {
    if (value === undefined || key === "/end") continue
    const written = `${key} ${value}`
    const author = authors.get(written)
    if (author === undefined) problems.push(`${written} at ${revision} was written by nobody`)
    else if (author.answer !== "killed" && !isOpen(author) && !("written" in author.answer))
      problems.push(`${written} at ${revision}, although its author was told ${JSON.stringify(author.answer, plain)}`)
    if (seen.has(written)) problems.push(`${written} was written twice`)
    seen.add(written)
  }
  return problems
}

const plain = (_: string, part: unknown): unknown => (typeof part === "bigint" ? String(part) : part)

/** No acknowledged commit is lost, and each replaced what it named. */
const checkAnswers = (log: Log, versions: ReturnType<typeof versionsOf>, { calls }: History): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const byRevision = new Map(log.map((commit) => [commit[0]?.revision ?? 0n, commit]))
  for (const { id, answer, writes } of calls) {
    if (answer === "killed" || !("written" in answer)) continue
    for (const { key, value, expected } of writes) {
      // A deletion of nothing changes nothing; its revision is one at which the key was not there, maybe that of another's deletion.
      const current = versions.get(key)?.findLast((one) => one.revision <= answer.written)
      if (value === undefined && (expected ?? 0n) === 0n && current?.value === undefined) continue
      const change = byRevision.get(answer.written)?.find((one) => one.key === key)
      if (change === undefined || change.value !== value)
        problems.push(`lost although acknowledged: ${id} for ${key} at ${answer.written}`)
      else if (expected !== undefined && change.previousRevision !== expected)
        problems.push(`${id} replaced ${change.previousRevision}, not ${expected}`)
    }
  }
  return problems
}

/** Runs through answers by the time they came, beside questions by the time they were asked. */
const afterAnswers = (calls: ReadonlyArray<Call>) => {
  const answered = calls
    .flatMap(({ end, answer }) => (answer !== "killed" && "written" in answer ? [{ end, revision: answer.written }] : []))
    .toSorted((a, b) => a.end - b.end)
  let index = 0
  let highest = 0n
  /** The highest revision acknowledged before a moment; moments may not go back. */
  return (moment: number): bigint => {
    for (let one = answered[index]; one !== undefined && one.end < moment; one = answered[++index])
      if (one.revision > highest) highest = one.revision
    return highest
  }
}

const byBegin = <A extends { readonly begin: number }>(given: ReadonlyArray<A>): ReadonlyArray<A> =>
  given.toSorted((a, b) => a.begin - b.begin)

/** In real time: what ended before another began has the lower revision, or the same when that changed nothing. */
const checkOrder = ({ calls }: History): ReadonlyArray<string> => {
  const highestAt = afterAnswers(calls)
  return byBegin(calls).flatMap(({ id, begin, answer }) => {
    const highest = highestAt(begin)
    return answer !== "killed" && "written" in answer && answer.written < highest
      ? [`${id} got revision ${answer.written} after ${highest} was acknowledged`]
      : []
  })
}

/** A read shows a state no older than any commit, of whatever key, that was acknowledged before it was asked. */
const checkReads = (versions: ReturnType<typeof versionsOf>, { calls, reads }: History): ReadonlyArray<string> => {
  const highestAt = afterAnswers(calls)
  return byBegin(reads).flatMap(({ key, begin, revision }) => {
    const highest = highestAt(begin)
    const known = versions.get(key) ?? []
    const fresh =
      revision === 0n
        ? known.findLast((change) => change.revision <= highest)?.value === undefined ||
          known.some((change) => change.revision > highest && change.value === undefined)
        : !known.some((change) => change.revision > revision && change.revision <= highest)
    return fresh ? [] : [`a read of ${key} gave ${revision} after ${highest} was acknowledged`]
  })
}

/** Each key by itself is a register. */
const checkKeys = (log: Log, history: History): ReadonlyArray<string> => {
  const revisions = new Map<string, bigint>()
  for (const { value, revision } of log.flat()) if (value !== undefined) revisions.set(value, revision)
  return [...operationsOf(history, (value) => revisions.get(value))].flatMap(([key, operations]) => {
    const problem = checkLinear(operations)
    return problem === undefined ? [] : [`${key} is not linearizable: ${problem}`]
  })
}

/** A watcher saw the log: every commit, once, in order. */
const checkWatcher = (log: Log, lines: ReadonlyArray<Said>, index: number): ReadonlyArray<string> => {
  const expected = log.map((commit) => JSON.stringify(sawOf(commit)))
  const seen = lines.map((line) => JSON.stringify(line))
  const different = expected.findIndex((line, i) => seen[i] !== line)
  return different < 0 && seen.length === expected.length
    ? []
    : [
        `watcher ${index} saw ${seen.length} commits of ${expected.length}; at ${different}: ${seen[different]} instead of ${expected[different]}`
      ]
}
