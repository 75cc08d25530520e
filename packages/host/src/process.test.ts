import { afterAll, expect, test } from "bun:test"
import { spawn as nodeSpawn } from "node:child_process"
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { eventually, live } from "@tsukube/testing"
import { Effect, Exit, Scope } from "effect"
import { processAlive, startTimeOf, stopOrphan } from "./orphan.ts"
import { spawn } from "./process.ts"
import { RunError, run } from "./run.ts"
import { isRoot, which } from "./which.ts"

const folder = mkdtempSync(join(tmpdir(), "tsukube-process-"))
chmodSync(folder, 0o755)
afterAll(() => rmSync(folder, { recursive: true }))
const sh = (script: string) => ({ command: "sh", args: ["-c", script] })
const until = (condition: () => boolean) => Effect.promise(() => eventually(condition))

test(
  "a program ends with its scope, by the signal asked for",
  live(
    Effect.fnUntraced(function* () {
      const scope = yield* Scope.make()
      const child = yield* spawn(sh("trap 'echo interrupted; exit 3' INT; echo up; while :; do sleep 0.01; done"), {
        stopSignal: "SIGINT"
      }).pipe(Scope.provide(scope))
      yield* until(() => child.tail().includes("up"))
      yield* Scope.close(scope, Exit.void)
      expect(yield* Effect.promise(() => child.exited)).toEqual({ code: 3, signal: undefined })
      expect(child.tail()).toContain("interrupted")
      expect(processAlive(child.pid)).toBe(false)
    })
  )
)

test(
  "a program that will not stop is killed, with what it started",
  live(
    Effect.fnUntraced(function* () {
      const scope = yield* Scope.make()
      const child = yield* spawn(sh("trap '' TERM; sleep 1000 & echo $!; wait; wait; sleep 1000"), { stopTimeoutMs: 50 }).pipe(
        Scope.provide(scope)
      )
      yield* until(() => child.tail().includes("\n"))
      const grandchild = Number(child.tail())
      expect(processAlive(grandchild)).toBe(true)
      yield* Scope.close(scope, Exit.void)
      expect((yield* Effect.promise(() => child.exited)).signal).toBe("SIGKILL")
      yield* until(() => !processAlive(grandchild))
    })
  )
)

test(
  "a missing program is a SpawnError, and output goes to the log file",
  live(
    Effect.fnUntraced(function* () {
      const error = yield* Effect.flip(spawn({ command: "no-such-program", args: [] }))
      expect([error._tag, error.message]).toEqual([
        "SpawnError",
        "cannot start no-such-program: no-such-program is not installed"
      ])
      const logFile = join(folder, "logs", "x.log")
      const child = yield* spawn({ ...sh("echo out; echo err >&2"), logFile })
      expect(yield* Effect.promise(() => child.exited)).toEqual({ code: 0, signal: undefined })
      expect(readFileSync(logFile, "utf8")).toBe("out\nerr\n")
      expect(child.tail()).toBe("out\nerr\n")
    })
  )
)

test("a program dies with its parent, even when that one is killed", async () => {
  if (which("setpriv") === undefined) return
  const script = `
    import { Effect } from "effect"
    import { spawn } from ${JSON.stringify(join(import.meta.dirname, "process.ts"))}
    const users = [{}${isRoot() ? ", { uid: 65534, gid: 65534 }" : ""}]
    await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      for (const user of users) console.log((yield* spawn({ command: "sleep", args: ["1000"], ...user })).pid)
      yield* Effect.never
    })))`
  const parent = nodeSpawn(process.execPath, ["-e", script], { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "inherit"] })
  let output = ""
  parent.stdout.on("data", (chunk) => {
    output += chunk
  })
  const expected = isRoot() ? 2 : 1
  await eventually(() => output.trim().split("\n").filter(Boolean).length === expected)
  const pids = output.trim().split("\n").map(Number)
  // The wrapper takes a moment to turn into the program, and only then is the death signal set.
  await eventually(() => pids.every((pid) => readFileSync(`/proc/${pid}/comm`, "utf8") === "sleep\n"))
  parent.kill("SIGKILL")
  await eventually(() => pids.every((pid) => !processAlive(pid)))
})

test(
  "run returns what was printed, and fails with exit code and standard error",
  live(
    Effect.fnUntraced(function* () {
      expect(yield* run("cat", [], { stdin: "hello" })).toEqual({ stdout: "hello", stderr: "", exitCode: 0 })
      const error = yield* Effect.flip(run("sh", ["-c", "echo no >&2; exit 4"]))
      expect(error).toBeInstanceOf(RunError)
      expect([error.exitCode, error.stderr, error.message]).toEqual([4, "no\n", "sh -c echo no >&2; exit 4: exit 4: no"])
      expect((yield* Effect.flip(run("sleep", ["1000"], { timeoutMs: 20 }))).stderr).toBe("killed after 20 ms")
      expect((yield* Effect.flip(run("no-such-program", []))).exitCode).toBe(127)
    })
  )
)

test(
  "an orphan is known by its birth and stopped",
  live(
    Effect.fnUntraced(function* () {
      const child = yield* spawn({ command: "sleep", args: ["1000"] })
      const startTime = startTimeOf(child.pid) ?? ""
      expect(processAlive(child.pid, startTime)).toBe(true)
      expect(processAlive(child.pid, "another")).toBe(false)
      yield* stopOrphan({ pid: child.pid, startTime: "another" })
      expect(processAlive(child.pid)).toBe(true)
      yield* stopOrphan({ pid: child.pid, startTime })
      expect(processAlive(child.pid)).toBe(false)
      expect(startTimeOf(2 ** 22 + 1)).toBeUndefined()
    })
  )
)
