/** Starts programs that end with their scope and die with this process, and runs short commands to their end. @module */
import { type ChildProcess as NodeChildProcess, spawn as nodeSpawn, type StdioOptions } from "node:child_process"
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs"
import { dirname } from "node:path"
import type { Readable, Writable } from "node:stream"
import { Data, Effect, type Scope } from "effect"
import { type Placement, placedCommand } from "./command-line.ts"
import { which } from "./which.ts"

/** The signals by which programs are asked to stop. */
export type Signal = "SIGTERM" | "SIGINT" | "SIGQUIT" | "SIGHUP" | "SIGKILL" | "SIGUSR1" | "SIGUSR2"

/** How a program ended: by an exit code, or by a signal. */
export interface ExitStatus {
  readonly code: number | undefined
  readonly signal: string | undefined
}

/** A program to start. */
export interface ProcessSpec {
  readonly command: string
  readonly args: ReadonlyArray<string>
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly uid?: number
  readonly gid?: number
  /** Output is appended to this file; its folder is made. */
  readonly logFile?: string
  /**
   * Where output goes without a log file: `"tail"` (default) keeps the last 16 KiB for `tail()`, `"stream"` leaves `stdout` and
   * `stderr` to the caller, who must read them, `"inherit"` and `"ignore"` as their names say.
   */
  readonly output?: "tail" | "stream" | "inherit" | "ignore"
  /** Path of a network namespace to enter. */
  readonly netns?: string
  /** Path of a mount namespace to enter. */
  readonly mountNs?: string
  readonly stdin?: "ignore" | "pipe"
}

/** How a started program is stopped. */
export interface SpawnOptions {
  /** Sent when the scope ends; default SIGTERM. */
  readonly stopSignal?: Signal
  /** How long the program may take to stop before SIGKILL; default 10 s. */
  readonly stopTimeoutMs?: number
  /** What the kernel sends when this process dies without stopping it (Linux); default SIGKILL, `"none"`: the program may outlive us. */
  readonly deathSignal?: Signal | "none"
}

/** A running program. */
export interface ChildProcess {
  readonly pid: number
  /** Resolves when the program has ended and its output has been read; never rejects. */
  readonly exited: Promise<ExitStatus>
  /** Sends a signal (default SIGTERM); nothing happens when it has ended. */
  readonly kill: (signal?: Signal) => void
  /** The last output seen, for messages about a program that would not start. */
  readonly tail: () => string
  readonly stdin: Writable | undefined
  readonly stdout: Readable | undefined
  readonly stderr: Readable | undefined
}

/** The program could not be started: it is not there, or the system refused. */
export class SpawnError extends Data.Error<{ readonly command: string; readonly cause: unknown }> {
  readonly _tag = "SpawnError"
  override get message(): string {
    return `cannot start ${this.command}: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}`
  }
}

const tailLimitBytes = 16 * 1024

/** Children still running, killed when this process exits without closing their scopes: macOS has no death signal. */
const running = new Set<NodeChildProcess>()
let exitHookInstalled = false
const killAtExit = (child: NodeChildProcess): void => {
  running.add(child)
  if (exitHookInstalled) return
  exitHookInstalled = true
  process.on("exit", () => {
    for (const left of running) left.kill("SIGKILL")
  })
}

const readTail = (path: string): string => {
  try {
    return readFileSync(path, "utf8").slice(-tailLimitBytes)
  } catch {
    return ""
  }
}

const placementOf = (spec: ProcessSpec, deathSignal: Signal | "none"): Placement => ({
  ...(spec.netns === undefined ? {} : { netns: spec.netns }),
  ...(spec.mountNs === undefined ? {} : { mountNs: spec.mountNs }),
  ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
  ...(spec.uid === undefined ? {} : { uid: spec.uid }),
  ...(spec.gid === undefined ? {} : { gid: spec.gid }),
  ...(deathSignal === "none" || process.platform !== "linux" ? {} : { deathSignal })
})

