/**
 * `npm test [-- PATH…]`: the tests of every package, then the suites that need a whole machine, one file after the other.
 * Closes with one line: `N passed, N failed, N skipped`.
 * @module
 */
import { spawn } from "node:child_process"
import { existsSync, globSync } from "node:fs"

/** System suites start servers and containers; bun's own five seconds are for less. */
const timeoutMs = 30_000

interface Totals {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** What `bun test` says at its end; a run that dies without a word counts as one failure. */
const totalsOf = (output: string, exitCode: number): Totals => {
  const count = (word: string) => Number(new RegExp(`^\\s*(\\d+) ${word}$`, "m").exec(output)?.[1] ?? 0)
  const totals = { passed: count("pass"), failed: count("fail"), skipped: count("skip") }
  return exitCode !== 0 && totals.failed === 0 ? { ...totals, failed: 1 } : totals
}

const runTests = (paths: ReadonlyArray<string>): Promise<Totals> =>
  new Promise((resolve) => {
    const child = spawn("bun", ["test", "--timeout", String(timeoutMs), ...paths.map((path) => `./${path}`)], {
      stdio: ["ignore", "pipe", "pipe"]
    })
    let output = ""
    const collect = (chunk: Buffer) => {
      output += chunk
      process.stdout.write(chunk)
    }
    child.stdout.on("data", collect)
    child.stderr.on("data", collect)
    // A runner that cannot be started is a failure like any other.
    child.on("error", (error) => collect(Buffer.from(`${error}\n`)))
    child.on("close", (code) => resolve(totalsOf(output, code ?? 1)))
  })

const asked = process.argv.slice(2)
/** System suites share the machine's kernel and ports, so each file has it for itself. */
const groups: ReadonlyArray<ReadonlyArray<string>> =
  asked.length > 0
    ? [asked.filter((path) => existsSync(path))]
    : [
        ...globSync("packages/*")
          .sort()
          .map((path) => [path]),
        ["apps", "bench", "conformance", "scripts", "examples"].filter((path) => globSync(`${path}/**/*.test.ts`).length > 0),
        ...globSync("e2e/**/*.test.ts")
          .sort()
          .map((path) => [path])
      ]

let sum: Totals = { passed: 0, failed: 0, skipped: 0 }
for (const paths of groups) {
  if (paths.flatMap((path) => (path.endsWith(".test.ts") ? [path] : globSync(`${path}/**/*.test.ts`))).length === 0) continue
  console.log(`\n== ${paths.join(" ")}`)
  const totals = await runTests(paths)
  sum = { passed: sum.passed + totals.passed, failed: sum.failed + totals.failed, skipped: sum.skipped + totals.skipped }
}
console.log(`\n${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`)
process.exitCode = sum.failed === 0 && sum.passed > 0 ? 0 : 1
