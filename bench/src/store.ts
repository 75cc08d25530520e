/** The store on its embedded PostgreSQL beside etcd and the kine way on the same disk: writes, the way of a commit to other processes, and lists. @module */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Store } from "@tsukube/store"
import { startEmbedded } from "@tsukube/store/embedded"
import { layerPostgres } from "@tsukube/store/postgres"
import { Context, Effect, Layer } from "effect"
import type { Benchmark, Side } from "./measurement.ts"
import { type Etcd, prepareEtcd } from "./store-etcd.ts"
import { type Kine, startKine } from "./store-kine.ts"
import { latencyOf } from "./store-latency.ts"
import { copyTimes, listTimes } from "./store-lists.ts"

const clientCounts = [1, 16, 64, 256]
const seconds = 2
/** Both sides first do for a while what is measured then: new servers make their files, and learn. */
const warmUpSeconds = 1
const modes = ["put", "update", "mixed"] as const
type Mode = (typeof modes)[number]
const value = JSON.stringify({ padding: "x".repeat(2030) })

/** Milliseconds from the submission of a commit to three other processes, and how many clients make the load, with what pause. */
const latencies = { light: { clients: 1, pauseMs: 10, p50: 2 }, full: { clients: 64, pauseMs: 0, p99: 10 } } as const

/** Ratios promised, by case; where a case stands beside a budget, at most all of it. */
const bounds: Readonly<Record<string, number>> = {
  "put/1": 1.2,
  "put/64": 3,
  "put/256": 3,
  "mixed/1": 1.2,
  "mixed/64": 6,
  "mixed/256": 6,
  "mixed/64 (kine)": 6,
  "mixed/256 (kine)": 6,
  "watch/light p50 (budget)": 1,
  "watch/full p99 (budget)": 1,
  "list/cache (copied bytes)": 1.2,
  "list/postgres (COPY)": 2
}

/** One writer of its own key: puts blindly, or expects what it wrote last, or creates, updates twice and deletes in turn. */
const write = (store: Store, mode: Mode, key: string, untilMs: number): Effect.Effect<number> =>
  Effect.gen(function* () {
    let expected = (yield* store.get(key))?.revision ?? 0n
    let updates = 0
    while (performance.now() < untilMs) {
      if (mode === "put") yield* store.commit([{ key, value }])
      else {
        const deletes = mode === "mixed" && updates % 4 === 3
        const revision = yield* store.commit([{ key, value: deletes ? undefined : value, expected }])
        expected = deletes ? 0n : revision
      }
      updates++
    }
    return updates
  }).pipe(Effect.orDie)

/** The mix, the kine way. */
const writeKine = async (kine: Kine, key: string, untilMs: number): Promise<number> => {
  const bytes = Buffer.from(value)
  let expected = 0
  let updates = 0
  while (performance.now() < untilMs) {
    const step = updates % 4
    expected =
      step === 0
        ? await kine.create(key, bytes)
        : step === 3
          ? await kine.remove(key, expected)
          : await kine.update(key, bytes, expected)
    updates++
  }
  return updates
}

/** Writes a second of so many clients, each with a key of its own. */
const rateOf = async (clients: number, client: (key: string, untilMs: number) => Promise<number>): Promise<number> => {
  const writeFor = async (prefix: string, seconds: number): Promise<number> => {
    const begun = performance.now()
    const counts = await Promise.all(Array.from({ length: clients }, (_, i) => client(prefix + i, begun + seconds * 1000)))
    return counts.reduce((a, b) => a + b, 0) / ((performance.now() - begun) / 1000)
  }
  await writeFor("/warm/", warmUpSeconds)
  return writeFor("/measured/", seconds)
}

