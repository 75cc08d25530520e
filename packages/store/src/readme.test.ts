import { expect, setDefaultTimeout, test } from "bun:test"
import { readFileSync } from "node:fs"
import { join } from "node:path"

setDefaultTimeout(30_000)

const folder = join(import.meta.dir, "..")
const examples = [...readFileSync(join(folder, "README.md"), "utf8").matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(
  ([, code = ""]) => code
)

test("the README has examples", () => expect(examples.length).toBeGreaterThan(2))

for (const [index, code] of examples.entries())
  test(`example ${index + 1} of the README runs as it stands`, async () => {
    const child = Bun.spawn([process.execPath, "-e", code], { cwd: folder, stdout: "pipe", stderr: "pipe" })
    const [output, errors, exitCode] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited
    ])
    expect([exitCode, errors]).toEqual([0, ""])
    expect(output).not.toBe("")
  })
