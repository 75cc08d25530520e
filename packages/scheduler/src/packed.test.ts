/** The package as it is published: installed by npm in an empty folder, on three runtimes, in a browser's bundle, on the command line. @module */
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Script } from "node:vm"
import { parse } from "yaml"

const root = join(import.meta.dir, "../../..")
/** The README's examples, but those that need a cluster. */
const examples = [...readFileSync(join(import.meta.dir, "../README.md"), "utf8").matchAll(/^```ts\n([\s\S]*?)^```/gm)]
  .map(([, code = ""]) => code)
  .filter((code) => !code.includes("@tsukube/apiserver"))
const folder = mkdtempSync(join(tmpdir(), "tsukube-packed-"))

interface Ended {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

const start = (cwd: string, words: ReadonlyArray<string>): Ended => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...words], { cwd, stdout: "pipe", stderr: "pipe" })
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() }
}

const run = (cwd: string, ...words: ReadonlyArray<string>): string => {
  const { exitCode, stdout, stderr } = start(cwd, words)
  if (exitCode !== 0) throw new Error(`${words.join(" ")} ended with ${exitCode}:\n${stdout}${stderr}`)
  return stdout
}

const nodes = {
  kind: "List",
  apiVersion: "v1",
  items: [
    { kind: "Node", apiVersion: "v1", metadata: { name: "a" }, status: { allocatable: { cpu: "2", memory: "4Gi", pods: "9" } } }
  ]
}
const pods = {
  kind: "List",
  apiVersion: "v1",
  items: ["web", "db"].map((name) => ({
    kind: "Pod",
    apiVersion: "v1",
    metadata: { name, namespace: "default" },
    spec: { containers: [{ name: "c", image: "i", resources: { requests: { cpu: "1500m" } } }] }
  }))
}

beforeAll(() => {
  run(root, process.execPath, "scripts/build.ts", "api", "client", "reconciler", "scheduler", "--pack", join(folder, "packed"))
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }')
  const tarballs = globSync(join(folder, "packed", "*.tgz"))
  const peers = ["effect@4.1.0", "node@24", "deno@2.9.6"]
  run(folder, "npm", "install", "--no-audit", "--no-fund", "--prefer-offline", ...tarballs, ...peers)
  // npm runs no install scripts of dependencies; this one only puts the program in its place.
  run(folder, process.execPath, "node_modules/deno/install.cjs")
  for (const [index, code] of examples.entries()) writeFileSync(join(folder, `example-${index}.mts`), code)
  writeFileSync(join(folder, "nodes.yaml"), JSON.stringify(nodes))
  writeFileSync(join(folder, "pods.yaml"), JSON.stringify(pods))
}, 240_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const runtimes = (): ReadonlyArray<ReadonlyArray<string>> => {
  const [node = ""] = globSync(join(folder, "node_modules/{node,node-bin-*,node-linux-*}/bin/node"))
  return [[node], [process.execPath], [join(folder, "node_modules/.bin/deno"), "run", "-A"]]
}

describe("the package, installed by npm in an empty folder", () => {
  test("runs the README's examples alike on Node, Bun and Deno", () => {
    for (const index of examples.keys()) {
      const [first, ...others] = runtimes().map((runtime) => run(folder, ...runtime, `example-${index}.mts`))
      expect(first).not.toBe("")
      for (const other of others) expect(other).toBe(first!)
    }
  }, 60_000)

  test("bundles for the browser without anything of Node, and the bundle plans", () => {
    run(folder, process.execPath, "build", "--target", "browser", "--format", "iife", "example-0.mts", "--outfile", "page.js")
    const bundle = readFileSync(join(folder, "page.js"), "utf8")
    expect(bundle.match(/(?:from|import|require)\s*\(?\s*["']node:/g)).toBeNull()
    const lines: Array<string> = []
    // A page has neither process nor Buffer nor require.
    const log = (...words: ReadonlyArray<unknown>) => lines.push(words.join(" "))
    const page = { console: { log }, URL, TextEncoder, TextDecoder, AbortController, crypto }
    new Script(bundle).runInNewContext(page)
    expect(`${lines.join("\n")}\n`).toBe(run(folder, process.execPath, "example-0.mts"))
  })

  test("plans on the command line, from lists as kubectl writes them, as a table, JSON and YAML", () => {
    const command = ["plan", "--nodes", "nodes.yaml", "--pods", "pods.yaml"]
    const bunx = (...more: ReadonlyArray<string>) =>
      start(folder, [process.execPath, "x", "@tsukube/scheduler", ...command, ...more])
    const asTable = bunx()
    // One of the pods has no room.
    expect(asTable.exitCode).toBe(1)
    expect(asTable.stdout).toMatch(/^NAMESPACE +NAME +STATUS +NODE +MESSAGE\ndefault +web +placed +a\ndefault +db +refused +-/)
    expect(bunx("-o", "table").stdout).toBe(asTable.stdout)
    const asJson = JSON.parse(bunx("-o", "json").stdout)
    expect(asJson).toMatchObject([
      { name: "web", type: "placed", nodeName: "a" },
      { name: "db", type: "refused" }
    ])
    expect(parse(bunx("-o", "yaml").stdout)).toEqual(asJson)
    for (const runtime of runtimes()) {
      const main = start(folder, [...runtime, "node_modules/@tsukube/scheduler/command/main.js", ...command])
      expect([main.exitCode, main.stdout]).toEqual([1, asTable.stdout])
    }
    const wrong = bunx("-o", "wide")
    expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining("--output must be one of table, json, yaml")])
  }, 60_000)
})
