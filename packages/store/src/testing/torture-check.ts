/** Judges what the processes of a torture test said against the log that the store has at the end. @module */
import type { Change } from "../store.ts"

type Written = readonly [key: string, value: string | null, expected: string]

/** What was found; `problems` is empty when the store kept its promises. */
export interface Verdict {
  readonly commits: number
  readonly acknowledged: number
  readonly unanswered: number
  readonly watched: number
  readonly problems: ReadonlyArray<string>
}

/** Clocks of processes are one machine's, read at different moments. */
const clockMarginMs = 2

/** `said` holds the lines of each process in order; `watched` those of each watcher over all its lives. */
export const judge = (
  log: ReadonlyArray<ReadonlyArray<Change>>,
  said: ReadonlyArray<string>,
  watched: ReadonlyArray<ReadonlyArray<string>>
): Verdict => {
  const problems: Array<string> = []
  const byRevision = new Map(log.map((commit) => [commit[0]?.revision ?? 0n, commit]))
  const versions = new Map<string, Array<Change>>()
  const seenIds = new Set<string>()
  for (const [index, commit] of log.entries()) {
    if (commit[0]?.revision !== BigInt(index + 2)) problems.push(`revision ${commit[0]?.revision} stands at place ${index + 2}`)
    for (const change of commit) {
      const known = versions.get(change.key) ?? []
      const before = known.at(-1)?.value === undefined ? undefined : known.at(-1)
      if (change.previousRevision !== (before?.revision ?? 0n))
        problems.push(`${change.key} at ${change.revision} does not follow ${before?.revision}`)
      known.push(change)
      versions.set(change.key, known)
      if (change.value === undefined || change.key.startsWith("/pair/")) continue
      if (seenIds.has(change.value)) problems.push(`${change.value} was written twice`)
      seenIds.add(change.value)
    }
  }
  const begun = new Map<string, { readonly atMs: number; readonly writes: ReadonlyArray<Written> }>()
  const acknowledged: Array<{
    readonly begunMs: number
    readonly endedMs: number
    readonly revision: bigint
    readonly id: string
  }> = []
  let unanswered = 0
  for (const line of said) {
    const [kind, first = "", second = "", third = ""] = line.split(" ")
    if (kind === "I") begun.set(first, { atMs: Number(second), writes: JSON.parse(line.slice(line.indexOf("["))) })
    else if (kind === "E") unanswered++
    else if (kind === "R") {
      // What was read was not yet replaced by anything that this client knew of.
      const next = versions.get(second)?.find((change) => change.revision > BigInt(third))
      const current = versions.get(second)?.findLast((change) => change.revision <= BigInt(first))
      if (next !== undefined && third !== "0" && next.revision <= BigInt(first)) problems.push(`stale read of ${second}: ${line}`)
      if (third === "0" && current?.value !== undefined) {
        const deleted = versions.get(second)?.find((change) => change.revision > BigInt(first) && change.value === undefined)
        if (deleted === undefined) problems.push(`${second} was there: ${line}`)
      }
    } else if (kind === "C") {
      if (third !== "0" && byRevision.get(BigInt(third))?.every((change) => change.key !== second) !== false)
        problems.push(`a conflict with a revision that ${second} never had: ${line}`)
    } else if (kind === "A") {
      const own = begun.get(first)
      const revision = BigInt(second)
      if (own === undefined) continue
      acknowledged.push({ begunMs: own.atMs, endedMs: Number(third), revision, id: first })
      for (const [key, value, expected] of own.writes) {
        const change = byRevision.get(revision)?.find((one) => one.key === key)
        if (value === null && expected === "0") {
          // Deleting what is not there changes nothing; its revision is one at which the key was not there, maybe that of another's deletion.
          const current = versions.get(key)?.findLast((one) => one.revision <= revision)
          if (current?.value !== undefined) problems.push(`${first} found no ${key} at ${revision}, where it was`)
          continue
        }
        if (change === undefined || (change.value ?? null) !== value)
          problems.push(`lost although acknowledged: ${first} at ${revision}`)
        else if (expected !== "-1" && String(change.previousRevision) !== expected)
          problems.push(`${first} replaced ${change.previousRevision}, not ${expected}`)
      }
    }
  }
  // In real time: what ended before another began has the lower revision (or the same: a commit that changed nothing).
  const byEnd = acknowledged.toSorted((a, b) => a.endedMs - b.endedMs)
  const byBegin = acknowledged.toSorted((a, b) => a.begunMs - b.begunMs)
  let ended = 0
  let highest = 0n
  for (const one of byBegin) {
    for (; (byEnd[ended]?.endedMs ?? Number.POSITIVE_INFINITY) < one.begunMs - clockMarginMs; ended++)
      if ((byEnd[ended]?.revision ?? 0n) > highest) highest = byEnd[ended]?.revision ?? 0n
    if (one.revision < highest) problems.push(`${one.id} got revision ${one.revision} after ${highest} was acknowledged`)
  }
  const expected = log.map(
    (commit) =>
      `W ${commit[0]?.revision} ${JSON.stringify(commit.map((change) => [change.key, change.value ?? null, String(change.previousRevision)]))}`
  )
  for (const [index, lines] of watched.entries()) {
    const different = expected.findIndex((line, i) => lines[i] !== line)
    if (different >= 0 || lines.length !== expected.length)
      problems.push(
        `watcher ${index} saw ${lines.length} commits of ${expected.length}; at ${different}: ${lines[different]} instead of ${expected[different]}`
      )
  }
  return { commits: log.length, acknowledged: acknowledged.length, unanswered, watched: watched.length, problems }
}
