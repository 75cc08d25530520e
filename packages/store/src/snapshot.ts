/** Snapshots: every key of a store at one revision, as lines of JSON with a checksum, from any store and into any other. @module */
import { createHash, type Hash } from "node:crypto"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { commitLimit } from "./key.ts"
import { type Compacted, type Conflict, type Entry, type Store, StoreError, type Write } from "./store.ts"

/** What a snapshot says of itself. */
export interface SnapshotSummary {
  /** The revision at which it was taken. */
  readonly revision: bigint
  readonly entries: number
  /** SHA-256 of the keys and values in order: equal for stores that hold the same. */
  readonly hash: string
}

const format = "tsukube-store-snapshot"
const version = 1
/** Pages of about so many characters: neither a page per value nor a store in memory. */
const pageUnits = 4 * 1024 * 1024
const pageLimit = 2000

const addTo = (hash: Hash, key: string, value: string): void => {
  // NUL occurs in neither, so it parts them without doubt.
  hash.update(key).update("\0").update(value).update("\0")
}

/** The lines of a snapshot, each with its newline, read page by page at one revision while the store goes on. */
export const saveSnapshot = (store: Store): Stream.Stream<string, Compacted | StoreError> => {
  const hash = createHash("sha256")
  let entries = 0
  const pages = (at: bigint, after: string | undefined, limit: number): Stream.Stream<string, Compacted | StoreError> =>
    Stream.unwrap(
      Effect.map(store.list({ prefix: "" }, { at, limit, ...(after === undefined ? {} : { after }) }), (page) => {
        let lines = ""
        let units = 0
        for (const { key, value, revision, createRevision } of page.entries) {
          lines += `${JSON.stringify({ key, value, revision: String(revision), createRevision: String(createRevision) })}\n`
          units += value.length
          addTo(hash, key, value)
        }
        entries += page.entries.length
        if (page.next === undefined)
          return Stream.make(lines, `${JSON.stringify({ entries, sha256: hash.digest("hex") })}\n`).pipe(
            Stream.filter((text) => text !== "")
          )
        const average = units / Math.max(1, page.entries.length)
        const next = Math.max(1, Math.min(pageLimit, Math.floor(pageUnits / Math.max(1, average))))
        return Stream.concat(
          Stream.succeed(lines),
          Stream.suspend(() => pages(at, page.next, next))
        )
      })
    )
  return Stream.unwrap(
    Effect.map(store.revision, (revision) =>
      Stream.concat(
        Stream.succeed(`${JSON.stringify({ format, version, revision: String(revision) })}\n`),
        pages(revision, undefined, 100)
      )
    )
  )
}

const broken = (message: string): StoreError =>
  new StoreError({ reason: "Rejected", retryable: false, message: `the snapshot is broken: ${message}` })

type Line = Partial<Record<"format" | "version" | "revision" | "key" | "value" | "entries" | "sha256", unknown>>

const parse = (text: string, number: number): Line => {
  try {
    const line: unknown = JSON.parse(text)
    if (typeof line === "object" && line !== null) return line
  } catch {}
  throw broken(`line ${number} is not an object of JSON`)
}

/** Reads lines one by one, and knows at the end whether they were all there. */
const makeReader = () => {
  const hash = createHash("sha256")
  let number = 0
  let entries = 0
  let revision: bigint | undefined
  let summary: SnapshotSummary | undefined
  const read = (text: string): Pick<Entry, "key" | "value"> | undefined => {
    const line = parse(text, ++number)
    if (revision === undefined) {
      if (line.format !== format) throw broken("its first line does not say that it is one")
      if (line.version !== version) throw broken(`it has version ${line.version}, this program knows ${version}`)
      revision = BigInt(String(line.revision))
      return undefined
    }
    if (summary !== undefined) throw broken(`line ${number} comes after the end`)
    if (line.sha256 !== undefined) {
      const found = hash.digest("hex")
      if (line.sha256 !== found || line.entries !== entries) throw broken("its checksum does not match")
      summary = { revision, entries, hash: found }
      return undefined
    }
    if (typeof line.key !== "string" || typeof line.value !== "string") throw broken(`line ${number} has no key and value`)
    addTo(hash, line.key, line.value)
    entries++
    return { key: line.key, value: line.value }
  }
  const finish = (): SnapshotSummary => {
    if (summary === undefined) throw broken("its end is missing")
    return summary
  }
  return { read, finish }
}

const attempt = <A>(work: () => A): Effect.Effect<A, StoreError> =>
  Effect.try({ try: work, catch: (error) => (error instanceof StoreError ? error : broken(String(error))) })

/** Reads a snapshot to its end and checks it, touching nothing. */
export const checkSnapshot = <E>(lines: Stream.Stream<string, E>): Effect.Effect<SnapshotSummary, E | StoreError> =>
  Effect.suspend(() => {
    const reader = makeReader()
    return Effect.andThen(
      Stream.runForEach(lines, (line) => attempt(() => reader.read(line))),
      attempt(reader.finish)
    )
  })

/**
 * Writes a snapshot into an empty store. Revisions are the new store's own. A snapshot that turns out broken at its end has been written by then:
 * check it first where it can be read twice.
 */
export const restoreSnapshot = <E>(
  store: Store,
  lines: Stream.Stream<string, E>
): Effect.Effect<SnapshotSummary, E | Conflict | StoreError> =>
  Effect.gen(function* () {
    if ((yield* store.count({ prefix: "" })) > 0)
      return yield* new StoreError({
        reason: "Rejected",
        retryable: false,
        message: "a snapshot is restored into an empty store only"
      })
    const reader = makeReader()
    let batch: Array<Write> = []
    let units = 0
    const flush = Effect.suspend(() => {
      const writes = batch
      batch = []
      units = 0
      return writes.length === 0 ? Effect.void : Effect.asVoid(store.commit(writes))
    })
    yield* Stream.runForEach(lines, (line) =>
      Effect.flatMap(
        attempt(() => reader.read(line)),
        (entry) => {
          if (entry === undefined) return Effect.void
          const full = batch.length === commitLimit || (batch.length > 0 && units + entry.value.length > pageUnits)
          return Effect.map(full ? flush : Effect.void, () => {
            batch.push({ ...entry, expected: 0n })
            units += entry.value.length
          })
        }
      )
    )
    yield* flush
    return yield* attempt(reader.finish)
  })

/** The hash of what a store holds now: that of a snapshot of it. */
export const hashOf = (store: Store): Effect.Effect<SnapshotSummary, Compacted | StoreError> =>
  checkSnapshot(Stream.splitLines(saveSnapshot(store)))
