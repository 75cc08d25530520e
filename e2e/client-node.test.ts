/** The other languages' favourite client for JavaScript, on Node, against an API server in this process. @module */
import { afterAll, expect, test } from "bun:test"
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startApiserver } from "@tsukube/apiserver/promise"
import { onPath, requireTool } from "@tsukube/testing"

const there = requireTool("@kubernetes/client-node", { node: onPath("node") })
/** It wants Node 22.19 or later; where there is an older one, npm has a newer. */
const found = Number(/^v(\d+)/.exec(spawnSync("node", ["--version"], { encoding: "utf8" }).stdout ?? "")?.[1] ?? 0)
const currentNode: readonly [string, ...ReadonlyArray<string>] = found >= 22 ? ["node"] : ["npx", "--yes", "node@24"]
const folder = mkdtempSync(join(tmpdir(), "tsukube-client-node-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.skipIf(!there)(
  "@kubernetes/client-node reads, writes, watches and keeps an informer",
  async () => {
    await using server = await startApiserver({ store: "memory" })
    const kubeconfig = join(folder, "kubeconfig")
    writeFileSync(kubeconfig, server.kubeconfig)
    const output = await new Promise<string>((resolve) => {
      const [command, ...first] = currentNode
      const child = spawn(command, [...first, join(import.meta.dirname, "client-node", "check.mjs"), kubeconfig])
      let text = ""
      let errors = ""
      child.stdout.on("data", (chunk) => (text += chunk))
      child.stderr.on("data", (chunk) => (errors += chunk))
      child.on("close", (code) => resolve(code === 0 ? text : text + errors))
    })
    expect(output).toBe("ok\n")
  },
  60_000
)

test("fifty servers live side by side in one process", async () => {
  const servers = await Promise.all(Array.from({ length: 50 }, () => startApiserver({ store: "memory" })))
  for (const [index, server] of servers.entries()) {
    const body = JSON.stringify({ kind: "Namespace", apiVersion: "v1", metadata: { name: `n-${index}` } })
    const request = new Request("https://x/api/v1/namespaces", {
      method: "POST",
      body,
      headers: { "content-type": "application/json" }
    })
    expect((await server.fetch(request)).status).toBe(201)
  }
  const answer = (await (await servers[7]!.fetch(new Request("https://x/api/v1/namespaces"))).json()) as {
    items: ReadonlyArray<{ metadata: { name: string } }>
  }
  expect(answer.items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith("n-"))).toEqual(["n-7"])
  await Promise.all(servers.map((server) => server.close()))
}, 60_000)
