/** Writes per second of the embedded PostgreSQL store, beside etcd on the same disk: blind puts, compare-and-set, and a mix. @module */
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
const modes = ["put", "update", "mixed"] as const
type Mode = (typeof modes)[number]
const value = JSON.stringify({ padding: "x".repeat(2030) })

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

const ours =
  (store: Store): Side =>
  async () => {
    let round = performance.now()
    const rates: Record<string, number> = {}
    for (const mode of modes)
      for (const clients of clientCounts) {
        const begun = performance.now()
        const name = `/${mode}/${round}/`
        const writers = Array.from({ length: clients }, (_, i) => write(store, mode, `${name}${i}`, begun + seconds * 1000))
        const counts = await Effect.runPromise(Effect.all(writers, { concurrency: "unbounded" }))
        rates[`${mode}/${clients}`] = counts.reduce((a, b) => a + b, 0) / ((performance.now() - begun) / 1000)
        round++
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
      modes
        .flatMap((mode) => clientCounts.map((clients) => [mode, clients] as const))
        .map(([mode, clients]) => {
          const args = [
            "-mode",
            mode,
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
          return [`${mode}/${clients}`, updates / took]
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
  about:
    "puts, compare-and-set updates and a mix of creations, updates and deletions of 2 KB values: the embedded PostgreSQL store beside etcd",
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
