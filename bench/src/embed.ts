/** How long an embedded API server takes from its import to its first answer, from this repository and as it is published. @module */
import { spawn, spawnSync } from "node:child_process"
import { copyFileSync, globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import type { Benchmark } from "./measurement.ts"

const repository = resolve(import.meta.dirname, "../..")
const script = join(import.meta.dirname, "embed-start.ts")
const packages = ["api", "host", "store", "apiserver"]

/** What we promise: an answer within 100 ms of the import; nobody else starts a Kubernetes API server in a JavaScript process. */
const answerMs = 100
const budget: Readonly<Record<string, number>> = Object.fromEntries([
  ...["source", "packed"].flatMap((place) => [
    [`${place}/answer`, answerMs],
    [`${place}/url`, 1.5 * answerMs],
    [`${place}/process`, 1.5 * answerMs],
    [`${place}/many/start`, 20],
    [`${place}/many/memory`, 4]
  ])
])

const run = (cwd: string, command: string, args: ReadonlyArray<string>): void => {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" })
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}:\n${stdout}${stderr}`)
}

/** A folder like a user's, with nothing in it but what npm installs of the packed packages. */
const install = (folder: string): void => {
  run(repository, process.execPath, ["scripts/build.ts", ...packages, "--pack", join(folder, "packed")])
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }')
  const tarballs = globSync(join(folder, "packed", "*.tgz"))
  run(folder, "npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", ...tarballs, "effect@4.1.0"])
  copyFileSync(script, join(folder, "embed-start.ts"))
}

interface Ended {
  readonly numbers: Readonly<Record<string, number>>
  /** From the command to its end. */
  readonly wholeMs: number
}

const start = (file: string, mode: string): Promise<Ended> =>
  new Promise((done, reject) => {
    const begun = performance.now()
    const child = spawn(process.execPath, ["run", file, mode], { stdio: ["ignore", "pipe", "inherit"] })
    let output = ""
    child.stdout.on("data", (chunk) => {
      output += chunk
    })
    child.once("error", reject)
    child.once("close", (code) => {
      const wholeMs = performance.now() - begun
      if (code === 0) done({ numbers: JSON.parse(output), wholeMs })
      else reject(new Error(`${file} ${mode} ended with ${code}`))
    })
  })

const timesOf = async (place: string, file: string): Promise<Readonly<Record<string, number>>> => {
  const [byFetch, byUrl, many] = [await start(file, "fetch"), await start(file, "url"), await start(file, "many")]
  const numbers = { ...byFetch.numbers, process: byFetch.wholeMs, ...byUrl.numbers, ...many.numbers }
  return Object.fromEntries(Object.entries(numbers).map(([name, number]) => [`${place}/${name}`, number]))
}

export const embed: Benchmark = {
  name: "embed",
  about: "an embedded API server in memory: from the import to the first answer, in process and over TLS; what one more costs",
  unit: (name) => (name.endsWith("memory") ? "MB" : "ms"),
  better: () => "lower",
  rounds: 10,
  prepare: async () => {
    const folder = mkdtempSync(join(tmpdir(), "tsukube-embed-"))
    install(folder)
    // The first start of each reads its files from the disk, the others find them in the page cache, as a second test run does.
    for (const file of [script, join(folder, "embed-start.ts")]) await start(file, "fetch")
    return {
      ours: async () => ({ ...(await timesOf("source", script)), ...(await timesOf("packed", join(folder, "embed-start.ts"))) }),
      peer: async () => budget,
      peerName: "budget",
      [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true })
    }
  }
}
