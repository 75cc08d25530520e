/** Two API servers on one PostgreSQL, one killed again and again while ten clients write and watch: nothing acknowledged is lost, no event missed or doubled. @module */
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { configmaps } from "@tsukube/api/core-v1"
import { openClient } from "@tsukube/client/promise"
import { type ScratchPostgres, scratchPostgres, systemPostgres } from "@tsukube/store/scratch-postgres"
import { requireTool } from "@tsukube/testing"
import { Effect, Exit, Scope } from "effect"

const there = requireTool("fail-over between API servers", { "a PostgreSQL server": systemPostgres() !== undefined })

const kills = Number(process.env["FAILOVER_KILLS"] ?? 20)
const clients = 10

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

describe.skipIf(!there)("fail-over between API servers", () => {
  const scope = Scope.makeUnsafe()
  const folder = mkdtempSync(join(tmpdir(), "tsukube-failover-"))
  const running: Array<ChildProcess> = []
  let postgres: ScratchPostgres
  let ports: ReadonlyArray<number>

  const start = async (index: number): Promise<void> => {
    const args = [join(import.meta.dirname, "apiserver-process.ts"), postgres.url, String(ports[index]), folder]
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] })
    running[index] = child
    let output = ""
    child.stderr!.on("data", (chunk) => (output += chunk))
    await new Promise<void>((resolve, reject) => {
      child.stdout!.on("data", (chunk) => String(chunk).includes("ready") && resolve())
      child.once("exit", () => reject(new Error(`the server ended: ${output}`)))
    })
  }
  const kill = async (index: number): Promise<void> => {
    const child = running[index]!
    const gone = new Promise((resolve) => child.once("exit", resolve))
    child.kill("SIGKILL")
    await gone
  }

  beforeAll(async () => {
    postgres = await Effect.runPromise(Scope.provide(scratchPostgres, scope))
    ports = [await freePort(), await freePort()]
    await start(0)
    await start(1)
  }, 60_000)
  afterAll(async () => {
    for (const child of running) child.kill("SIGKILL")
    await Effect.runPromise(Scope.close(scope, Exit.void))
    rmSync(folder, { recursive: true, force: true })
  })

  const open = (index: number) => openClient({ file: join(folder, `kubeconfig-${ports[index]}`) })

  test("no acknowledged write is lost, no event missed or doubled", async () => {
    const acknowledged = new Set<string>()
    let over = false

    /** Tries one server, then the other, as clients behind a load balancer do. */
    const writer = async (id: number): Promise<void> => {
      const both = [await open(0), await open(1)]
      for (let number = 0; !over; number++) {
        const name = `w-${id}-${number}`
        for (let attempt = id; ; attempt++) {
          try {
            await both[attempt % 2]!.create(configmaps, { metadata: { name, namespace: "default" } })
            break
          } catch (error) {
            // The answer of an earlier attempt was lost, the write was not.
            if ((error as { reason?: string }).reason === "AlreadyExists") break
            await pause(20)
          }
        }
        acknowledged.add(name)
        await pause(5)
      }
      for (const client of both) await client[Symbol.asyncDispose]()
    }

    /** Watches on from the last revision that it saw, at whichever server is there. */
    const watcher = async (id: number, done: Promise<void>): Promise<ReadonlyArray<string>> => {
      const both = [await open(0), await open(1)]
      const seen: Array<string> = []
      let resourceVersion = (await both[id % 2]!.list(configmaps, { namespace: "default" })).metadata?.resourceVersion ?? ""
      let finished = false
      void done.then(() => {
        finished = true
      })
      for (let attempt = id; !finished || seen.length < acknowledged.size; attempt++) {
        try {
          for await (const { type, object } of both[attempt % 2]!.watch(configmaps, { namespace: "default", resourceVersion })) {
            resourceVersion = object.metadata?.resourceVersion ?? resourceVersion
            if (type !== "BOOKMARK" && object.metadata?.name?.startsWith("w-") === true)
              seen.push(`${type} ${object.metadata.name}`)
            if (finished && seen.length >= acknowledged.size) break
          }
        } catch {
          await pause(20)
        }
      }
      for (const client of both) await client[Symbol.asyncDispose]()
      return seen
    }

    let finish = (): void => {}
    const done = new Promise<void>((resolve) => (finish = resolve))
    const watching = Array.from({ length: clients / 2 }, (_, id) => watcher(id, done))
    await pause(200)
    const writing = Array.from({ length: clients / 2 }, (_, id) => writer(id))
    for (let i = 0; i < kills; i++) {
      await pause(150)
      await kill(i % 2)
      await start(i % 2)
    }
    over = true
    await Promise.all(writing)
    finish()
    const client = await open(0)
    // Whoever waits for the next event gets one more, and sees that it was the last.
    acknowledged.add("w-last")
    await client.create(configmaps, { metadata: { name: "w-last", namespace: "default" } })
    const histories = await Promise.all(watching)
    const stored = (await client.list(configmaps, { namespace: "default" })).items.map((item) => item.metadata?.name ?? "")
    await client[Symbol.asyncDispose]()
    expect([...acknowledged].filter((name) => !stored.includes(name))).toEqual([])
    for (const history of histories) {
      expect(history.length).toBe(acknowledged.size)
      expect(new Set(history).size).toBe(acknowledged.size)
      // All saw the same order.
      expect(history).toEqual(histories[0]!)
    }
    expect(acknowledged.size).toBeGreaterThan(kills)
  }, 240_000)
})
