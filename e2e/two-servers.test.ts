/** Two API servers on one PostgreSQL: what one writes the other shows, in order, and one may die. @module */
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { cpSync, rmSync } from "node:fs"
import { join } from "node:path"
import { deployments } from "@tsukube/api/apps-v1"
import { configmaps } from "@tsukube/api/core-v1"
import { openClient } from "@tsukube/client/promise"
import { type ScratchPostgres, scratchPostgres, systemPostgres } from "@tsukube/store/scratch-postgres"
import { eventually, requireTool } from "@tsukube/testing"
import { Effect, Exit, Scope } from "effect"
import { type ClusterProcess, freshFolder, startCluster } from "./cluster-process.ts"

const there = requireTool("two API servers on one PostgreSQL", { "a PostgreSQL server": systemPostgres() !== undefined })

describe.skipIf(!there)("two API servers on one PostgreSQL", () => {
  const scope = Scope.makeUnsafe()
  const folders = [freshFolder(), freshFolder()] as const
  let postgres: ScratchPostgres
  let first: ClusterProcess
  let second: ClusterProcess
  beforeAll(async () => {
    postgres = await Effect.runPromise(Scope.provide(scratchPostgres, scope))
    first = await startCluster({ dataDir: folders[0], args: ["--store", postgres.url, "--runtime", "simulated"] })
    // Both are one cluster, so both have one authority.
    cpSync(join(folders[0], "pki"), join(folders[1], "pki"), { recursive: true })
    second = await startCluster({ dataDir: folders[1], args: ["--store", postgres.url, "--nodes", "0"] })
  }, 60_000)
  afterAll(async () => {
    await first?.stop()
    await second?.stop()
    await Effect.runPromise(Scope.close(scope, Exit.void))
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })

  const count = 200
  test("a watch on one sees the writes on the other, all and in order", async () => {
    await using reader = await openClient({ file: second.kubeconfig })
    await using writer = await openClient({ file: first.kubeconfig })
    const { metadata } = await reader.list(configmaps, { namespace: "default" })
    const seen: Array<string> = []
    const watching = (async () => {
      const options = {
        namespace: "default",
        ...(metadata?.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion })
      }
      for await (const event of reader.watch(configmaps, options)) {
        const name = event.object.metadata?.name ?? ""
        if (name.startsWith("w-")) seen.push(`${event.type} ${name}`)
        if (seen.length === count) return
      }
    })()
    for (let i = 0; i < count; i++) await writer.create(configmaps, { metadata: { name: `w-${i}`, namespace: "default" } })
    await watching
    expect(seen).toEqual(Array.from({ length: count }, (_, i) => `ADDED w-${i}`))
  }, 60_000)

  test("a read of one shows what the other has just acknowledged", async () => {
    await using one = await openClient({ file: first.kubeconfig })
    await using other = await openClient({ file: second.kubeconfig })
    for (let i = 0; i < 50; i++) {
      const key = { namespace: "default", name: `r-${i}` }
      await one.create(configmaps, { metadata: key })
      expect((await other.get(configmaps, key)).metadata?.name).toBe(key.name)
      await other.delete(configmaps, key)
      expect((await one.list(configmaps, { namespace: "default", fieldSelector: `metadata.name=${key.name}` })).items).toEqual([])
    }
  }, 60_000)

  test("killing one loses nothing, and the other takes over its controllers", async () => {
    await using client = await openClient({ file: second.kubeconfig })
    await first.stop("SIGKILL")
    const { items } = await client.list(configmaps, { namespace: "default" })
    expect(items.filter((item) => item.metadata?.name?.startsWith("w-") === true)).toHaveLength(count)
    await client.create(deployments, {
      metadata: { name: "after", namespace: "default" },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: "after" } },
        template: { metadata: { labels: { app: "after" } }, spec: { containers: [{ name: "c", image: "nginx" }] } }
      }
    })
    // A dead leader's lease runs out after 15 s.
    await eventually(
      async () => (await client.get(deployments, { namespace: "default", name: "after" })).status?.replicas === 1,
      {
        what: "the second process to lead",
        withinMs: 45_000
      }
    )
  }, 90_000)
})
