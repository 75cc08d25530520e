/** Compare-and-set updates per second of the embedded PostgreSQL store, beside etcd on the same disk. @module */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { Store } from "@tsukube/store"
import { layerEmbedded } from "@tsukube/store/embedded"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import type { Benchmark, Side } from "./measurement.ts"

const clientCounts = [1, 16, 64, 256]
const seconds = 3
const value = JSON.stringify({ padding: "x".repeat(2030) })

/** One writer: updates its own key over and over, each time expecting the revision it wrote last. */
const write = (store: Store, key: string, untilMs: number): Effect.Effect<number> =>
  Effect.gen(function* () {
    let expected = (yield* store.get(key))?.revision ?? 0n
    let updates = 0
    while (performance.now() < untilMs) {
      expected = yield* store.commit([{ key, value, expected }])
      updates++
    }
    return updates
  }).pipe(Effect.orDie)

const ours =
  (store: Store): Side =>
  async () => {
    const rates: Record<string, number> = {}
    for (const clients of clientCounts) {
      const begun = performance.now()
      const writers = Array.from({ length: clients }, (_, i) => write(store, `/bench/${i}`, begun + seconds * 1000))
      const counts = await Effect.runPromise(Effect.all(writers, { concurrency: "unbounded" }))
      rates[`update/${clients}`] = counts.reduce((a, b) => a + b, 0) / ((performance.now() - begun) / 1000)
    }
    return rates
  }

const run = (command: string, args: ReadonlyArray<string>, cwd?: string): string => {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", ...(cwd === undefined ? {} : { cwd }) })
  if (error !== undefined) throw new Error(`bench store needs ${command}: ${error.message}`)
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} exited with ${status}: ${stderr}`)
  return stdout
}

/** The peer's client is written in Go, as its users' are. */
const peer =
  (client: string, endpoint: string): Side =>
  async () =>
    Object.fromEntries(
      clientCounts.map((clients) => {
        const args = [
          "-endpoint",
          endpoint,
          "-clients",
          String(clients),
          "-seconds",
          String(seconds),
          "-size",
          String(value.length)
        ]
        const { updates, seconds: took } = JSON.parse(run(client, args))
        return [`update/${clients}`, updates / took]
      })
    )

const startEtcd = async (folder: string): Promise<{ readonly child: ChildProcess; readonly endpoint: string }> => {
  const endpoint = "http://127.0.0.1:23790"
  const peerUrl = "http://127.0.0.1:23800"
  const urls = ["--listen-client-urls", endpoint, "--advertise-client-urls", endpoint, "--listen-peer-urls", peerUrl]
  const cluster = ["--initial-advertise-peer-urls", peerUrl, "--initial-cluster", `default=${peerUrl}`]
  const child = spawn("etcd", ["--data-dir", folder, ...urls, ...cluster], { stdio: "ignore" })
  for (let attempt = 0; attempt < 200; attempt++) {
    const healthy = await fetch(`${endpoint}/health`).then(
      (response) => response.ok,
      () => false
    )
    if (healthy) return { child, endpoint }
    await new Promise((again) => setTimeout(again, 50))
  }
  child.kill()
  throw new Error("etcd did not become healthy")
}

export const store: Benchmark = {
  name: "store",
  about: "compare-and-set updates of 2 KB values: the embedded PostgreSQL store beside etcd",
  unit: () => "writes/s",
  better: () => "higher",
  rounds: 3,
  prepare: async () => {
    const folder = mkdtempSync(join(tmpdir(), "tsukube-bench-"))
    const client = join(folder, "etcd-put")
    run("go", ["build", "-o", client, "."], resolve(import.meta.dirname, "../etcd-put"))
    const version = /etcd Version: (\S+)/.exec(run("etcd", ["--version"]))?.[1] ?? "?"
    const etcd = await startEtcd(join(folder, "etcd"))
    const scope = Scope.makeUnsafe()
    const context = await Effect.runPromise(Layer.buildWithScope(layerEmbedded({ dataDir: join(folder, "postgres") }), scope))
    return {
      ours: ours(Context.get(context, Store)),
      peer: peer(client, etcd.endpoint),
      peerName: `etcd ${version}`,
      [Symbol.asyncDispose]: async () => {
        await Effect.runPromise(Scope.close(scope, Exit.void))
        etcd.child.kill()
        rmSync(folder, { recursive: true, force: true })
      }
    }
  }
}
