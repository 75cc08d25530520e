/** The torture of a store: processes that write and watch are killed, paused and cut off, the server is killed, and then the books must balance. @module */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Context, Effect, Fiber, Layer, Schedule, type Scope, Stream } from "effect"
import postgres from "postgres"
import { layerPglite } from "../pglite.ts"
import { startEmbedded } from "../postgres/embedded.ts"
import { layerPostgres } from "../postgres/mod.ts"
import { Store } from "../store.ts"
import { randomOf } from "./random.ts"
import { judge, type Verdict } from "./torture-check.ts"
import type { Said } from "./torture-history.ts"
import { type Life, type Role, schema, startLife } from "./torture-process.ts"
import { tortureProxy } from "./torture-proxy.ts"

/** How cruel to be. */
export interface TortureOptions {
  readonly seed: number
  /** So many processes are ended by SIGKILL: writers, watchers, the server. Pauses and lost connections come on top. */
  readonly kills: number
  readonly writers?: number
  readonly watchers?: number
}

/** How often each fault was brought about. */
export interface Faults {
  writersKilled: number
  watchersKilled: number
  serversKilled: number
  writersPaused: number
  backendsPaused: number
  connectionsCut: number
  answersLost: number
  questionsDelayed: number
}

const noFaults = (): Faults => ({
  writersKilled: 0,
  watchersKilled: 0,
  serversKilled: 0,
  writersPaused: 0,
  backendsPaused: 0,
  connectionsCut: 0,
  answersLost: 0,
  questionsDelayed: 0
})

/** The verdict, and what it stood. */
export type Ordeal = Verdict & { readonly faults: Faults }

const settleMs = 60_000

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "tsukube-torture-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const logOf = (store: Store, end: bigint) =>
  store.watch({ prefix: "" }, 1n).pipe(
    Stream.takeUntil((commit) => (commit[0]?.revision ?? 0n) >= end),
    Stream.runCollect,
    Effect.timeout(settleMs)
  )

