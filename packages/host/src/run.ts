/** Runs a short command to its end and collects what it printed. @module */
import { spawn } from "node:child_process"
import { Data, Effect } from "effect"
import { placedCommand } from "./command-line.ts"
import { which } from "./which.ts"

export interface RunOptions {
  readonly stdin?: string
  /** Path of a network namespace to run in. */
  readonly netns?: string
  /** Path of a mount namespace to run in. */
  readonly mountNs?: string
  readonly cwd?: string
  /** The command is killed after this long; default 60 s. */
  readonly timeoutMs?: number
  readonly env?: Readonly<Record<string, string>>
}

export interface RunResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/** A command that could not be started (`exitCode` 127), was killed (-1) or exited non-zero. */
export class RunError extends Data.Error<{
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}> {
  readonly _tag = "RunError"
  override get message(): string {
    return `${[this.command, ...this.args].join(" ")}: exit ${this.exitCode}: ${this.stderr.trim() || this.stdout.trim()}`
  }
}

/** Runs a command and returns its output; fails with `RunError` when it exits non-zero. Interruption and the time limit kill it. */
export const run = (command: string, args: ReadonlyArray<string>, options: RunOptions = {}): Effect.Effect<RunResult, RunError> =>
  Effect.callback<RunResult, RunError>((resume) => {
    const fail = (exitCode: number, stderr: string, stdout = ""): void =>
      resume(Effect.fail(new RunError({ command, args, exitCode, stdout, stderr })))
    const path = which(command)
    if (path === undefined) return fail(127, `${command} is not installed`)
    const tools = { nsenter: which("nsenter"), setpriv: undefined }
    const placed = placedCommand(path, args, options, tools)
    const child = spawn(placed.command, placed.args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd })
    })
    let stdout = ""
    let stderr = ""
    const timeoutMs = options.timeoutMs ?? 60_000
    const timer = setTimeout(() => {
      stderr += `killed after ${timeoutMs} ms`
      child.kill("SIGKILL")
    }, timeoutMs)
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text
    })
    child.once("error", (error) => {
      clearTimeout(timer)
      fail(127, error.message)
    })
    child.once("close", (code) => {
      clearTimeout(timer)
      if (code === 0) resume(Effect.succeed({ stdout, stderr, exitCode: 0 }))
      else fail(code ?? -1, stderr, stdout)
    })
    // A command that exits without reading its input breaks the pipe; its exit code tells the story.
    child.stdin.on("error", () => {})
    child.stdin.end(options.stdin ?? "")
    return Effect.sync(() => {
      clearTimeout(timer)
      child.kill("SIGKILL")
    })
  })
