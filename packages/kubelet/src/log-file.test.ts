import { afterAll, expect, test } from "bun:test"
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { eventually } from "@tsukube/testing"
import { readLogFile } from "./log-file.ts"
import { formatLogLine } from "./log-line.ts"
import type { LogOptions } from "./runtime.ts"

const folder = mkdtempSync(join(tmpdir(), "tsukube-logs-"))
afterAll(() => rmSync(folder, { recursive: true }))

const path = join(folder, "0.log")
const at = Date.parse("2026-01-01T00:00:00Z")
writeFileSync(path, Array.from({ length: 5 }, (_, index) => formatLogLine(at + index * 1000, "stdout", `line ${index}`)).join(""))

const read = async (options: Partial<LogOptions>): Promise<string> => {
  let text = ""
  const all = { follow: false, timestamps: false, ...options }
  for await (const bytes of readLogFile(path, all, () => Promise.resolve(true))) text += new TextDecoder().decode(bytes)
  return text
}

test("the whole log is its lines without the runtime's prefix", async () => {
  expect(await read({})).toBe("line 0\nline 1\nline 2\nline 3\nline 4\n")
})

test("tailLines gives the last lines, 0 nothing, more than there are all", async () => {
  expect(await read({ tailLines: 2 })).toBe("line 3\nline 4\n")
  expect(await read({ tailLines: 0 })).toBe("")
  expect(await read({ tailLines: 5 })).toBe("line 0\nline 1\nline 2\nline 3\nline 4\n")
  expect(await read({ tailLines: 9 })).toBe("line 0\nline 1\nline 2\nline 3\nline 4\n")
})

test("since, limitBytes and timestamps", async () => {
  expect(await read({ since: at + 3000 })).toBe("line 3\nline 4\n")
  expect(await read({ limitBytes: 9 })).toBe("line 0\nli")
  expect(await read({ tailLines: 1, timestamps: true })).toBe("2026-01-01T00:00:04.000000000Z line 4\n")
})

test("parts of a long line are joined and count as one", async () => {
  const parts = join(folder, "parts.log")
  const time = "2026-01-01T00:00:00.000000000Z"
  writeFileSync(parts, `${time} stdout F a\n${time} stdout P b1 \n${time} stdout F b2\n`)
  let text = ""
  for await (const bytes of readLogFile(parts, { follow: false, timestamps: false, tailLines: 1 }, async () => true))
    text += new TextDecoder().decode(bytes)
  expect(text).toBe("b1 b2\n")
})

test("following goes on through a rotation and ends with the container", async () => {
  const growing = join(folder, "growing.log")
  writeFileSync(growing, formatLogLine(at, "stdout", "one"))
  let over = false
  let text = ""
  const reading = (async () => {
    for await (const bytes of readLogFile(growing, { follow: true, timestamps: false }, async () => over))
      text += new TextDecoder().decode(bytes)
  })()
  await eventually(() => text === "one\n")
  appendFileSync(growing, formatLogLine(at, "stderr", "two"))
  await eventually(() => text === "one\ntwo\n")
  renameSync(growing, `${growing}.1`)
  writeFileSync(growing, formatLogLine(at, "stdout", "three"))
  await eventually(() => text === "one\ntwo\nthree\n")
  over = true
  await reading
  expect(text).toBe("one\ntwo\nthree\n")
})
