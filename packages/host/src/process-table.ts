/** Reads who runs on this machine, and ends whole families of processes. Linux only: elsewhere the table is empty. @module */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { Effect } from "effect"

/** A running process. */
export interface RunningProcess {
  readonly pid: number
  readonly parent: number
  readonly commandLine: ReadonlyArray<string>
}

/** All processes of this machine that we can see. */
export const processTable = (): ReadonlyArray<RunningProcess> => {
  if (!existsSync("/proc/self/stat")) return []
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8")
      // The program's name, in parentheses, may hold spaces and parentheses itself.
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])
      const commandLine = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").filter(Boolean)
      return [{ pid: Number(name), parent, commandLine }]
    } catch {
      // It ended while we read.
      return []
    }
  })
}

/** The processes with these pids and all their descendants, parents first. */
export const familyOf = (table: ReadonlyArray<RunningProcess>, pids: ReadonlyArray<number>): ReadonlyArray<RunningProcess> => {
  const children = Map.groupBy(table, ({ parent }) => parent)
  const found = table.filter(({ pid }) => pids.includes(pid))
  // The list grows while it is walked; a process has one parent, so the walk ends.
  for (const { pid } of found) for (const child of children.get(pid) ?? []) if (!found.includes(child)) found.push(child)
  return found
}

/** Kills (SIGKILL) every process that matches, with all its descendants. For leftovers that nobody is there to stop properly. */
export const killFamilies = (matches: (process: RunningProcess) => boolean): Effect.Effect<void> =>
  Effect.sync(() => {
    const table = processTable()
    const roots = table.filter((each) => each.pid !== process.pid && matches(each)).map(({ pid }) => pid)
    for (const { pid } of familyOf(table, roots)) {
      try {
        process.kill(pid, "SIGKILL")
      } catch {
        // It ended by itself.
      }
    }
  })
