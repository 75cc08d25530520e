/** The conformance tests that pass today, against a simulated cluster, run by the command that a user would call. @module */
import { expect, test } from "bun:test"
import { spawn } from "node:child_process"
import { resolve } from "node:path"
import { startCluster } from "./cluster-process.ts"

const repository = resolve(import.meta.dirname, "..")

interface Ended {
  readonly exitCode: number | null
  readonly output: string
}

const conformance = (args: ReadonlyArray<string>): Promise<Ended> =>
  new Promise((done, reject) => {
    const child = spawn("bun", ["conformance/src/main.ts", ...args], { cwd: repository, stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    child.stdout.on("data", (chunk) => (output += chunk))
    child.stderr.on("data", (chunk) => (output += chunk))
    child.once("error", reject)
    child.once("close", (exitCode) => done({ exitCode, output }))
  })

// One test waits until an old version is thrown away, and CronJobs for the minutes to pass.
const args = ["--store", "memory", "--runtime", "simulated", "--nodes", "2", "--etcd-compaction-interval", "30s"]

test("every conformance test that is written and expected to pass does", async () => {
  await using cluster = await startCluster({ args })
  const { exitCode, output } = await conformance(["--kubeconfig", cluster.kubeconfig, "--except", "conformance/not-yet.txt"])
  const closing = output.trimEnd().split("\n").at(-1) ?? ""
  expect(output.match(/^FAIL .*(\n {14}.*)*/gm) ?? []).toEqual([])
  expect(closing).toMatch(/^\d+ passed, 0 failed, \d+ skipped$/)
  expect(Number.parseInt(closing, 10)).toBeGreaterThan(250)
  expect(exitCode).toBe(0)
}, 600_000)

test("a wrong flag is refused by name, and a cluster that does not answer is said to be so", async () => {
  const wrong = await conformance(["--kubeconfg", "x"])
  expect(wrong).toEqual({ exitCode: 2, output: "unknown flag --kubeconfg; --help lists them\n" })
  const missing = await conformance(["--kubeconfig", "/does/not/exist"])
  expect(missing.exitCode).toBe(2)
  expect(missing.output).toContain("cannot run: ")
})

test("--list says how many of the list are written", async () => {
  const { exitCode, output } = await conformance(["--list"])
  expect(output.trimEnd().split("\n").at(-1)).toMatch(/^\d+ of the 443 conformance tests of Kubernetes v1\.36 are written$/)
  expect(exitCode).toBe(0)
})
