/** etcd beside the store: Debian's server with fsync on, and a client in Go, as its users' are. @module */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { join, resolve } from "node:path"

/** Runs a program to its end. */
const run = (command: string, args: ReadonlyArray<string>, cwd?: string): string => {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", ...(cwd === undefined ? {} : { cwd }) })
  if (error !== undefined) throw new Error(`bench store needs ${command}: ${error.message}`)
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} exited with ${status}: ${stderr}`)
  return stdout
}

/** A running etcd. */
export interface Etcd {
  readonly version: string
  /** Writes per second of so many clients: puts, compare-and-set updates, or a mix with creations and deletions. */
  readonly rate: (mode: string, clients: number, seconds: number, bytes: number) => number
  readonly stop: () => void
}

/** Starts etcd in a folder and builds its client there. */
export const startEtcd = async (folder: string): Promise<Etcd> => {
  const client = join(folder, "etcd-put")
  run("go", ["build", "-o", client, "."], resolve(import.meta.dirname, "../etcd-put"))
  const version = /etcd Version: (\S+)/.exec(run("etcd", ["--version"]))?.[1] ?? "?"
  const endpoint = "http://127.0.0.1:23790"
  const peerUrl = "http://127.0.0.1:23800"
  const urls = ["--listen-client-urls", endpoint, "--advertise-client-urls", endpoint, "--listen-peer-urls", peerUrl]
  const cluster = ["--initial-advertise-peer-urls", peerUrl, "--initial-cluster", `default=${peerUrl}`]
  const child: ChildProcess = spawn("etcd", ["--data-dir", join(folder, "etcd"), ...urls, ...cluster], { stdio: "ignore" })
  await untilHealthy(endpoint, child)
  return {
    version,
    rate: (mode, clients, seconds, bytes) => {
      const words = { mode, endpoint, clients, seconds, size: bytes }
      const { updates, seconds: took } = JSON.parse(
        run(
          client,
          Object.entries(words).flatMap(([name, word]) => [`-${name}`, String(word)])
        )
      )
      return updates / took
    },
    stop: () => child.kill()
  }
}

const untilHealthy = async (endpoint: string, child: ChildProcess): Promise<void> => {
  for (let attempt = 0; attempt < 200; attempt++) {
    const healthy = await fetch(`${endpoint}/health`).then(
      (response) => response.ok,
      () => false
    )
    if (healthy) return
    await new Promise((again) => setTimeout(again, 50))
  }
  child.kill()
  throw new Error("etcd did not become healthy")
}
