/** Every example of this folder runs to its end and prints something. @module */
import { expect, test } from "bun:test"
import { spawnSync } from "node:child_process"
import { globSync } from "node:fs"
import { resolve } from "node:path"

const repository = resolve(import.meta.dirname, "..")
/** Parts of other examples, which print nothing by themselves. */
const silent = new Set(["label-copier.ts"])

for (const file of globSync("*.ts", { cwd: import.meta.dirname }).sort()) {
  if (file.endsWith(".test.ts") || silent.has(file)) continue
  test(`${file} runs`, () => {
    const { status, stdout, stderr } = spawnSync("bun", [`examples/${file}`], {
      cwd: repository,
      encoding: "utf8",
      timeout: 60_000
    })
    expect(stderr).toBe("")
    expect(status).toBe(0)
    expect(stdout).not.toBe("")
  })
}
