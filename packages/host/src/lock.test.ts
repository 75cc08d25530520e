import { afterAll, expect, test } from "bun:test"
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { live } from "@tsukube/testing"
import { Effect } from "effect"
import { writeFileAtomic } from "./file.ts"
import { lockFolder } from "./lock.ts"
import { readPidFile, startTimeOf, writePidFile } from "./orphan.ts"

const root = mkdtempSync(join(tmpdir(), "tsukube-lock-"))
afterAll(() => rmSync(root, { recursive: true }))
const newFolder = (): string => mkdtempSync(join(root, "folder-"))

test(
  "a folder is held by one process until the scope ends",
  live(
    Effect.fnUntraced(function* () {
      const folder = join(newFolder(), "data")
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* lockFolder(folder)
          const error = yield* Effect.flip(lockFolder(folder, { flag: "--data-dir" }))
          expect([error._tag, error.pid]).toEqual(["FolderInUse", process.pid])
          expect(error.message).toBe(
            `${folder} is in use by process ${process.pid}; stop it, or choose another folder with --data-dir`
          )
        })
      )
      expect(existsSync(join(folder, "lock"))).toBe(false)
      yield* lockFolder(folder)
    })
  )
)

test(
  "the lock of a dead process, and of a process with a reused pid, is taken over",
  live(
    Effect.fnUntraced(function* () {
      for (const text of ["4194305 x\n", `${process.pid} born-before\n`, ""]) {
        const folder = newFolder()
        writeFileSync(join(folder, "lock"), text)
        yield* Effect.scoped(lockFolder(folder))
      }
    })
  )
)

test("a pid file names a live process only as long as it is the same one", () => {
  const path = join(newFolder(), "x.pid")
  expect(readPidFile(path)).toBeUndefined()
  writePidFile(path, process.pid)
  expect(readPidFile(path)).toEqual({ pid: process.pid, startTime: startTimeOf(process.pid) ?? "" })
  writeFileSync(path, `${process.pid} another-birth\n`)
  expect(readPidFile(path)).toBeUndefined()
  expect(existsSync(path)).toBe(false)
})

test("an atomic write makes folders, sets the mode and leaves no draft", () => {
  const folder = newFolder()
  const path = join(folder, "a", "b")
  writeFileAtomic(path, "one", { mode: 0o600, durable: true })
  writeFileAtomic(path, "two", { mode: 0o600 })
  expect(readFileSync(path, "utf8")).toBe("two")
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(new Bun.Glob("**/*.new").scanSync(folder).next().done).toBe(true)
})
