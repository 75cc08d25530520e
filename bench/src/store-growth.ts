/** A million updates over ten thousand keys with compaction on: what they leave on the disk, and whether the last ones are as quick as the first. @module */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Store } from "@tsukube/store"
import { startEmbedded } from "@tsukube/store/embedded"
import { layerPostgres } from "@tsukube/store/postgres"
import { Context, Effect, Layer } from "effect"
import postgres from "postgres"
import type { Benchmark } from "./measurement.ts"

const updates = 1_000_000
const keys = 10_000
const clients = 64
const keepRevisions = 100_000
const value = "x".repeat(2048)

/** What we promise: size beside live data and retained history, and the last tenth beside the first. */
const budget = { "size/live": 3, "throughput/end": 0.9 }

const ours = (): Promise<Readonly<Record<string, number>>> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const folder = yield* Effect.acquireRelease(
          Effect.sync(() => mkdtempSync(join(tmpdir(), "tsukube-growth-"))),
          (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
        )
        const { host } = yield* startEmbedded({ dataDir: join(folder, "store") })
        const url = `postgres://postgres@localhost/postgres?host=${encodeURIComponent(host)}`
        const store = Context.get(yield* Layer.build(layerPostgres({ url, compaction: { keepRevisions } })), Store)
        const tenths: Array<number> = []
        let done = 0
        let begun = performance.now()
        const client = (from: number) =>
          Effect.gen(function* () {
            for (let i = from; i < updates; i += clients) {
              yield* store.commit([{ key: `/k/${i % keys}`, value }])
              if (++done % (updates / 10) !== 0) continue
              tenths.push(updates / 10 / ((performance.now() - begun) / 1000))
              begun = performance.now()
            }
          })
        yield* Effect.all(
          Array.from({ length: clients }, (_, i) => client(i)),
          { concurrency: "unbounded" }
        )
        const sql = postgres({
          host,
          port: 5432,
          user: "postgres",
          database: "postgres",
          max: 1
        } as object as postgres.Options<never>)
        const [row] = yield* Effect.promise(() =>
          sql.unsafe("select pg_total_relation_size('tsukube.log') + pg_total_relation_size('tsukube.head')").values()
        )
        yield* Effect.promise(() => sql.end())
        console.error(
          `store-growth: ${tenths.map((rate) => rate.toFixed(0)).join(" ")} updates/s, ${Number(row?.[0]) / 2 ** 20} MB`
        )
        return {
          "size/live": Number(row?.[0]) / ((keys + keepRevisions) * value.length),
          "throughput/end": (tenths.at(-1) ?? 0) / (tenths[0] ?? 1)
        }
      })
    )
  )

export const storeGrowth: Benchmark = {
  name: "store-growth",
  about: "a million updates over 10,000 keys with compaction on: size on disk, and the last tenth beside the first",
  unit: () => "times",
  better: (name) => (name.startsWith("size") ? "lower" : "higher"),
  rounds: 1,
  prepare: async () => ({ ours, peer: async () => budget, peerName: "budget", [Symbol.asyncDispose]: async () => {} })
}
