/** Clients that behave badly, thousands of them: the server stays within bounds, and everybody else is served. @module */
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { configmaps, namespaces } from "@tsukube/api/core-v1"
import { openClient, type PromiseClient } from "@tsukube/client/promise"
import { eventually, requireTool } from "@tsukube/testing"

interface Held {
  readonly residentBytes: number
  readonly files: number
}

/** As many files as a process may have: each half-open connection is one, on both sides. */
const unlimited = (script: string, args: ReadonlyArray<string>): ChildProcess =>
  spawn(
    "sh",
    ["-c", 'ulimit -n $(ulimit -Hn) && exec "$@"', "sh", process.execPath, join(import.meta.dirname, script), ...args],
    { stdio: ["pipe", "pipe", "inherit"] }
  )

const hardLimit = (): number => {
  const text = spawnSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).stdout.trim()
  return text === "unlimited" ? Number.POSITIVE_INFINITY : Number(text)
}

const lineOf = (child: ChildProcess, start: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ""
    const failed = (code: number | null) => reject(new Error(`ended with ${code}: ${text}`))
    const look = (chunk: Buffer): void => {
      text += chunk
      const line = text.split("\n").find((one) => one.startsWith(start))
      if (line === undefined || !text.includes(`${line}\n`)) return
      child.stdout?.off("data", look)
      child.off("exit", failed)
      resolve(line)
    }
    child.stdout?.on("data", look)
    child.once("exit", failed)
  })

const gone = (child: ChildProcess): Promise<unknown> => {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  const ended = new Promise((resolve) => child.once("exit", resolve))
  child.kill("SIGKILL")
  return ended
}

/** Connections at most; the memory that the server may take more than before, once it has collected its garbage. */
const abuses: ReadonlyArray<{ readonly mode: string; readonly count: number; readonly megabytes: number }> = [
  { mode: "half-open", count: 10_000, megabytes: 500 },
  { mode: "slow-headers", count: 500, megabytes: 200 },
  { mode: "slow-writers", count: 500, megabytes: 200 },
  { mode: "slow-readers", count: 200, megabytes: 700 },
  { mode: "slow-watchers", count: 200, megabytes: 300 },
  { mode: "reset-flood", count: 4, megabytes: 300 },
  { mode: "stream-flood", count: 10, megabytes: 700 }
]

describe.skipIf(!requireTool("abuse", { "12,000 open files a process (ulimit -Hn)": hardLimit() >= 12_000 }))("abuse", () => {
  const folder = mkdtempSync(join(tmpdir(), "tsukube-abuse-"))
  const kubeconfig = join(folder, "kubeconfig")
  let server: ChildProcess
  let client: PromiseClient
  const held = async (): Promise<Held> => {
    const answer = lineOf(server, "{")
    server.stdin?.write("\n")
    return JSON.parse(await answer)
  }

  beforeAll(async () => {
    server = unlimited("abuse-server.ts", [kubeconfig])
    await lineOf(server, "ready")
    client = await openClient({ file: kubeconfig })
    await client.create(namespaces, { metadata: { name: "big" } })
    const data = { text: "x".repeat(10_000) }
    for (let i = 0; i < 500; i++) await client.create(configmaps, { metadata: { namespace: "big", name: `big-${i}` }, data })
  }, 60_000)
  afterAll(async () => {
    await client?.[Symbol.asyncDispose]()
    if (server !== undefined) await gone(server)
    rmSync(folder, { recursive: true, force: true })
  })

  for (const { mode, count, megabytes } of abuses) {
    const title = `${count} × ${mode}: others are served, and what it costs is bounded and given back`
    test(title, async () => {
      const before = await held()
      const abuser = unlimited("abuse-client.ts", [mode, kubeconfig, String(count)])
      try {
        await lineOf(abuser, "ready")
        // New connections and old ones, reads and writes.
        for (let i = 0; i < 10; i++) {
          const fresh = await openClient({ file: kubeconfig })
          const name = `${mode}-${i}`
          await fresh.create(configmaps, { metadata: { namespace: "default", name } })
          const labels = { round: "1" }
          await client.patch(configmaps, { namespace: "default", name }, { type: "merge", body: { metadata: { labels } } })
          expect((await client.get(configmaps, { namespace: "default", name })).metadata?.labels).toEqual(labels)
          // Something for the watchers that do not read.
          const body = { data: { text: "y".repeat(50_000 + i) } }
          for (let j = 0; j < 20; j++)
            await client.patch(configmaps, { namespace: "big", name: `big-${j}` }, { type: "merge", body })
          await fresh[Symbol.asyncDispose]()
        }
        const during = await held()
        expect((during.residentBytes - before.residentBytes) / 1e6).toBeLessThan(megabytes)
        if (mode === "half-open") expect(during.files - before.files).toBeGreaterThan(count * 0.95)
      } finally {
        await gone(abuser)
      }
      await eventually(async () => (await held()).files < before.files + 20, {
        what: "the connections are gone",
        withinMs: 60_000
      })
      expect(((await held()).residentBytes - before.residentBytes) / 1e6).toBeLessThan(megabytes)
    }, 120_000)
  }
})
