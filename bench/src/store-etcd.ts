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

/** An etcd that can be started. */
export interface Etcd {
  readonly version: string
  /** Starts an empty one in a folder. */
  readonly start: (folder: string) => Promise<RunningEtcd>
}

/** A running etcd. */
export interface RunningEtcd {
  /** Writes per second of so many clients: puts, compare-and-set updates, or a mix with creations and deletions. */
  readonly rate: (mode: string, clients: number, seconds: number, bytes: number) => number
  readonly stop: () => Promise<void>
}

/** Builds the client of etcd in a folder. */
export const prepareEtcd = (folder: string): Etcd => {
  const client = join(folder, "etcd-put")
  run("go", ["build", "-o", client, "."], resolve(import.meta.dirname, "../etcd-put"))
  const version = /etcd Version: (\S+)/.exec(run("etcd", ["--version"]))?.[1] ?? "?"
  const endpoint = "http://127.0.0.1:23790"
  const peerUrl = "http://127.0.0.1:23800"
  const urls = ["--listen-client-urls", endpoint, "--advertise-client-urls", endpoint, "--listen-peer-urls", peerUrl]
  const cluster = ["--initial-advertise-peer-urls", peerUrl, "--initial-cluster", `default=${peerUrl}`]
  const start = async (folder: string): Promise<RunningEtcd> => {
    const child: ChildProcess = spawn("etcd", ["--data-dir", join(folder, "etcd"), ...urls, ...cluster], { stdio: "ignore" })
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
    await untilHealthy(endpoint, child)
    const stop = (): Promise<void> => {
      child.kill()
      return ended
    }
    return { rate, stop }
  }
  const rate: RunningEtcd["rate"] = (mode, clients, seconds, bytes) => {
    const words = { mode, endpoint, clients, seconds, size: bytes }
    const args = Object.entries(words).flatMap(([name, word]) => [`-${name}`, String(word)])
    const { updates, seconds: took } = JSON.parse(run(client, args))
    return updates / took
  }
  return { version, start }
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
