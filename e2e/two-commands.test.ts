/** The two commands of the README, on a fresh clone, by a user who is not root and has nothing but Node and npm. @module */
import { afterAll, describe, expect, test } from "bun:test"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { isRoot, which } from "@tsukube/host"
import { requireTool } from "@tsukube/testing"

const repository = resolve(import.meta.dirname, "..")
const there = requireTool("the two commands", { git: which("git") !== undefined, npm: which("npm") !== undefined })

/** `nobody`: its number is the same on every Linux. */
const nobody = { uid: 65534, gid: 65534 }

/** A clone of the last commit with a home and a PATH of its own, where only `programs` are found besides the shell's. */
const freshMachine = (programs: ReadonlyArray<string>) => {
  const root = mkdtempSync(join(tmpdir(), "tsukube-fresh-"))
  chmodSync(root, 0o755)
  const [clone, home, bin] = [join(root, "tsukube"), join(root, "home"), join(root, "bin")]
  spawnSync("git", ["clone", "--quiet", repository, clone])
  mkdirSync(home)
  mkdirSync(bin)
  // A program on the PATH brings its neighbours along, so each gets a link in a folder of its own.
  for (const program of [...programs, "sh", "env", "uname", "sed", "dirname", "readlink", "basename"]) {
    const path = which(program)
    if (path !== undefined) symlinkSync(path, join(bin, program))
  }
  if (isRoot()) {
    spawnSync("chown", ["-R", `${nobody.uid}:${nobody.gid}`, clone])
    chownSync(home, nobody.uid, nobody.gid)
  }
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => /^(npm_config_registry|https?_proxy|NODE_EXTRA_CA_CERTS)$/i.test(name))
  )
  return { root, clone, home, env: { ...env, HOME: home, PATH: bin, CI: "true" }, ...(isRoot() ? nobody : {}) }
}
type FreshMachine = ReturnType<typeof freshMachine>

const machines: Array<FreshMachine> = []
afterAll(() => {
  for (const { root } of machines) rmSync(root, { recursive: true, force: true })
})

const start = (machine: FreshMachine, command: string): { readonly child: ChildProcess; readonly output: () => string } => {
  const { clone: cwd, env, uid, gid } = { uid: undefined, gid: undefined, ...machine }
  const user = uid === undefined || gid === undefined ? {} : { uid, gid }
  const child = spawn("sh", ["-c", command], { cwd, env, ...user, stdio: ["ignore", "pipe", "pipe"], detached: true })
  let output = ""
  child.stdout?.on("data", (chunk) => (output += chunk))
  child.stderr?.on("data", (chunk) => (output += chunk))
  return { child, output: () => output }
}

const ended = (child: ChildProcess): Promise<number | null> => new Promise((done) => child.once("exit", (code) => done(code)))

const run = async (machine: FreshMachine, command: string): Promise<void> => {
  const { child, output } = start(machine, command)
  const code = await ended(child)
  if (code !== 0) throw new Error(`${command} exited with ${code}:\n${output()}`)
}

/** Starts the cluster, waits for its last line, stops it as Ctrl-C in a terminal does: a signal to the whole group. */
const startsAndStops = async (machine: FreshMachine, command: string): Promise<void> => {
  const { child, output } = start(machine, command)
  const exit = ended(child)
  const ready = (async () => {
    while (!/^cluster ready in [\d.]+ s: export KUBECONFIG=.+$/m.test(output()))
      await new Promise((again) => setTimeout(again, 50))
    return "ready"
  })()
  const outcome = await Promise.race([ready, exit.then((code) => `exited with ${code}:\n${output()}`)])
  expect(outcome).toBe("ready")
  expect(output()).toContain("nodes are simulated")
  process.kill(-(child.pid ?? 0), "SIGINT")
  await exit
  expect(output()).toContain("stopping")
}

describe.skipIf(!there)("on a fresh clone, not as root", () => {
  test("npm install && npx bun run apps/cluster; npm test", async () => {
    const machine = freshMachine(["node", "npm", "npx"])
    machines.push(machine)
    await run(machine, "npm install --no-audit --no-fund")
    await startsAndStops(machine, "exec npx bun run apps/cluster --secure-port 0")
    await run(machine, "npm test -- packages/api packages/reconciler")
  }, 300_000)

  test("bun install && bun run apps/cluster; bun run test", async () => {
    const bun = join(repository, "node_modules/.bin/bun")
    const machine = freshMachine(["node"])
    machines.push(machine)
    symlinkSync(bun, join(machine.env.PATH, "bun"))
    await run(machine, "bun install")
    await startsAndStops(machine, "exec bun run apps/cluster --secure-port 0")
    await run(machine, "bun run test packages/api packages/reconciler")
  }, 300_000)
})
