/** The commands of `tsukube-store`: each asks the store and gives lines to print. @module */
import { createReadStream, createWriteStream } from "node:fs"
import { readFile, rename } from "node:fs/promises"
import { createInterface } from "node:readline"
import { Writable } from "node:stream"
import { Effect, Stream } from "effect"
import { entriesOfExport, entriesOfGateway } from "../etcd.ts"
import { commitLimit } from "../key.ts"
import { checkSnapshot, restoreSnapshot, type SnapshotSummary, saveSnapshot } from "../snapshot.ts"
import { type Change, type Compacted, type Conflict, type Entry, type ListOptions, type Store, StoreError } from "../store.ts"

/** What was asked for on the command line. */
export interface Arguments {
  readonly words: ReadonlyArray<string>
  readonly json: boolean
  readonly limit?: number
  readonly after?: string
  readonly at?: bigint
}

/** The command line itself is wrong. */
export class UsageError extends Error {}

/** What a command may fail with. */
export type CommandError = StoreError | Compacted | Conflict

type Print = (line: string) => Effect.Effect<void>
/** Runs against an open store. */
export type Command = (store: Store, given: Arguments, print: Print) => Effect.Effect<void, CommandError>

const word = ({ words }: Arguments, index: number, what: string): string => {
  const given = words[index]
  if (given === undefined) throw new UsageError(`${words[0]} needs ${what}`)
  return given
}

/** A revision on the command line. */
export const revisionOf = (text: string): bigint => {
  if (!/^\d{1,18}$/.test(text)) throw new UsageError(`a revision is a number, not ${text}`)
  return BigInt(text)
}

const json = (value: unknown): string => JSON.stringify(value, (_, part) => (typeof part === "bigint" ? String(part) : part))

const fileError = (file: string, cause: unknown): StoreError =>
  new StoreError({
    reason: "Failed",
    retryable: false,
    message: `${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
    cause
  })

const status: Command = (store, given, print) =>
  Effect.gen(function* () {
    const revision = yield* store.revision
    const keys = yield* store.count({ prefix: "" })
    // Nobody can list at 0 once anything was forgotten, and the refusal names the oldest revision left.
    const oldest = yield* store.list({ prefix: "\u{10ffff}" }, { at: 0n, limit: 1 }).pipe(
      Effect.as(0n),
      Effect.catchTag("Compacted", (error) => Effect.succeed(error.oldest))
    )
    yield* print(given.json ? json({ revision, oldest, keys }) : `revision  ${revision}\noldest    ${oldest}\nkeys      ${keys}`)
  })

const get: Command = (store, given, print) =>
  Effect.gen(function* () {
    const key = word(given, 1, "a KEY")
    const entry = yield* store.get(key)
    if (entry === undefined)
      return yield* new StoreError({ reason: "Failed", retryable: false, message: `${key} does not exist` })
    yield* print(given.json ? json(entry) : entry.value)
  })

const list: Command = (store, given, print) =>
  Effect.gen(function* () {
    const { limit, after, at } = given
    const options: ListOptions = {
      ...(limit === undefined ? {} : { limit }),
      ...(after === undefined ? {} : { after }),
      ...(at === undefined ? {} : { at })
    }
    const page = yield* store.list({ prefix: given.words[1] ?? "" }, options)
    for (const entry of page.entries) yield* print(given.json ? json(entry) : `${entry.revision}\t${entry.key}`)
    if (page.next !== undefined && !given.json)
      yield* print(`# ${page.remaining} more: --at ${page.revision} --after ${JSON.stringify(page.next)}`)
  })

const watch: Command = (store, given, print) =>
  Effect.gen(function* () {
    const after = given.after === undefined ? yield* store.revision : revisionOf(given.after)
    const tell = ({ previous: _, ...change }: Change) => print(json(change))
    yield* Stream.runForEach(store.watch({ prefix: given.words[1] ?? "" }, after), (commit) => Effect.forEach(commit, tell))
  })

