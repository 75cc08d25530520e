/** A cluster killed in the middle of its work, and started again: nothing acknowledged is lost. @module */
import { afterAll, expect, test } from "bun:test"
import { rmSync } from "node:fs"
import { deployments } from "@tsukube/api/apps-v1"
import { configmaps, pods } from "@tsukube/api/core-v1"
import { openClient } from "@tsukube/client/promise"
import { processTable } from "@tsukube/host"
import { eventually } from "@tsukube/testing"
import { freshFolder, startCluster } from "./cluster-process.ts"

const dataDir = freshFolder()
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

/** Ten writers at a time, as a busy client would have. */
const writers = 10
const total = 500
/** The kill comes when so many creates have been acknowledged. */
const killAfter = 200

test("every create that was acknowledged before kill -9 is there after the next start, once", async () => {
  const acknowledged = new Map<string, string>()
  const first = await startCluster({ dataDir, args: ["--runtime", "simulated"] })
  {
    await using client = await openClient({ file: first.kubeconfig })
    await client.create(deployments, {
      metadata: { name: "web", namespace: "default" },
      spec: {
        replicas: 5,
        selector: { matchLabels: { app: "web" } },
        template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "nginx" }] } }
      }
    })
    let next = 0
    const write = async (): Promise<void> => {
      while (next < total) {
        const name = `c-${next++}`
        // The kill breaks the connection under some of them: those are not acknowledged.
        const created = await client
          .create(configmaps, { metadata: { name, namespace: "default" }, data: { name } })
          .catch(() => undefined)
        if (created === undefined) return
        acknowledged.set(name, created.metadata?.uid ?? "")
        if (acknowledged.size === killAfter) void first.stop("SIGKILL")
      }
    }
    await Promise.all(Array.from({ length: writers }, write))
  }
  await first.stop("SIGKILL")
  expect(acknowledged.size).toBeGreaterThanOrEqual(killAfter)
  expect(acknowledged.size).toBeLessThan(total)

  await using second = await startCluster({ dataDir, args: ["--runtime", "simulated"] })
  await using client = await openClient({ file: second.kubeconfig })
  const { items } = await client.list(configmaps, { namespace: "default" })
  const found = items.filter((item) => item.metadata?.name?.startsWith("c-") === true)
  expect(new Set(found.map((item) => item.metadata?.name)).size).toBe(found.length)
  const uids = new Map(found.map((item) => [item.metadata?.name ?? "", item.metadata?.uid ?? ""]))
  for (const [name, uid] of acknowledged) expect(uids.get(name)).toBe(uid)

  // The controllers go on where they were, and make nothing twice.
  await eventually(
    async () => (await client.get(deployments, { namespace: "default", name: "web" })).status?.readyReplicas === 5,
    { what: "five ready replicas", withinMs: 30_000 }
  )
  const running = await client.list(pods, { namespace: "default", labelSelector: "app=web" })
  expect(running.items.filter((pod) => pod.metadata?.deletionTimestamp === undefined)).toHaveLength(5)
}, 120_000)

test("a second cluster on the same data folder is refused, naming the flag", async () => {
  await using first = await startCluster({ args: ["--store", "memory", "--nodes", "0"] })
  const second = startCluster({ dataDir: first.dataDir, args: ["--store", "memory", "--nodes", "0"] })
  await expect(second).rejects.toThrow(/is in use by process \d+; stop it, or choose another folder with --data-dir/)
}, 60_000)

test("a port that is taken is refused, naming the flag", async () => {
  await using first = await startCluster({ args: ["--store", "memory", "--nodes", "0"] })
  const port = /:(\d+)$/m.exec(/^API server +(.+)$/m.exec(first.output())?.[1] ?? "")?.[1] ?? ""
  const second = startCluster({ args: ["--store", "memory", "--nodes", "0", "--secure-port", port] })
  await expect(second).rejects.toThrow(`--secure-port ${port}: port ${port} on 127.0.0.1 is in use`)
}, 60_000)

test("a PostgreSQL that is not there is refused, naming the flag and hiding the password", async () => {
  const error = await startCluster({ args: ["--store", "postgres://me:hidden@127.0.0.1:1/none"] }).then(
    () => undefined,
    (thrown: unknown) => String(thrown)
  )
  expect(error).toContain("--store postgres://me@127.0.0.1:1/none")
  expect(error).not.toContain("hidden")
}, 60_000)

test("SIGINT stops it with code 0 and leaves no process", async () => {
  const cluster = await startCluster({ args: ["--runtime", "simulated"] })
  expect(await cluster.stop("SIGINT")).toBe(0)
  const holders = processTable().filter(({ commandLine }) => commandLine.some((argument) => argument.includes(cluster.dataDir)))
  expect(holders).toEqual([])
  await cluster[Symbol.asyncDispose]()
}, 60_000)
