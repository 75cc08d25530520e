/** For tests only: a wall clock that can be set for single processes, by Debian's package libfaketime. @module */
import { chmodSync, globSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** The library that stands between a process and the clock; undefined when it is not installed. */
export const faketime = (): string | undefined => globSync("/usr/lib/*/faketime/libfaketime.so.1")[0]

/** The clock of the processes that run with `env`. */
export interface SettableClock {
  readonly env: Readonly<Record<string, string>>
  /** Steps it to so many days from the true time, forward or back, at once. */
  readonly set: (days: number) => void
}

/** A clock kept in a file, which anybody must be able to read. Clocks that nobody can set go on as they do. */
export const settableClock = (library: string, file: string): SettableClock => {
  const set = (days: number): void => writeFileSync(file, `${days < 0 ? "-" : "+"}${Math.abs(days)}d\n`, { mode: 0o644 })
  set(0)
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1"
    },
    set
  }
}

/** A folder beside one with programs, from which they run by another clock. Who starts them, maybe as another user, keeps his own. */
export const programsBy = (clock: SettableClock, bin: string, folder: string): string => {
  mkdirSync(folder, { mode: 0o755 })
  const settings = Object.entries(clock.env).map(([name, value]) => `${name}='${value}'`)
  for (const program of readdirSync(bin)) {
    const path = join(folder, program)
    writeFileSync(path, `#!/bin/sh\n${settings.join(" ")} exec '${join(bin, program)}' "$@"\n`)
    chmodSync(path, 0o755)
  }
  return folder
}