/** What is measured starts from nothing, and leaves nothing on the disk or in memory that would slow down the next. */
const inFolder = async <A>(work: (folder: string) => Promise<A>): Promise<A> => {
  const folder = mkdtempSync(join(tmpdir(), "tsukube-bench-"))
  Bun.gc(true)
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A private PostgreSQL that holds nothing yet; what is said of it is the folder of its socket. */
const withPostgres = <A>(work: (host: string) => Promise<A>): Promise<A> =>
  inFolder((folder) =>
    Effect.runPromise(
      Effect.scoped(
        Effect.flatMap(startEmbedded({ dataDir: folder, settings: { max_connections: "64" } }), ({ host }) =>
          Effect.promise(() => work(host))
        )
      )
    )
  )

const withStore = <A>(work: (store: Store, url: string, host: string) => Promise<A>): Promise<A> =>
  withPostgres((host) => {
    const url = `postgres://postgres@localhost/postgres?host=${encodeURIComponent(host)}`
    return Effect.runPromise(
      Effect.scoped(
        Effect.flatMap(Layer.build(layerPostgres({ url })), (context) =>
          Effect.promise(() => work(Context.get(context, Store), url, host))
        )
      )
    )
  })

const ours: Side = async () => {
  const numbers: Record<string, number> = {}
  // First, since it is about single milliseconds, and what a process has done before makes its pauses longer.
  for (const [load, { clients, pauseMs }] of Object.entries(latencies)) {
    const { p50, p99 } = await withStore((store, url) => latencyOf(store, url, clients, pauseMs, seconds))
    numbers[`watch/${load} p50 (budget)`] = p50
    numbers[`watch/${load} p99 (budget)`] = p99
  }
  for (const mode of modes)
    for (const clients of clientCounts) {
      const rate = await withStore((store) =>
        rateOf(clients, (key, untilMs) => Effect.runPromise(write(store, mode, key, untilMs)))
      )
      numbers[`${mode}/${clients}`] = rate
      if (mode === "mixed") numbers[`${mode}/${clients} (kine)`] = rate
    }
  const { cache, postgres } = await withStore((store) => listTimes(store, value))
  return { ...numbers, "list/cache (copied bytes)": cache, "list/postgres (COPY)": postgres }
}

const kineRate = (clients: number): Promise<number> =>
  withPostgres(async (host) => {
    const kine = await startKine(host)
    const rate = await rateOf(clients, (key, untilMs) => writeKine(kine, key, untilMs))
    await kine.stop()
    return rate
  })

const peerOf =
  (etcd: Etcd): Side =>
  async () => {
    const numbers: Record<string, number> = {}
    for (const mode of modes)
      for (const clients of clientCounts)
        numbers[`${mode}/${clients}`] = await inFolder(async (folder) => {
          const running = await etcd.start(folder)
          running.rate(mode, clients, warmUpSeconds, value.length)
          const rate = running.rate(mode, clients, seconds, value.length)
          await running.stop()
          return rate
        })
    for (const clients of clientCounts) numbers[`mixed/${clients} (kine)`] = await kineRate(clients)
    const copied = await withStore((store, _, host) => copyTimes(host, store, value))
    return {
      ...numbers,
      "watch/light p50 (budget)": latencies.light.p50,
      "watch/light p99 (budget)": latencies.full.p99,
      "watch/full p50 (budget)": latencies.full.p99,
      "watch/full p99 (budget)": latencies.full.p99,
      "list/cache (copied bytes)": copied.cache,
      "list/postgres (COPY)": copied.postgres
    }
  }

export const store: Benchmark = {
  name: "store",
  about:
    "2 KB values on the embedded PostgreSQL: puts, updates and a mix beside etcd and the kine way; milliseconds to watchers elsewhere, and of lists",
  unit: (name) => (/^(watch|list)/.test(name) ? "ms" : "writes/s"),
  better: (name) => (/^(watch|list)/.test(name) ? "lower" : "higher"),
  bound: (name) => bounds[name],
  rounds: 3,
  prepare: async () => {
    const folder = mkdtempSync(join(tmpdir(), "tsukube-bench-client-"))
    const etcd = prepareEtcd(folder)
    return {
      ours,
      peer: peerOf(etcd),
      peerName: `etcd ${etcd.version} or (…)`,
      [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true })
    }
  }
}
