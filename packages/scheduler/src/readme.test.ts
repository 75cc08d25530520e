/** The README's example that needs a cluster; the others are run from the package as it is published. @module */
import { expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { join } from "node:path"

test("the README's example with an API server in memory runs as it stands", () => {
  const folder = join(import.meta.dir, "..")
  const [code = ""] = [...readFileSync(join(folder, "README.md"), "utf8").matchAll(/^```ts\n([\s\S]*?)^```/gm)]
    .map(([, each = ""]) => each)
    .filter((each) => each.includes("@tsukube/apiserver"))
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, "--eval", code], { cwd: folder })
  expect([exitCode, stderr.toString(), stdout.toString()]).toEqual([0, "", "scheduling over 0 nodes\n"])
})
