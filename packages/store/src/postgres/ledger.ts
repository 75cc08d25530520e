/** What a writer knows of every key, so that it can decide commits by itself for as long as nobody else writes. @module */
import { Conflict, type StoreError, type Write } from "../store.ts"

/** Where a key stands. Revisions are numbers here: a store would need a century at a million commits a second to outgrow them. */
export interface Standing {
  readonly revision: number
  readonly createRevision: number
  readonly deleted: boolean
}

/** A commit that waits for its decision. */
export interface Proposal {
  readonly writes: ReadonlyArray<Write>
}

/** How a commit ended: the revision it got or was true at, or why nothing of it was written. */
export type Outcome = bigint | Conflict | StoreError

/** A row that the log gets. */
export interface Row {
  readonly key: string
  /** `undefined`: the key is deleted. */
  readonly value: string | undefined
  readonly revision: number
  /** Its place in its commit. */
  readonly part: number
  /** The revision of this row when it creates the key. */
  readonly createRevision: number
  readonly previousRevision: number
}

/** How the commits of a batch end, provided that `base` is the newest revision when it is written. */
export interface Decision {
  readonly base: number
  readonly newest: number
  readonly rows: ReadonlyArray<Row>
  /** One for each commit, in order. */
  readonly outcomes: ReadonlyArray<Outcome>
  readonly standings: ReadonlyMap<string, Standing>
}

const revisionOf = (standing: Standing | undefined): number =>
  standing === undefined || standing.deleted ? 0 : standing.revision

/** Decides commits in order; each key may occur once among all of them. */
export const decide = (
  standingOf: (key: string) => Standing | undefined,
  base: number,
  commits: ReadonlyArray<Proposal>
): Decision => {
  let newest = base
  const rows: Array<Row> = []
  const outcomes: Array<Outcome> = []
  const standings = new Map<string, Standing>()
  for (const { writes } of commits) {
    const before = writes.map((write) => standingOf(write.key))
    const refused = writes.findIndex(({ expected }, i) => expected !== undefined && expected !== BigInt(revisionOf(before[i])))
    const refusedWrite = writes[refused]
    if (refusedWrite !== undefined) {
      outcomes.push(new Conflict({ key: refusedWrite.key, current: BigInt(revisionOf(before[refused])) }))
      continue
    }
    // To delete what is not there changes nothing, and a commit that changes nothing takes no revision.
    if (writes.some((write, i) => write.value !== undefined || revisionOf(before[i]) > 0)) newest++
    for (const [part, { key, value }] of writes.entries()) {
      const standing = before[part]
      const deleted = value === undefined
      const exists = revisionOf(standing) > 0
      if (deleted && !exists) continue
      const createRevision = exists ? (standing?.createRevision ?? newest) : newest
      rows.push({ key, value, revision: newest, part, createRevision, previousRevision: standing?.revision ?? 0 })
      standings.set(key, { revision: newest, createRevision, deleted })
    }
    outcomes.push(BigInt(newest))
  }
  return { base, newest, rows, outcomes, standings }
}

/** What the database says of keys: the whole of them, or the changes since a revision, in order. */
export interface Report {
  readonly server: string
  readonly newest: number
  readonly compacted: number
  readonly changes: ReadonlyArray<readonly [key: string, standing: Standing]>
}

/** The knowledge of a writer, and of what it has sent but not yet heard of. */
export interface Ledger {
  /** Which server it is true of; undefined when nothing is known. */
  readonly server: () => string | undefined
  /** The revision up to which everything is known. */
  readonly newest: () => number
  /** Nothing has been heard that makes it doubtful that this is the newest revision. */
  readonly isCurrent: () => boolean
  /** Decides a batch, to be sent after all that were decided before; undefined when too little is known. */
  readonly decide: (commits: ReadonlyArray<Proposal>) => Decision | undefined
  /** The batch was written as decided, and so were those before it, without which it could not be. */
  readonly confirm: (decision: Decision) => void
  /** The batch, and hence each that was decided after it, did not happen as decided. */
  readonly refuse: (decision: Decision) => void
  /** Takes what the database says of all keys. */
  readonly load: (report: Report) => void
  /** Takes the changes since `newest()`; false, and nothing is known any more, when they do not follow on it. */
  readonly extend: (report: Report) => boolean
}

/** A ledger that knows nothing yet. */
export const makeLedger = (): Ledger => {
  let known: { server: string; newest: number; readonly standings: Map<string, Standing> } | undefined
  let current = false
  /** Decided and sent, the oldest first. */
  let sent: Array<Decision> = []
  const standingOf = (key: string): Standing | undefined => {
    for (let i = sent.length - 1; i >= 0; i--) {
      const standing = sent[i]?.standings.get(key)
      if (standing !== undefined) return standing
    }
    return known?.standings.get(key)
  }
  return {
    server: () => known?.server,
    newest: () => known?.newest ?? 0,
    isCurrent: () => known !== undefined && current,
    decide: (commits) => {
      if (known === undefined || !current) return undefined
      const decision = decide(standingOf, sent.at(-1)?.newest ?? known.newest, commits)
      sent.push(decision)
      return decision
    },
    confirm: (decision) => {
      const place = sent.indexOf(decision)
      if (place < 0 || known === undefined) return
      for (const one of sent.splice(0, place + 1)) {
        for (const [key, standing] of one.standings) known.standings.set(key, standing)
        known.newest = one.newest
      }
    },
    refuse: (decision) => {
      const place = sent.indexOf(decision)
      if (place < 0) return
      sent = sent.slice(0, place)
      current = false
    },
    load: ({ server, newest, changes }) => {
      known = { server, newest, standings: new Map(changes) }
      sent = []
      current = false
    },
    extend: ({ server, newest, compacted, changes }) => {
      // What was swept cannot be told, a revision that went back means a lost tail, and another server may tell another story.
      if (known === undefined || server !== known.server || newest < known.newest || compacted > known.newest) {
        known = undefined
        return false
      }
      for (const [key, standing] of changes) known.standings.set(key, standing)
      known.newest = newest
      current = true
      return true
    }
  }
}
