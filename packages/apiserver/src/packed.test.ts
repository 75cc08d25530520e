/** The package as it is published: installed by npm in an empty folder, the README's programs on three runtimes. @module */
import { afterAll, beforeAll, expect, test } from "bun:test"
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const root = join(import.meta.dir, "../../..")
const examples = [...readFileSync(join(import.meta.dir, "../README.md"), "utf8").matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(
  ([, code = ""]) => code
)
const folder = mkdtempSync(join(tmpdir(), "tsukube-packed-"))

const run = (cwd: string, ...words: ReadonlyArray<string>): string => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...words], { cwd, stdout: "pipe", stderr: "pipe" })
  if (exitCode !== 0) throw new Error(`${words.join(" ")} ended with ${exitCode}:\n${stdout}${stderr}`)
  return stdout.toString()
}

beforeAll(() => {
  const packages = ["api", "host", "store", "apiserver", "client", "reconciler"]
  run(root, process.execPath, "scripts/build.ts", ...packages, "--pack", join(folder, "packed"))
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }')
  const tarballs = globSync(join(folder, "packed", "*.tgz"))
  const peers = ["effect@4.1.0", "node@24", "deno@2.9.6", "tsx@4.23.15"]
  run(folder, "npm", "install", "--no-audit", "--no-fund", "--prefer-offline", ...tarballs, ...peers)
  // npm runs no install scripts of dependencies; this one only puts the program in its place.
  run(folder, process.execPath, "node_modules/deno/install.cjs")
  for (const [index, code] of examples.entries()) writeFileSync(join(folder, `example-${index}.mts`), code)
}, 240_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const node = () => globSync(join(folder, "node_modules/{node,node-bin-*,node-linux-*}/bin/node"))[0] ?? ""
const runtimes = {
  Bun: () => [process.execPath],
  Node: () => [node()],
  "Node with tsx": () => [node(), "--import", "tsx"],
  Deno: () => [join(folder, "node_modules/.bin/deno"), "run", "-A"]
}

for (const [name, command] of Object.entries(runtimes))
  test(`every program of the README, the operator among them, runs on ${name}`, () => {
    expect(examples.filter((code) => code.includes("runController"))).toHaveLength(1)
    for (const index of examples.keys()) expect(run(folder, ...command(), `example-${index}.mts`)).not.toBe("")
  }, 120_000)

test("what is published is plain JavaScript in few files, with declarations and without tests", () => {
  const published = join(folder, "node_modules/@tsukube/apiserver")
  const files = globSync("**/*", { cwd: published })
  expect(files.filter((path) => path.endsWith(".js")).length).toBeLessThan(40)
  expect(files).toContain("promise.d.ts")
  expect(
    files.filter((path) => /\.test\.|(^|\/)testing\//.test(path) || (path.endsWith(".ts") && !path.endsWith(".d.ts")))
  ).toEqual([])
})
