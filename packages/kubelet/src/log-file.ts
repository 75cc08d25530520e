/** Reads a container's log file: from the end, since a time, up to a size, and on while it grows. @module */
import { type FileHandle, open, stat } from "node:fs/promises"
import { type LogLine, parseLogLine, printLogLine } from "./log-line.ts"
import type { LogOptions } from "./runtime.ts"

const chunkBytes = 64 * 1024
const pollMs = 100
const newline = 0x0a

/**
 * The wanted part of a log. With `follow` it goes on until `ended` says that nobody writes any more. When the file is
 * replaced by rotation, reading goes on at the start of the new one. Leaving the loop closes the file.
 */
export const readLogFile = async function* (
  path: string,
  options: LogOptions,
  ended: () => Promise<boolean>
): AsyncGenerator<Uint8Array> {
  let file = await openOrUndefined(path)
  let replacement: FileHandle | undefined
  let budget = options.limitBytes ?? Number.POSITIVE_INFINITY
  try {
    let position = file === undefined || options.tailLines === undefined ? 0 : await tailOffset(file, options.tailLines)
    let rest: Uint8Array = new Uint8Array(0)
    let wasEnded = false
    for (;;) {
      const chunk = file === undefined ? new Uint8Array(0) : await readAt(file, position)
      if (chunk.length > 0) {
        position += chunk.length
        const { lines, remainder } = splitLines(rest, chunk)
        rest = remainder
        const text = renderLines(lines, options)
        const part = text.length > budget ? text.subarray(0, budget) : text
        budget -= part.length
        if (part.length > 0) yield part
        if (budget <= 0) return
        continue
      }
      if (!options.follow || wasEnded) return
      if (replacement !== undefined) {
        await file?.close()
        file = replacement
        replacement = undefined
        position = 0
        rest = new Uint8Array(0)
        continue
      }
      // What was written between our last read and the change of files is still to be read from the old one.
      replacement = await replacementOf(path, file)
      if (replacement !== undefined) continue
      // One more look at the file after the end was seen: the last lines may come after the last read.
      wasEnded = await ended()
      if (!wasEnded) await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  } finally {
    await file?.close()
    await replacement?.close()
  }
}

const openOrUndefined = (path: string): Promise<FileHandle | undefined> => open(path, "r").catch(() => undefined)

const readAt = async (file: FileHandle, position: number): Promise<Uint8Array> => {
  const buffer = new Uint8Array(chunkBytes)
  const { bytesRead } = await file.read(buffer, 0, chunkBytes, position)
  return buffer.subarray(0, bytesRead)
}

/** The file now at `path`, when it is another one than `file`. */
const replacementOf = async (path: string, file: FileHandle | undefined): Promise<FileHandle | undefined> => {
  if (file === undefined) return openOrUndefined(path)
  const now = await stat(path).catch(() => undefined)
  if (now === undefined) return undefined
  const { ino } = await file.stat()
  return now.ino === ino ? undefined : openOrUndefined(path)
}

/** Where the last `count` lines begin; a line that was written in parts counts as one. */
const tailOffset = async (file: FileHandle, count: number): Promise<number> => {
  const { size } = await file.stat()
  if (count <= 0) return size
  let offset = size
  let tail: Uint8Array = new Uint8Array(0)
  while (offset > 0) {
    const from = Math.max(0, offset - chunkBytes)
    const buffer = new Uint8Array(offset - from)
    await file.read(buffer, 0, buffer.length, from)
    const joined = new Uint8Array(buffer.length + tail.length)
    joined.set(buffer)
    joined.set(tail, buffer.length)
    tail = joined
    offset = from
    const start = startOfLast(tail, count, from === 0)
    if (start !== undefined) return from + start
  }
  return 0
}

const startOfLast = (bytes: Uint8Array, count: number, complete: boolean): number | undefined => {
  let end = bytes.length
  let full = 0
  for (;;) {
    const before = end - 1 <= 0 ? -1 : bytes.lastIndexOf(newline, end - 2)
    if (before < 0 && !complete) return undefined
    const line = parseLogLine(bytes.subarray(before + 1, end))
    if (line !== undefined && !line.partial && full++ === count) return end
    if (before < 0) return 0
    end = before + 1
  }
}

const splitLines = (rest: Uint8Array, chunk: Uint8Array): { lines: ReadonlyArray<LogLine>; remainder: Uint8Array } => {
  const bytes = new Uint8Array(rest.length + chunk.length)
  bytes.set(rest)
  bytes.set(chunk, rest.length)
  const lines: Array<LogLine> = []
  let start = 0
  for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
    const line = parseLogLine(bytes.subarray(start, end))
    if (line !== undefined) lines.push(line)
    start = end + 1
  }
  return { lines, remainder: bytes.slice(start) }
}

/** The lines that are wanted, as a reader of logs sees them. */
export const renderLines = (lines: ReadonlyArray<LogLine>, options: LogOptions): Uint8Array => {
  const { since, stream } = options
  const wanted = lines.filter(
    (line) => (since === undefined || Date.parse(line.time) >= since) && (stream === undefined || line.stream === stream)
  )
  const parts = wanted.map((line) => printLogLine(line, options.timestamps))
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let position = 0
  for (const part of parts) {
    bytes.set(part, position)
    position += part.length
  }
  return bytes
}
