/** Real kubectl and client-go at two API servers of which one is killed again and again: nothing acknowledged is lost, no event missed or doubled. @module */
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { join } from "node:path"
import { configmaps } from "@tsukube/api/core-v1"
import { openClient } from "@tsukube/client/promise"
import { systemPostgres } from "@tsukube/store/scratch-postgres"
import { onPath, requireTool } from "@tsukube/testing"
import { startTwoApiservers, type TwoApiservers } from "./two-apiservers.ts"

const there = requireTool("fail-over of kubectl and client-go", {
  "a PostgreSQL server": systemPostgres() !== undefined,
  go: onPath("go"),
  kubectl: onPath("kubectl")
})

const kills = Number(process.env["FAILOVER_KILLS"] ?? 20)
const namespace = "default"
const theEnd = "the-end"

/** What kubectl says when the object is there already. */
const isThere = (error: string): boolean => /already ?exists/i.test(error)

/** A client-go program, and the lines that it printed. */
interface Program {
  readonly lines: ReadonlyArray<string>
  readonly stop: () => void
  readonly ended: Promise<number | null>
}

describe.skipIf(!there)("fail-over of kubectl and client-go", () => {
  let servers: TwoApiservers
  let program: string
  const children: Array<ChildProcess> = []

  beforeAll(async () => {
    servers = await startTwoApiservers()
    program = join(servers.folder, "check")
    const cwd = join(import.meta.dirname, "client-go")
    const built = spawnSync("go", ["build", "-o", program, "."], { cwd, encoding: "utf8" })
    if (built.status !== 0) throw new Error(built.stderr)
  }, 600_000)
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL")
    await servers?.[Symbol.asyncDispose]()
  })

  const clientGo = (mode: string, id = ""): Program => {
    const env = { ...process.env, KUBECONFIG: servers.kubeconfig, CLIENT: id }
    const child = spawn(program, [mode], { env, stdio: ["pipe", "pipe", "inherit"] })
    children.push(child)
    const lines: Array<string> = []
    let rest = ""
    child.stdout.on("data", (chunk) => {
      const parts = (rest + chunk).split("\n")
      rest = parts.pop() ?? ""
      lines.push(...parts)
    })
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve))
    return { lines, ended, stop: () => void child.stdin.end("\n") }
  }

  const kubectl = (id: number, args: ReadonlyArray<string>): Promise<{ readonly code: number | null; readonly err: string }> =>
    new Promise((resolve) => {
      const cache = join(servers.folder, `cache-${id}`)
      const child = spawn("kubectl", ["--kubeconfig", servers.kubeconfig, "--cache-dir", cache, "-n", namespace, ...args], {
        stdio: ["ignore", "ignore", "pipe"]
      })
      children.push(child)
      let err = ""
      child.stderr.on("data", (chunk) => (err += chunk))
      child.on("close", (code) => resolve({ code, err }))
    })

  test("nothing acknowledged is lost, no event missed or doubled", async () => {
    let over = false
    const acknowledged = new Set<string>()
    const numbers = new Map<string, number>()

    /** kubectl tries once; whoever calls it tries again. */
    const creating = async (id: number): Promise<void> => {
      for (let number = 0; !over; number++) {
        const name = `w-kubectl${id}-${number}`
        for (let failed = false; ; failed = true) {
          const { code, err } = await kubectl(id, ["create", "configmap", name])
          if (code === 0 || (failed && isThere(err))) break
          expect(isThere(err)).toBe(false)
        }
        acknowledged.add(name)
      }
    }
    const patching = async (id: number): Promise<void> => {
      const name = `count-kubectl${id}`
      while (!isThere((await kubectl(id, ["create", "configmap", name])).err)) {}
      for (let n = 1; !over; n++) {
        const { code } = await kubectl(id, ["patch", "configmap", name, "--type=merge", "-p", `{"data":{"n":"${n}"}}`])
        if (code === 0) numbers.set(name, n)
      }
    }

    const watchers = [clientGo("failover-watch"), clientGo("failover-watch")]
    const informer = clientGo("failover-inform")
    const ready = async (): Promise<void> => {
      while (![...watchers, informer].every(({ lines }) => lines.includes("watching")))
        await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await ready()
    const programs = [clientGo("failover-write", "1"), clientGo("failover-write", "2"), clientGo("failover-count", "1")]
    const loops = [creating(1), creating(2), creating(3), patching(4)]
    for (let i = 0; i < kills; i++) {
      await new Promise((resolve) => setTimeout(resolve, 150))
      await servers.kill(i % 2)
      await servers.start(i % 2)
    }
    over = true
    for (const { stop } of programs) stop()
    await Promise.all(loops)
    expect(await Promise.all(programs.map(({ ended }) => ended))).toEqual([0, 0, 0])
    for (const line of programs.flatMap(({ lines }) => lines)) {
      const [, name = "", number] = line.split(" ")
      if (number === undefined) acknowledged.add(name)
      else numbers.set(name, Number(number))
    }

    const client = await openClient({ file: servers.kubeconfigOf(0) })
    await client.create(configmaps, { metadata: { name: theEnd, namespace } })
    await Promise.all([...watchers, informer].map(({ ended }) => ended))
    expect([...watchers, informer].map(({ lines }) => lines.at(-1)?.startsWith(`event ADDED ${theEnd}`) || lines.at(-1))).toEqual(
      [true, true, true]
    )
    const stored = (await client.list(configmaps, { namespace })).items
    await client[Symbol.asyncDispose]()

    const names = new Set(stored.map(({ metadata }) => metadata?.name ?? ""))
    expect([...acknowledged].filter((name) => !names.has(name))).toEqual([])
    expect(acknowledged.size).toBeGreaterThan(kills)
    for (const [name, last] of numbers) {
      const now = Number(stored.find(({ metadata }) => metadata?.name === name)?.data?.["n"])
      // The last attempt may have been written without anybody being told.
      expect([last, last + 1]).toContain(now)
      expect(last).toBeGreaterThan(1)
    }

    // Both saw the same, in the same order; every object once, every number after the one before.
    const [one, other] = watchers.map(({ lines }) => lines.filter((line) => line.startsWith("event ")))
    expect(one).toEqual(other!)
    const added = one!.filter((line) => line.startsWith("event ADDED")).map((line) => line.split(" ")[2] ?? "")
    const written = [...names].filter((name) => /^(w|count)-|^the-end$/.test(name))
    expect(new Set(added)).toEqual(new Set(written))
    expect(added.length).toBe(written.length)
    for (const name of numbers.keys()) {
      const history = one!
        .filter((line) => line.split(" ")[2] === name)
        .map((line) => Number.parseInt(line.split(" ")[3] ?? "", 10))
      const steps = history.filter((n) => !Number.isNaN(n))
      expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b))
    }
    const counted = one!
      .filter((line) => line.split(" ")[2] === "count-go1")
      .map((line) => Number.parseInt(line.split(" ")[3] ?? "", 10))
    expect(counted).toEqual(Array.from({ length: counted.length }, (_, n) => n))
    // An informer may leave steps out, but tells of every object, once.
    const told = informer.lines
      .filter((line) => line.startsWith("event "))
      .filter((line) => written.includes(line.split(" ")[2] ?? ""))
    expect(told.toSorted()).toEqual(written.map((name) => `event ADDED ${name}`).toSorted())
  }, 300_000)
})
