/** How long a simulated cluster takes from the command to `cluster ready`, and what memory all its processes hold at rest. @module */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import type { Benchmark } from "./measurement.ts"

const repository = resolve(import.meta.dirname, "../..")

/** What we promise on a machine of two cores; no peer starts a whole cluster without containers. */
const budget = { "ready/cold": 3, "ready/warm": 1.5, "memory/idle": 400, "memory/idle-rss": 400 }

/** How long an idle cluster settles before its memory is read. */
const settleMs = 5000

interface Started {
  readonly child: ChildProcess
  readonly seconds: number
}

const start = (dataDir: string): Promise<Started> =>
  new Promise((ready, reject) => {
    const begun = performance.now()
    const args = ["run", "apps/cluster", "--data-dir", dataDir, "--secure-port", "0", "--runtime", "simulated"]
    const child = spawn("bun", args, { cwd: repository, stdio: ["ignore", "pipe", "inherit"] })
    let output = ""
    child.stdout.on("data", (chunk) => {
      output += chunk
      if (/^cluster ready in /m.test(output)) ready({ child, seconds: (performance.now() - begun) / 1000 })
    })
    child.once("error", reject)
    child.once("exit", (code) => reject(new Error(`the cluster ended with ${code}:\n${output}`)))
  })

const stop = ({ child }: Started): Promise<void> =>
  new Promise((done) => {
    child.once("exit", () => done())
    child.kill("SIGTERM")
  })

/** The process and all its descendants. */
const family = (root: number): ReadonlyArray<number> => {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8")
        return [[Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])] as const]
      } catch {
        return []
      }
    })
  const members = new Set([root])
  for (let grown = true; grown; ) {
    grown = false
    for (const [pid, parent] of parents) {
      if (!members.has(parent) || members.has(pid)) continue
      members.add(pid)
      grown = true
    }
  }
  return [...members]
}

/**
 * Memory held by these processes, in MB. `Rss` counts a page once for every process that maps it, `Pss` once in all: PostgreSQL's
 * processes share most of theirs.
 */
const megabytes = (pids: ReadonlyArray<number>, measure: "Pss" | "Rss"): number => {
  const line = new RegExp(`^${measure}:\\s+(\\d+) kB`, "m")
  return pids.reduce((sum, pid) => sum + Number(line.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0), 0) / 1024
}

const ours = async (): Promise<Readonly<Record<string, number>>> => {
  const dataDir = mkdtempSync(join(tmpdir(), "tsukube-bench-"))
  try {
    const cold = await start(dataDir)
    await stop(cold)
    const warm = await start(dataDir)
    await new Promise((resolve) => setTimeout(resolve, settleMs))
    const pids = family(warm.child.pid ?? -1)
    const memory = { "memory/idle": megabytes(pids, "Pss"), "memory/idle-rss": megabytes(pids, "Rss") }
    await stop(warm)
    return { "ready/cold": cold.seconds, "ready/warm": warm.seconds, ...memory }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

export const startup: Benchmark = {
  name: "startup",
  about: "a simulated cluster on its embedded PostgreSQL: seconds until ready, cold and warm, and memory at rest",
  unit: (name) => (name.startsWith("memory") ? "MB" : "s"),
  better: () => "lower",
  rounds: 5,
  prepare: async () => ({ ours, peer: async () => budget, peerName: "budget", [Symbol.asyncDispose]: async () => {} })
}
