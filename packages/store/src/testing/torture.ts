/** The torture of a store: processes that write and watch are killed, paused and cut off, the server is killed, and then the books must balance. @module */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Context, Effect, Layer, Schedule, type Scope, Stream } from "effect"
import postgres from "postgres"
import { layerPglite } from "../pglite.ts"
import { startEmbedded } from "../postgres/embedded.ts"
import { layerPostgres } from "../postgres/mod.ts"
import { type Change, Store } from "../store.ts"
import { randomOf } from "./random.ts"
import { judge, type Verdict } from "./torture-check.ts"

/** How cruel to be. */
export interface TortureOptions {
  readonly seed: number
  readonly kills: number
  readonly writers?: number
  readonly watchers?: number
}

const worker = join(import.meta.dirname, "torture-worker.ts")
const settleMs = 30_000

/** A process with all its lives. */
interface Life {
  readonly lines: Array<string>
  readonly kill: () => Promise<void>
  readonly signal: (signal: "SIGSTOP" | "SIGCONT") => void
  readonly up: Promise<void>
}

const live = (words: ReadonlyArray<string>): Life => {
  const lines: Array<string> = []
  const child = Bun.spawn([process.execPath, worker, ...words], { stdout: "pipe", stderr: "inherit" })
  let isUp = (): void => {}
  const up = new Promise<void>((resolve) => {
    isUp = resolve
  })
  const reading = (async () => {
    const decoder = new TextDecoder()
    let rest = ""
    for await (const chunk of child.stdout) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n")
      // What has no newline yet may be half a line, and stays so when the process is killed.
      rest = parts.pop() ?? ""
      for (const line of parts) {
        if (line === "UP") isUp()
        // Warnings of the store's own log go there too.
        else if (/^[IACERW] /.test(line)) lines.push(line)
      }
    }
  })()
  return {
    lines,
    up,
    signal: (signal) => child.kill(signal),
    kill: async () => {
      child.kill("SIGKILL")
      await child.exited
      await reading
    }
  }
}

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "tsukube-torture-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const logOf = (store: Store, end: bigint) =>
  store.watch({ prefix: "" }, 1n).pipe(
    Stream.takeUntil((commit) => (commit[0]?.revision ?? 0n) >= end),
    Stream.runCollect,
    Effect.timeout(settleMs * 2)
  )

/** Tortures a private PostgreSQL; the verdict tells what went wrong, if anything did. */
export const torture = ({
  seed,
  kills,
  writers = 3,
  watchers = 2
}: TortureOptions): Effect.Effect<Verdict, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const dataDir = join(yield* temporary, "store")
    const { host } = yield* startEmbedded({ dataDir, settings: { max_connections: "100" } })
    const url = `postgres://postgres@localhost/postgres?host=${encodeURIComponent(host)}`
    const store = Context.get(yield* Layer.build(layerPostgres({ url, schema: "torture" })), Store)
    const random = randomOf(seed)
    const said: Array<string> = []
    const watched: Array<Array<string>> = Array.from({ length: watchers }, () => [])
    let born = 0
    const writer = () => live(["write", url, "torture", `w${++born}`, String(seed * 1000 + born)])
    const lastOf = (lines: ReadonlyArray<string>) => lines.at(-1)?.split(" ")[1] ?? "1"
    const watcher = (index: number) => live(["watch", url, "torture", `v${++born}`, "0", lastOf(watched[index] ?? [])])
    const writing = Array.from({ length: writers }, writer)
    const watching = Array.from({ length: watchers }, (_, index) => watcher(index))
    yield* Effect.addFinalizer(() => Effect.promise(() => Promise.all([...writing, ...watching].map(({ kill }) => kill()))))
    const bury = async (life: Life, lines: Array<string>) => {
      await life.kill()
      lines.push(...life.lines)
    }
    const cut = Effect.promise(async () => {
      const sql = postgres({
        host,
        port: 5432,
        user: "postgres",
        database: "postgres",
        max: 1,
        onnotice: () => {}
      } as never) as postgres.Sql
      await sql`select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and application_name = 'tsukube-store'`.catch(
        () => {}
      )
      await sql.end({ timeout: 1 }).catch(() => {})
    })
    yield* Effect.promise(() => Promise.all([...writing, ...watching].map(({ up }) => up)))
    for (let kill = 0; kill < kills; kill++) {
      yield* Effect.sleep(5 + random() * 40)
      const dice = random()
      const one = Math.floor(random() * writers)
      if (dice < 0.35)
        yield* Effect.promise(async () => {
          await bury(writing[one] as Life, said)
          writing[one] = writer()
          await writing[one]?.up
        })
      else if (dice < 0.45)
        yield* Effect.promise(async () => {
          const index = Math.floor(random() * watchers)
          await bury(watching[index] as Life, watched[index] as Array<string>)
          watching[index] = watcher(index)
        })
      else if (dice < 0.65) {
        writing[one]?.signal("SIGSTOP")
        yield* Effect.sleep(50 + random() * 250)
        writing[one]?.signal("SIGCONT")
      } else if (dice < 0.9) yield* cut
      else
        yield* Effect.sync(() => {
          try {
            process.kill(Number(readFileSync(join(dataDir, "data", "postmaster.pid"), "utf8").split("\n")[0]), "SIGKILL")
          } catch {
            // It is between two lives.
          }
        })
    }
    for (const life of writing) yield* Effect.promise(() => bury(life, said))
    // Backends of killed writers may still be at work: the last commit comes after them, by the lock.
    const end = yield* Effect.retry(store.commit([{ key: "/end", value: "end" }]), { times: 200, schedule: Schedule.spaced(50) })
    const log = yield* logOf(store, end)
    for (const [index, life] of watching.entries()) {
      for (let waitedMs = 0; lastOf(life.lines) !== String(end) && waitedMs < settleMs; waitedMs += 20) yield* Effect.sleep(20)
      yield* Effect.promise(() => bury(life, watched[index] as Array<string>))
    }
    return judge(log, said, watched)
  })

/** The same for PGlite, whose only process is also its writer. */
export const torturePglite = ({ seed, kills }: TortureOptions): Effect.Effect<Verdict, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const dataDir = join(yield* temporary, "pglite")
    const random = randomOf(seed)
    const said: Array<string> = []
    for (let kill = 0; kill < kills; kill++) {
      const life = live(["pglite", dataDir, "torture", `p${kill}`, String(seed + kill)])
      yield* Effect.promise(() => life.up)
      yield* Effect.sleep(100 + random() * 200)
      yield* Effect.promise(() => life.kill())
      said.push(...life.lines)
    }
    const store = Context.get(yield* Layer.build(layerPglite({ dataDir, schema: "torture" })), Store)
    const end = yield* store.commit([{ key: "/end", value: "end" }])
    const log: ReadonlyArray<ReadonlyArray<Change>> = yield* logOf(store, end)
    return judge(log, said, [])
  })