const compact: Command = (store, given, print) =>
  Effect.suspend(() => {
    const before = revisionOf(word(given, 1, "a REVISION"))
    return Effect.andThen(store.compact(before), print(`history before revision ${before} is forgotten`))
  })

const migrate: Command = (store, _, print) => Effect.flatMap(store.revision, (at) => print(`up to date, at revision ${at}`))

const linesOf = (file: string): Stream.Stream<string, StoreError> =>
  Stream.suspend(() => {
    const input = file === "-" ? process.stdin : createReadStream(file, "utf8")
    const failed = new Promise<never>((_, reject) => input.once("error", reject))
    failed.catch(() => {})
    const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
    const all = async function* () {
      const iterator = lines[Symbol.asyncIterator]()
      for (;;) {
        const next = await Promise.race([iterator.next(), failed])
        if (next.done === true) return
        yield next.value
      }
    }
    return Stream.fromAsyncIterable(all(), (cause) => fileError(file, cause))
  })

const described = (summary: SnapshotSummary, given: Arguments): string =>
  given.json ? json(summary) : `revision  ${summary.revision}\nkeys      ${summary.entries}\nhash      ${summary.hash}`

/** `snapshot status`: the only command that needs no store. */
export const snapshotStatus = (given: Arguments, print: Print): Effect.Effect<void, StoreError> =>
  Effect.flatMap(checkSnapshot(linesOf(word(given, 2, "a FILE"))), (summary) => print(described(summary, given)))

/** Whole or not at all: written beside the file and renamed. */
const save = (store: Store, file: string): Effect.Effect<void, StoreError | Compacted> =>
  Effect.gen(function* () {
    const draft = `${file}.part`
    const sink = Writable.toWeb(file === "-" ? process.stdout : createWriteStream(draft)).getWriter()
    const written = (work: () => Promise<unknown>) => Effect.tryPromise({ try: work, catch: (cause) => fileError(file, cause) })
    yield* Stream.runForEach(saveSnapshot(store), (text) => written(() => sink.write(Buffer.from(text))))
    if (file === "-") return
    yield* written(() => sink.close())
    yield* written(() => rename(draft, file))
  })

const snapshot: Command = (store, given, print) =>
  Effect.gen(function* () {
    const file = word(given, 2, "a FILE")
    if (given.words[1] === "save") {
      yield* save(store, file)
      if (file !== "-") yield* print(described(yield* checkSnapshot(linesOf(file)), given))
    } else if (given.words[1] === "restore") {
      if (file !== "-") yield* checkSnapshot(linesOf(file))
      yield* print(described(yield* restoreSnapshot(store, linesOf(file)), given))
    } else throw new UsageError("snapshot save, restore or status")
  })

const importEtcd: Command = (store, given, print) =>
  Effect.gen(function* () {
    const source = word(given, 1, "a FILE or URL")
    if ((yield* store.count({ prefix: "" })) > 0)
      return yield* new StoreError({ reason: "Rejected", retryable: false, message: "etcd is imported into an empty store only" })
    const fromFile = Effect.flatMap(
      Effect.tryPromise({ try: () => readFile(source, "utf8"), catch: (cause) => fileError(source, cause) }),
      entriesOfExport
    )
    const entries: Stream.Stream<Pick<Entry, "key" | "value">, StoreError> = /^https?:/.test(source)
      ? entriesOfGateway(source)
      : Stream.unwrap(Effect.map(fromFile, Stream.fromIterable))
    let imported = 0
    yield* Stream.runForEach(Stream.grouped(entries, commitLimit / 8), (batch) =>
      Effect.map(store.commit(batch.map((entry) => ({ ...entry, expected: 0n }))), () => {
        imported += batch.length
      })
    )
    yield* print(`${imported} keys imported`)
  })

/** By the first word of the command line. */
export const commands: Readonly<Record<string, Command>> = {
  status,
  get,
  list,
  watch,
  compact,
  snapshot,
  migrate,
  "import-etcd": importEtcd
}