const kill = (pid: number, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): boolean => {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** A place in the troupe: one life after another. */
interface Part {
  life: Life
  readonly said: Array<Said>
  readonly next: () => Life
}

const makePart = (next: (said: ReadonlyArray<Said>) => Life): Part => {
  const said: Array<Said> = []
  return { said, life: next(said), next: () => next(said) }
}

const bury = async (part: Part): Promise<void> => {
  await part.life.kill()
  part.said.push(...part.life.lines)
}

/** What can be done to the backends of a server, by somebody who is not tortured. */
const adminOf = (host: string) => {
  const asked = async (question: string): Promise<ReadonlyArray<ReadonlyArray<unknown>>> => {
    const sql = postgres({ host, port: 5432, user: "postgres", database: "postgres", max: 1, onnotice: () => {} } as never)
    try {
      return (await (sql as postgres.Sql).unsafe(question).values()) as ReadonlyArray<ReadonlyArray<unknown>>
    } catch {
      // The server is between two lives.
      return []
    } finally {
      await sql.end({ timeout: 1 }).catch(() => {})
    }
  }
  const ofStores = "from pg_stat_activity where pid <> pg_backend_pid() and application_name = 'tsukube-store'"
  return {
    cut: async () => (await asked(`select pg_terminate_backend(pid) ${ofStores}`)).length > 0,
    backends: async () => (await asked(`select pid ${ofStores} order by pid`)).map(([pid]) => Number(pid))
  }
}

/** Tortures a private PostgreSQL; the verdict tells what went wrong, if anything did. */
export const torture = ({
  seed,
  kills,
  writers = 3,
  watchers = 2
}: TortureOptions): Effect.Effect<Ordeal, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const folder = yield* temporary
    const dataDir = join(folder, "store")
    const { host } = yield* startEmbedded({ dataDir, settings: { max_connections: "200" } })
    const line = yield* tortureProxy(folder, host)
    const urlOf = (socketFolder: string) => `postgres://postgres@localhost/postgres?host=${encodeURIComponent(socketFolder)}`
    const place = urlOf(line.host)
    const store = Context.get(yield* Layer.build(layerPostgres({ url: urlOf(host), schema })), Store)
    const admin = adminOf(host)
    const random = randomOf(seed)
    let born = 0
    const start = (role: Role["role"], kind: Role["kind"], after: number) =>
      startLife({ role, kind, place, name: `${role}${++born}`, seed: seed * 1000 + born, after })
    // One of each reads and watches through a cache.
    const kindOf = (index: number) => (index === 0 ? "cached" : "postgres")
    const revisionOf = (said: Said | undefined) => (said?.[0] === "saw" ? said[1] : 1)
    const writing = Array.from({ length: writers }, (_, i) => makePart(() => start("write", kindOf(i), 1)))
    const watching = Array.from({ length: watchers }, (_, i) =>
      makePart((said) => start("watch", kindOf(i), revisionOf(said.at(-1))))
    )
    const parts = [...writing, ...watching]
    yield* Effect.addFinalizer(() => Effect.promise(() => Promise.all(parts.map(({ life }) => life.kill()))))
    const faults = noFaults()
    /** One of them that is at work; the others are being born. */
    const oneOf = (given: ReadonlyArray<Part>): Effect.Effect<Part, Error> =>
      Effect.suspend(() => {
        if (given.some(({ life }) => life.hasFailed())) return Effect.fail(new Error("a worker ended by itself"))
        const up = given.filter(({ life }) => life.isUp())
        const one = up[Math.floor(random() * up.length)]
        return one === undefined ? Effect.andThen(Effect.sleep(10), oneOf(given)) : Effect.succeed(one)
      })
    const replace = (part: Part) =>
      Effect.promise(async () => {
        await bury(part)
        part.life = part.next()
      })
    const pauseMs = () => 50 + random() * 250
    const killed = () => faults.writersKilled + faults.watchersKilled + faults.serversKilled

    while (killed() < kills) {
      // Mostly one fault while the last one still hurts; now and then time to write much.
      yield* Effect.sleep(random() < 0.08 ? 300 + random() * 400 : 5 + random() * 40)
      const dice = random()
      if (dice < 0.44) {
        yield* replace(yield* oneOf(writing))
        faults.writersKilled++
      } else if (dice < 0.53) {
        yield* replace(yield* oneOf(watching))
        faults.watchersKilled++
      } else if (dice < 0.6) {
        const pid = yield* Effect.try(() =>
          Number(readFileSync(join(dataDir, "data", "postmaster.pid"), "utf8").split("\n")[0])
        ).pipe(Effect.orElseSucceed(() => 0))
        if (pid > 0 && kill(pid, "SIGKILL")) faults.serversKilled++
      } else if (dice < 0.7) {
        // All but one, as a rule: who is alone decides by himself, until the others wake.
        const awake = yield* oneOf(writing)
        const asleep = writing.filter((part) => part !== awake || random() < 0.2)
        for (const { life } of asleep) life.signal("SIGSTOP")
        yield* Effect.sleep(pauseMs())
        for (const { life } of asleep) life.signal("SIGCONT")
        faults.writersPaused += asleep.length
      } else if (dice < 0.77) {
        const pids = yield* Effect.promise(admin.backends)
        const pid = pids[Math.floor(random() * pids.length)]
        if (pid === undefined || !kill(pid, "SIGSTOP")) continue
        yield* Effect.sleep(pauseMs())
        kill(pid, "SIGCONT")
        faults.backendsPaused++
      } else if (dice < 0.84) {
        if (yield* Effect.promise(admin.cut)) faults.connectionsCut++
      } else if (dice < 0.94) faults.answersLost += yield* line.loseAnswers(1 + Math.floor(random() * 4), 300)
      else {
        const delay = yield* Effect.forkChild(line.delayQuestions(pauseMs()), { startImmediately: true })
        // Its last words are still on the line when it is dead.
        yield* Effect.sleep(20)
        yield* replace(yield* oneOf(writing))
        faults.writersKilled++
        faults.questionsDelayed++
        yield* Fiber.join(delay)
      }
    }
    for (const part of writing) yield* Effect.promise(() => bury(part))
    // Backends of killed writers may still be at work: the last commit comes after them, by the lock.
    const end = yield* Effect.retry(store.commit([{ key: "/end", value: "end" }]), { times: 200, schedule: Schedule.spaced(50) })
    const log = yield* logOf(store, end)
    for (const part of watching) {
      const told = () => revisionOf(part.life.lines.at(-1)) === Number(end)
      for (let waitedMs = 0; !told() && waitedMs < settleMs; waitedMs += 20) yield* Effect.sleep(20)
      yield* Effect.promise(() => bury(part))
    }
    const verdict = judge(
      log,
      writing.flatMap(({ said }) => said),
      watching.map(({ said }) => said)
    )
    return { ...verdict, faults }
  })

/** The same for PGlite, whose only process is also its writer. */
export const torturePglite = ({ seed, kills }: TortureOptions): Effect.Effect<Ordeal, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const dataDir = join(yield* temporary, "pglite")
    const random = randomOf(seed)
    const said: Array<Said> = []
    for (let n = 0; n < kills; n++) {
      const life = startLife({ role: "write", kind: "pglite", place: dataDir, name: `p${n}`, seed: seed + n })
      // Who has written nothing has nothing to lose.
      while (life.lines.length < 60 && !life.hasFailed()) yield* Effect.sleep(5)
      yield* Effect.sleep(random() * 200)
      yield* Effect.promise(() => life.kill())
      said.push(...life.lines)
    }
    const store = Context.get(yield* Layer.build(layerPglite({ dataDir, schema })), Store)
    const end = yield* store.commit([{ key: "/end", value: "end" }])
    const log = yield* logOf(store, end)
    return { ...judge(log, said, []), faults: { ...noFaults(), writersKilled: kills } }
  })
