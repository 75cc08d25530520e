/** What a container leaves behind as the reason of its end: a file of its own, or the end of its log. @module */
import { closeSync, fstatSync, openSync, readSync } from "node:fs"
import { join } from "node:path"
import { parseLogLine } from "./log-line.ts"
import { annotationKeys, type RuntimeContainer } from "./runtime.ts"
import { podFolder } from "./volume/volumes.ts"

const limitBytes = 4096
const logLimitBytes = 2048
const logLimitLines = 80

/** The file on the node that a container sees as its termination message file. */
export const terminationFile = (rootDir: string, podUid: string, container: string, attempt: number): string =>
  join(podFolder(rootDir, podUid), "containers", container, String(attempt))

const readEnd = (path: string, limit: number): Buffer => {
  try {
    const file = openSync(path, "r")
    try {
      const { size } = fstatSync(file)
      const buffer = Buffer.alloc(Math.min(size, limit))
      readSync(file, buffer, 0, buffer.length, Math.max(0, size - limit))
      return buffer
    } finally {
      closeSync(file)
    }
  } catch {
    return Buffer.alloc(0)
  }
}

/** The message of a container that has ended; empty when it left none. */
export const terminationMessageOf = (rootDir: string, container: RuntimeContainer): string => {
  const message = readEnd(terminationFile(rootDir, container.podUid, container.name, container.attempt), limitBytes).toString(
    "utf8"
  )
  const fallback = container.annotations[annotationKeys.terminationMessagePolicy] === "FallbackToLogsOnError"
  if (message !== "" || !fallback || container.exitCode === 0) return message === "" ? container.message : message
  const lines = readEnd(container.logPath, 4 * logLimitBytes)
    .toString("latin1")
    .split("\n")
  const texts = lines.flatMap((line) => {
    const parsed = parseLogLine(Buffer.from(line, "latin1"))
    return parsed === undefined ? [] : [Buffer.from(parsed.text).toString("utf8")]
  })
  return texts.slice(-logLimitLines).join("\n").slice(-logLimitBytes)
}