const launch = (spec: ProcessSpec, deathSignal: Signal | "none"): NodeChildProcess => {
  const command = which(spec.command)
  // The wrappers would hide that a program is missing behind their own exit code 127.
  if (command === undefined && !spec.command.includes("/") && spec.mountNs === undefined)
    throw new Error(`${spec.command} is not installed`)
  const tools = { nsenter: which("nsenter"), setpriv: process.platform === "linux" ? which("setpriv") : undefined }
  const placed = placedCommand(command ?? spec.command, spec.args, placementOf(spec, deathSignal), tools)
  const output = spec.output === "inherit" || spec.output === "ignore" ? spec.output : "pipe"
  let log: number | undefined
  if (spec.logFile !== undefined) {
    mkdirSync(dirname(spec.logFile), { recursive: true })
    log = openSync(spec.logFile, "a", 0o600)
  }
  const stdio: StdioOptions = [spec.stdin ?? "ignore", log ?? output, log ?? output]
  try {
    return nodeSpawn(placed.command, placed.args, {
      stdio,
      // A session of its own: Ctrl-C in a terminal reaches us alone, and we stop our children in order.
      detached: true,
      env: { ...process.env, ...spec.env },
      ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
      ...(placed.uid === undefined ? {} : { uid: placed.uid }),
      ...(placed.gid === undefined ? {} : { gid: placed.gid })
    })
  } finally {
    if (log !== undefined) closeSync(log)
  }
}

const watchChild = (child: NodeChildProcess, pid: number, spec: ProcessSpec): ChildProcess => {
  killAtExit(child)
  let tail = ""
  const keep = (chunk: Buffer | string): void => {
    tail = (tail + String(chunk)).slice(-tailLimitBytes)
  }
  if (spec.logFile === undefined && (spec.output ?? "tail") === "tail") {
    child.stdout?.on("data", keep)
    child.stderr?.on("data", keep)
  }
  const streams = spec.output === "stream" && spec.logFile === undefined
  const exited = new Promise<ExitStatus>((resolve) => {
    // "close" waits for the output, which the caller of "stream" reads at its own pace (or a grandchild holds open).
    const done = (code: number | null, signal: string | null): void => {
      running.delete(child)
      resolve({ code: code ?? undefined, signal: signal ?? undefined })
    }
    child.once("exit", (code, signal) => (streams ? done(code, signal) : setTimeout(() => done(code, signal), 200).unref()))
    child.once("close", done)
  })
  return {
    pid,
    exited,
    kill: (signal = "SIGTERM") => void child.kill(signal),
    tail: () => (spec.logFile === undefined ? tail : readTail(spec.logFile)),
    stdin: child.stdin ?? undefined,
    stdout: child.stdout ?? undefined,
    stderr: child.stderr ?? undefined
  }
}

const start = (spec: ProcessSpec, deathSignal: Signal | "none"): Effect.Effect<ChildProcess, SpawnError> =>
  Effect.callback<ChildProcess, SpawnError>((resume) => {
    const fail = (cause: unknown): void => resume(Effect.fail(new SpawnError({ command: spec.command, cause })))
    try {
      const child = launch(spec, deathSignal)
      child.once("error", fail)
      if (child.pid !== undefined) resume(Effect.succeed(watchChild(child, child.pid, spec)))
    } catch (cause) {
      fail(cause)
    }
  })

const killGroup = (pid: number): void => {
  try {
    process.kill(-pid, "SIGKILL")
  } catch {
    // The group has ended already.
  }
}

/** Asks a program to stop, waits, then kills it and whatever it left in its process group. */
export const stop = (child: ChildProcess, options: SpawnOptions = {}): Effect.Effect<ExitStatus> =>
  Effect.gen(function* () {
    child.kill(options.stopSignal ?? "SIGTERM")
    const ended = yield* Effect.promise(() => child.exited).pipe(Effect.timeoutOption(options.stopTimeoutMs ?? 10_000))
    if (ended._tag === "Some") return ended.value
    killGroup(child.pid)
    return yield* Effect.promise(() => child.exited)
  })

/**
 * Starts a program. When the scope ends it is asked to stop by `stopSignal`, and killed with its process group after `stopTimeoutMs`.
 * Should this process die first, the kernel kills the program (Linux with setpriv); elsewhere a pid file finds it again (`orphan.ts`).
 * The program itself is what is tied to us, not what it starts in sessions of its own, such as containerd's shims.
 */
export const spawn = (spec: ProcessSpec, options: SpawnOptions = {}): Effect.Effect<ChildProcess, SpawnError, Scope.Scope> =>
  Effect.acquireRelease(start(spec, options.deathSignal ?? "SIGKILL"), (child) => stop(child, options))
