/** Every TypeScript example of every README runs as it stands. @module */
import { afterAll, expect, test } from "bun:test"
import { spawn } from "node:child_process"
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { requireTool } from "@tsukube/testing"

const repository = resolve(import.meta.dirname, "..")
/** Inside the repository, so that `@tsukube/…` resolves as it does for a user who installed it. */
const folder = join(repository, "examples/.readme")

interface Example {
  readonly readme: string
  readonly line: number
  /** Words behind `ts` on the fence: `root` when the example needs root on Linux. */
  readonly needs: ReadonlyArray<string>
  readonly code: string
}

const examplesOf = (readme: string): ReadonlyArray<Example> =>
  [...readFileSync(join(repository, readme), "utf8").matchAll(/^```ts([^\n]*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    readme,
    line: match.input.slice(0, match.index).split("\n").length,
    needs: match[1]?.trim().split(/\s+/).filter(Boolean) ?? [],
    code: match[2] ?? ""
  }))

const run = (file: string): Promise<string> =>
  new Promise((done, reject) => {
    const child = spawn("bun", [file], { cwd: repository, timeout: 60_000, stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    child.stdout.on("data", (chunk) => (output += chunk))
    child.stderr.on("data", (chunk) => (output += chunk))
    child.on("error", reject)
    child.on("close", (code) => (code === 0 ? done(output) : reject(new Error(`exited with ${code}:\n${output}`))))
  })

const readmes = ["README.md", ...globSync("packages/*/README.md", { cwd: repository }).sort()]
const examples = readmes.flatMap(examplesOf)
mkdirSync(folder, { recursive: true })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test("there is an example for every published package", () => {
  for (const manifest of globSync("packages/*/package.json", { cwd: repository })) {
    const { name, private: isPrivate } = JSON.parse(readFileSync(join(repository, manifest), "utf8"))
    if (isPrivate !== true) expect(examples.filter(({ code }) => code.includes(`from "${name}`))).not.toBeEmpty()
  }
})

for (const { readme, line, needs, code } of examples) {
  const conditions = needs.includes("root") ? { "root on Linux": process.platform === "linux" && process.getuid?.() === 0 } : {}
  test.skipIf(!requireTool(`${readme}:${line}`, conditions))(
    `the example at ${readme}:${line} runs`,
    async () => {
      const file = join(folder, `${readme.replaceAll("/", "-")}-${line}.ts`)
      writeFileSync(file, code)
      await run(file)
    },
    90_000
  )
}
