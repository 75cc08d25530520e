/** The log of a store held in memory, with every value since the last compaction: the data behind the memory store and the cache. @module */
import type { Commit, LogPage } from "./hub.ts"
import { compareKeys, futureRevision, prefixEnd } from "./key.ts"
import { type Change, Compacted, type Entry, type ListOptions, type Page, type Range, type StoreError } from "./store.ts"

/** At most this many changes are read from the log at once. */
const pageChanges = 1000

/** Ordered keys, their versions, and the commits since `oldest()`. */
export interface History {
  readonly revision: () => bigint
  /** The lowest revision that can be listed at and watched after. */
  readonly oldest: () => bigint
  /** The newest change of a key, deletions included. */
  readonly newest: (key: string) => Change | undefined
  /** Adds the next commit; its changes carry the revision `revision() + 1n`. */
  readonly append: (commit: Commit) => void
  readonly list: (range: Range, options: ListOptions) => Page | Compacted | StoreError
  readonly count: (range: Range) => number
  readonly read: (range: Range, after: bigint, upTo: bigint) => LogPage | Compacted
  readonly compact: (before: bigint) => void
}

/** What a history starts from: every entry of a store at one revision. */
export interface HistoryStart {
  readonly revision: bigint
  readonly entries: ReadonlyArray<Entry>
}

/** A history that forgets by itself what is older than about `changeLimit` changes. */
export const makeHistory = (changeLimit: number, start: HistoryStart = { revision: 1n, entries: [] }): History => {
  const versions = new Map<string, Array<Change>>()
  let keys: Array<string> = []
  const commits: Array<Commit> = []
  let changes = 0
  let revision = start.revision
  let oldest = start.entries.length === 0 && start.revision === 1n ? 0n : start.revision

  for (const entry of start.entries) {
    versions.set(entry.key, [{ ...entry, previousRevision: 0n }])
    keys.push(entry.key)
  }
  keys.sort(compareKeys)

  /** The index of the first key that is not below `key`. */
  const indexOf = (key: string): number => {
    let low = 0
    let high = keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareKeys(keys[middle] ?? "", key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  const append = (commit: Commit): void => {
    revision = commit[0]?.revision ?? revision
    commits.push(commit)
    changes += commit.length
    for (const change of commit) {
      const known = versions.get(change.key)
      if (known === undefined) {
        versions.set(change.key, [change])
        keys.splice(indexOf(change.key), 0, change.key)
      } else known.push(change)
    }
    // A quarter too many, then back to the limit: forgetting costs a pass, so it is done in portions.
    if (changes > changeLimit * 1.25) compact(revisionToKeep())
  }

  const revisionToKeep = (): bigint => {
    let excess = changes - changeLimit
    for (const commit of commits) {
      excess -= commit.length
      if (excess <= 0) return commit[0]?.revision ?? oldest
    }
    return revision
  }

  const compact = (before: bigint): void => {
    const target = before < revision ? before : revision
    if (target <= oldest) return
    oldest = target
    const kept = commits.findIndex((commit) => (commit[0]?.revision ?? 0n) > target)
    const forgotten = commits.splice(0, kept < 0 ? commits.length : kept)
    let gone = 0
    for (const commit of forgotten) {
      changes -= commit.length
      for (const change of commit) if (forget(change.key, target)) gone++
    }
    if (gone > 0) keys = keys.filter((key) => versions.has(key))
  }

  /** Drops the versions of a key that no revision from `target` on shows; true when nothing of the key is left. */
  const forget = (key: string, target: bigint): boolean => {
    const known = versions.get(key)
    if (known === undefined) return false
    const next = known.findIndex((change) => change.revision > target)
    const older = next < 0 ? known.length : next
    const keepsOne = older > 0 && known[older - 1]?.value !== undefined
    known.splice(0, keepsOne ? older - 1 : older)
    if (known.length === 0) versions.delete(key)
    return known.length === 0
  }

  const list = (range: Range, options: ListOptions): Page | Compacted | StoreError => {
    const at = options.at ?? revision
    if (at > revision) return futureRevision(at, revision)
    if (at < oldest) return new Compacted({ oldest })
    const from = options.after !== undefined && compareKeys(options.after, range.prefix) >= 0 ? options.after : range.prefix
    const end = prefixEnd(range.prefix)
    const last = end === undefined ? keys.length : indexOf(end)
    const entries: Array<Entry> = []
    let remaining = 0
    for (let i = indexOf(from); i < last; i++) {
      const key = keys[i] ?? ""
      if (key === options.after) continue
      const entry = entryAt(versions.get(key), at)
      if (entry === undefined) continue
      if (entries.length === options.limit) remaining++
      else entries.push(entry)
    }
    const next = remaining > 0 ? entries.at(-1)?.key : undefined
    return { entries, revision: at, remaining, ...(next === undefined ? {} : { next }) }
  }

  const count = (range: Range): number => {
    const end = prefixEnd(range.prefix)
    const last = end === undefined ? keys.length : indexOf(end)
    let found = 0
    for (let i = indexOf(range.prefix); i < last; i++) if (versions.get(keys[i] ?? "")?.at(-1)?.value !== undefined) found++
    return found
  }

  const read = (range: Range, after: bigint, upTo: bigint): LogPage | Compacted => {
    if (after < oldest) return new Compacted({ oldest })
    const first = commits[0]?.[0]?.revision ?? revision + 1n
    const found: Array<Commit> = []
    let count = 0
    for (let i = Math.max(0, Number(after + 1n - first)); i < commits.length; i++) {
      const commit = commits[i] ?? []
      const at = commit[0]?.revision ?? 0n
      if (at > upTo) break
      const matching = commit.filter((change) => change.key.startsWith(range.prefix))
      if (matching.length === 0) continue
      found.push(matching)
      count += matching.length
      if (count >= pageChanges) return { commits: found, position: at }
    }
    return { commits: found, position: upTo }
  }

  return {
    revision: () => revision,
    oldest: () => oldest,
    newest: (key) => versions.get(key)?.at(-1),
    append,
    list,
    count,
    read,
    compact
  }
}

/** The entry a key had at a revision, from its versions in ascending order. */
const entryAt = (known: ReadonlyArray<Change> | undefined, at: bigint): Entry | undefined => {
  for (let i = (known?.length ?? 0) - 1; i >= 0; i--) {
    const change = known?.[i]
    if (change === undefined || change.revision > at) continue
    return entryOf(change)
  }
  return undefined
}

/** What a change left behind: an entry, or nothing. */
export const entryOf = (change: Change | undefined): Entry | undefined =>
  change?.value === undefined
    ? undefined
    : { key: change.key, value: change.value, revision: change.revision, createRevision: change.createRevision }
