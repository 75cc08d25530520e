import { expect, test } from "bun:test"
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const root = join(import.meta.dir, "../../..")
const examples = [...readFileSync(join(import.meta.dir, "../README.md"), "utf8").matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(
  ([, code = ""]) => code
)

const run = (cwd: string, ...words: ReadonlyArray<string>): string => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...words], { cwd, stdout: "pipe", stderr: "pipe" })
  if (exitCode !== 0) throw new Error(`${words.join(" ")} ended with ${exitCode}:\n${stdout}${stderr}`)
  return stdout.toString()
}

test("packed and installed by npm in an empty folder, the README's examples and the command run on Node, Bun and Deno", () => {
  const folder = mkdtempSync(join(tmpdir(), "tsukube-packed-"))
  // The private PostgreSQL runs as another user when we are root, and that user must reach its programs.
  chmodSync(folder, 0o755)
  try {
    run(root, process.execPath, "scripts/build.ts", "host", "store", "--pack", join(folder, "packed"))
    writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }')
    const tarballs = globSync(join(folder, "packed", "*.tgz"))
    const peers = ["effect@4.1.0", "node@24", "deno@2.9.6"]
    run(folder, "npm", "install", "--no-audit", "--no-fund", "--prefer-offline", ...tarballs, ...peers)
    // npm runs no install scripts of dependencies; these two only put their program in its place.
    run(folder, process.execPath, "node_modules/deno/install.cjs")
    const [node = ""] = globSync(join(folder, "node_modules/{node,node-bin-*,node-linux-*}/bin/node"))
    const runtimes = [[node], [process.execPath], [join(folder, "node_modules/.bin/deno"), "run", "-A"]]
    for (const [index, code] of examples.entries()) writeFileSync(join(folder, `example-${index}.mts`), code)
    for (const runtime of runtimes)
      for (const index of examples.keys()) expect(run(folder, ...runtime, `example-${index}.mts`)).not.toBe("")
    for (const runtime of runtimes)
      expect(run(folder, ...runtime, "node_modules/@tsukube/store/cli/main.js", "status", "--store", "memory")).toContain(
        "revision  1"
      )
    expect(run(folder, node, "node_modules/.bin/tsukube-store", "--help")).toContain("Usage: tsukube-store")
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 240_000)
