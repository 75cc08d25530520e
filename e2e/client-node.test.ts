/** The other languages' favourite client for JavaScript, on Node, against an API server in this process. @module */
import { afterAll, expect, test } from "bun:test"
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startApiserver } from "@tsukube/apiserver/promise"
import { onPath, requireTool } from "@tsukube/testing"

const there = requireTool("clients on Node and Deno", { node: onPath("node"), npx: onPath("npx") })
/** It wants Node 22.19 or later; where there is an older one, npm has a newer. */
const found = Number(/^v(\d+)/.exec(spawnSync("node", ["--version"], { encoding: "utf8" }).stdout ?? "")?.[1] ?? 0)
const currentNode: readonly [string, ...ReadonlyArray<string>] = found >= 22 ? ["node"] : ["npx", "--yes", "node@24"]
const folder = mkdtempSync(join(tmpdir(), "tsukube-client-node-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a program prints; with what it complained of when it failed. */
const outputOf = ([command, ...first]: readonly [string, ...ReadonlyArray<string>], program: string, kubeconfig: string) =>
  new Promise<string>((resolve) => {
    const child = spawn(command, [...first, join(import.meta.dirname, "client-node", program), kubeconfig])
    let text = ""
    let errors = ""
    child.stdout.on("data", (chunk) => (text += chunk))
    child.stderr.on("data", (chunk) => (errors += chunk))
    child.on("close", (code) => resolve(code === 0 ? text : text + errors))
  })

test.skipIf(!there)(
  "@kubernetes/client-node reads, writes, watches and keeps an informer",
  async () => {
    await using server = await startApiserver({ store: "memory" })
    const kubeconfig = join(folder, "kubeconfig")
    writeFileSync(kubeconfig, server.kubeconfig)
    expect(await outputOf(currentNode, "check.mjs", kubeconfig)).toBe("ok\n")
  },
  180_000
)

const runtimes = { Bun: [process.execPath], Node: currentNode, Deno: ["npx", "--yes", "deno@2.9.6", "run", "-A"] } as const
for (const [name, command] of Object.entries(runtimes)) {
  test.skipIf(!there)(
    `our own client does the same on ${name}`,
    async () => {
      await using server = await startApiserver({ store: "memory" })
      const kubeconfig = join(folder, `kubeconfig-${name}`)
      writeFileSync(kubeconfig, server.kubeconfig)
      expect(await outputOf(command, "own-client.ts", kubeconfig)).toBe("ok\n")
    },
    180_000
  )
}

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
