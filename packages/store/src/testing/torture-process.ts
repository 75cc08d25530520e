/** A worker of the torture test, from its birth to its violent end, and what it said. @module */
import { join } from "node:path"
import type { Said } from "./torture-history.ts"

const worker = join(import.meta.dirname, "torture-worker.ts")

/** What a worker is and where its store is. */
export interface Role {
  readonly role: "write" | "watch"
  readonly kind: "postgres" | "cached" | "pglite"
  readonly place: string
  readonly name: string
  readonly seed: number
  /** Where a watcher goes on. */
  readonly after?: number
}

/** One life of a worker. */
export interface Life {
  readonly lines: ReadonlyArray<Said>
  /** Its store is open. */
  readonly isUp: () => boolean
  /** It ended although nobody killed it. */
  readonly hasFailed: () => boolean
  readonly signal: (signal: "SIGSTOP" | "SIGCONT") => void
  /** Ends it without warning, and reads what it had said. */
  readonly kill: () => Promise<void>
}

/** The schema all of them use. */
export const schema = "torture"

const parse = (line: string): Said | undefined => {
  // Warnings of the store's own log go to standard output too.
  if (!line.startsWith('["')) return undefined
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** Starts one. */
export const startLife = ({ role, kind, place, name, seed, after = 1 }: Role): Life => {
  const lines: Array<Said> = []
  let isUp = false
  const words = [role, kind, place, schema, name, String(seed), String(after)]
  const child = Bun.spawn([process.execPath, worker, ...words], { stdout: "pipe", stderr: "inherit" })
  const reading = (async () => {
    const decoder = new TextDecoder()
    let rest = ""
    for await (const chunk of child.stdout) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n")
      // What has no newline yet may be half a line, and stays so when the process is killed.
      rest = parts.pop() ?? ""
      for (const part of parts) {
        const said = parse(part)
        if (said?.[0] === "up") isUp = true
        else if (said !== undefined) lines.push(said)
      }
    }
  })()
  return {
    lines,
    isUp: () => isUp,
    hasFailed: () => child.exitCode !== null,
    signal: (signal) => child.kill(signal),
    kill: async () => {
      child.kill("SIGKILL")
      await child.exited
      await reading
    }
  }
}
