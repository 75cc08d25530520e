/** One line of a container log in CRI's format: time, stream, full or partial, text. @module */

/** A parsed line. */
export interface LogLine {
  /** RFC 3339 with nanoseconds, as written. */
  readonly time: string
  readonly stream: "stdout" | "stderr"
  /** The text goes on in the next line of the same stream. */
  readonly partial: boolean
  readonly text: Uint8Array
}

const space = 0x20
const newline = new Uint8Array([0x0a])
const ascii = new TextDecoder("latin1")

/** Reads `2026-01-02T03:04:05.678901234Z stdout F text`; undefined for anything else. */
export const parseLogLine = (line: Uint8Array): LogLine | undefined => {
  const first = line.indexOf(space)
  const second = line.indexOf(space, first + 1)
  const third = line.indexOf(space, second + 1)
  if (first < 0 || second < 0 || third < 0) return undefined
  const stream = ascii.decode(line.subarray(first + 1, second))
  if (stream !== "stdout" && stream !== "stderr") return undefined
  const tag = line[second + 1]
  return { time: ascii.decode(line.subarray(0, first)), stream, partial: tag === 0x50, text: line.subarray(third + 1) }
}

/** What a reader of logs sees of a line: its text, with the time in front where wanted. */
export const printLogLine = (line: LogLine, timestamps: boolean): Uint8Array => {
  const prefix = timestamps ? new TextEncoder().encode(`${line.time} `) : new Uint8Array(0)
  const end = line.partial ? new Uint8Array(0) : newline
  const bytes = new Uint8Array(prefix.length + line.text.length + end.length)
  bytes.set(prefix)
  bytes.set(line.text, prefix.length)
  bytes.set(end, prefix.length + line.text.length)
  return bytes
}

/** Writes a line in CRI's format. */
export const formatLogLine = (timeMs: number, stream: "stdout" | "stderr", text: string): string =>
  `${new Date(timeMs).toISOString().replace("Z", "000000Z")} ${stream} F ${text}\n`
