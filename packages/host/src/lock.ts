/** One process per folder: a second one is refused, a dead one's lock is taken over. @module */
import { linkSync, mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Data, Effect, type Scope } from "effect"
import { processAlive, startTimeOf } from "./orphan.ts"

/** Another live process holds the folder. */
export class FolderInUse extends Data.Error<{
  readonly folder: string
  readonly pid: number
  readonly flag: string | undefined
}> {
  readonly _tag = "FolderInUse"
  override get message(): string {
    const hint = this.flag === undefined ? "" : `; stop it, or choose another folder with ${this.flag}`
    return `${this.folder} is in use by process ${this.pid}${hint}`
  }
}

/** How often a lock that vanishes while we look at it is tried again. */
const attemptLimit = 20

const readHolder = (path: string): { readonly text: string; readonly pid: number; readonly startTime: string } | undefined => {
  try {
    const text = readFileSync(path, "utf8")
    const [pid = "", ...birth] = text.trim().split(" ")
    return { text, pid: Number(pid), startTime: birth.join(" ") }
  } catch {
    return undefined
  }
}

/** Takes the lock or says who holds it. `link` fails when the name exists, so a lock file is whole from its first moment on. */
const take = (path: string, mine: string): number | undefined => {
  for (let attempt = 0; attempt < attemptLimit; attempt++) {
    const draft = `${path}.${process.pid}.${attempt}`
    writeFileSync(draft, mine)
    try {
      linkSync(draft, path)
      return undefined
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
    } finally {
      unlinkSync(draft)
    }
    const holder = readHolder(path)
    if (holder === undefined) continue
    if (processAlive(holder.pid, holder.startTime)) return holder.pid
    // Two processes may both see the dead one: only the text that was judged dead is removed.
    if (readHolder(path)?.text === holder.text) rmSync(path, { force: true })
  }
  return 0
}

/**
 * Holds `folder` (made when absent) for this process until the scope ends. The lock of a dead process is taken over, also after a reboot.
 * `flag` is named in the error's message, as the thing to change. Not for network file systems: pids are this machine's.
 */
export const lockFolder = (
  folder: string,
  options: { readonly flag?: string; readonly name?: string } = {}
): Effect.Effect<void, FolderInUse, Scope.Scope> => {
  const path = join(folder, options.name ?? "lock")
  const mine = `${process.pid} ${startTimeOf(process.pid) ?? ""}\n`
  return Effect.acquireRelease(
    Effect.suspend(() => {
      mkdirSync(folder, { recursive: true })
      const holder = take(path, mine)
      return holder === undefined ? Effect.void : Effect.fail(new FolderInUse({ folder, pid: holder, flag: options.flag }))
    }),
    () =>
      Effect.sync(() => {
        if (readHolder(path)?.text === mine) rmSync(path, { force: true })
      })
  )
}
