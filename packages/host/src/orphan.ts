/** Finds the processes a killed run left behind, by pid files that also name when the process was born. @module */
import { execFileSync } from "node:child_process"
import { readFileSync, rmSync } from "node:fs"
import { Effect, Schedule } from "effect"
import { writeFileAtomic } from "./file.ts"
import type { Signal } from "./process.ts"

/** A process by pid and birth: pids are reused, the pair is not. */
export interface ProcessIdentity {
  readonly pid: number
  /** From `startTimeOf`: boot id and ticks since boot on Linux, the date elsewhere. */
  readonly startTime: string
}

const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8)

const startTimeOnLinux = (pid: number): string | undefined => {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8")
  // The program's name, in parentheses, may hold spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  const state = fields[0]
  return state === "Z" || state === "X" ? undefined : `${bootId()}-${fields[19]}`
}

/** When a process was born, in a form to compare only; undefined when it is not running (a zombie is not). */
export const startTimeOf = (pid: number): string | undefined => {
  try {
    if (process.platform === "linux") return startTimeOnLinux(pid)
    const text = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { encoding: "utf8" }).trim()
    return text === "" || text.startsWith("Z") ? undefined : text.replace(/^\S+\s+/, "")
  } catch {
    return undefined
  }
}

/** Whether a process runs; with its birth, whether it is still the same one. */
export const processAlive = (pid: number, startTime?: string): boolean => {
  const current = startTimeOf(pid)
  return current !== undefined && (startTime === undefined || current === startTime)
}

/** Notes a running process in a file, to be found again by `readPidFile`; nothing is written when it has ended. */
export const writePidFile = (path: string, pid: number): void => {
  const startTime = startTimeOf(pid)
  if (startTime !== undefined) writeFileAtomic(path, `${pid} ${startTime}\n`)
}

/** Who a pid file names, when that very process still runs; a file about a dead process is removed. */
export const readPidFile = (path: string): ProcessIdentity | undefined => {
  let text: string
  try {
    text = readFileSync(path, "utf8").trim()
  } catch {
    return undefined
  }
  const [pidText = "", ...rest] = text.split(" ")
  const identity = { pid: Number(pidText), startTime: rest.join(" ") }
  if (Number.isInteger(identity.pid) && identity.pid > 1 && processAlive(identity.pid, identity.startTime)) return identity
  rmSync(path, { force: true })
  return undefined
}

const signalIdentity = (identity: ProcessIdentity, signal: Signal): boolean => {
  if (!processAlive(identity.pid, identity.startTime)) return false
  try {
    return process.kill(identity.pid, signal)
  } catch {
    return false
  }
}

/** Stops a process that is not our child: signal, bounded wait, SIGKILL. Done when it has ended; nothing happens when it is another process by now. */
export const stopOrphan = (
  identity: ProcessIdentity,
  options: { readonly stopSignal?: Signal; readonly stopTimeoutMs?: number } = {}
): Effect.Effect<void> => {
  const gone = Effect.sync(() => !processAlive(identity.pid, identity.startTime)).pipe(
    Effect.repeat({ until: (isGone) => isGone, schedule: Schedule.spaced("10 millis") })
  )
  return Effect.gen(function* () {
    if (!signalIdentity(identity, options.stopSignal ?? "SIGTERM")) return
    const ended = yield* Effect.timeoutOption(gone, options.stopTimeoutMs ?? 10_000)
    if (ended._tag === "Some") return
    signalIdentity(identity, "SIGKILL")
    yield* Effect.timeoutOption(gone, 10_000)
  })
}

/** Stops the process a pid file names, if it still runs, and removes the file. */
export const stopLeftover = (
  pidFile: string,
  options: { readonly stopSignal?: Signal; readonly stopTimeoutMs?: number } = {}
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const identity = readPidFile(pidFile)
    if (identity !== undefined) yield* stopOrphan(identity, options)
    rmSync(pidFile, { force: true })
  })
