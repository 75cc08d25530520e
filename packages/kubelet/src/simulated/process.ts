/** What a simulated command is given: words, variables, files, and three streams. @module */
import type { TerminalSize } from "../runtime.ts"
import type { Files } from "./files.ts"

/** Takes bytes; resolves when there is room for more. Throws `BrokenPipe` when nobody reads them any more. */
export type Output = (bytes: Uint8Array) => Promise<void>

/** Whoever writes to it is to end silently, as by SIGPIPE. */
export class BrokenPipe extends Error {}

/** The process was asked to end: by a signal, by ^C, or because its client has gone. */
export class Interrupted extends Error {}

/** What all processes of a container share. */
export interface Machine {
  readonly hostname: string
  readonly files: Files
  readonly environment: ReadonlyMap<string, string>
  /** Where the container's own process writes: its log. */
  readonly console: { readonly stdout: Output; readonly stderr: Output }
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Throws `Interrupted` when the signal comes first. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

/** A terminal that the process has. */
export interface Terminal {
  readonly size: TerminalSize
}

/** A command while it runs. */
export interface Process {
  readonly machine: Machine
  /** Without the command's own name. */
  readonly args: ReadonlyArray<string>
  readonly environment: Map<string, string>
  readonly directory: string
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  readonly signal: AbortSignal
  readonly terminal?: Terminal
}

/** Resolves to the exit code. */
export type Command = (process: Process) => Promise<number>

const newline = 0x0a
const encoder = new TextEncoder()
const decoder = new TextDecoder()
const lineLimit = 1024 * 1024

/** Text as bytes. */
export const bytesOf = (text: string): Uint8Array => encoder.encode(text)
/** Bytes as text. */
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes)

/** What a process reads: in pieces as they come, or in lines. Processes that share it go on where the other stopped. */
export class Input {
  readonly #source: AsyncIterator<Uint8Array>
  #pending: Promise<IteratorResult<Uint8Array>> | undefined
  #rest: Uint8Array = new Uint8Array()
  /** Whether the last line that was read had no end of its own. */
  partial = false

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** The next bytes; undefined at the end. What is asked for and not waited for is kept for the next reader. */
  async chunk(signal: AbortSignal): Promise<Uint8Array | undefined> {
    if (this.#rest.length > 0) {
      const bytes = this.#rest
      this.#rest = new Uint8Array()
      return bytes
    }
    this.#pending ??= this.#source.next()
    const next = await orInterrupted(this.#pending, signal)
    this.#pending = undefined
    return next.done === true ? undefined : next.value
  }

  /** Puts bytes back in front. */
  unread(bytes: Uint8Array): void {
    this.#rest = joined([bytes, this.#rest])
  }

  /** The next line without its end; undefined at the end. */
  async line(signal: AbortSignal): Promise<Uint8Array | undefined> {
    const parts: Array<Uint8Array> = []
    let size = 0
    for (;;) {
      const bytes = await this.chunk(signal)
      this.partial = bytes === undefined
      if (bytes === undefined) return parts.length === 0 ? undefined : joined(parts)
      const end = bytes.indexOf(newline)
      if (end >= 0 || size + bytes.length > lineLimit) {
        parts.push(end < 0 ? bytes : bytes.subarray(0, end))
        if (end >= 0) this.unread(bytes.subarray(end + 1))
        return joined(parts)
      }
      parts.push(bytes)
      size += bytes.length
    }
  }

  /** Everything up to the end; throws a `RangeError` beyond the limit. */
  async all(signal: AbortSignal, limit: number = 64 * 1024 * 1024): Promise<Uint8Array> {
    const parts: Array<Uint8Array> = []
    let size = 0
    for (;;) {
      const bytes = await this.chunk(signal)
      if (bytes === undefined) return joined(parts)
      size += bytes.length
      if (size > limit) throw new RangeError("out of memory")
      parts.push(bytes)
    }
  }

  /** Nobody will read on: whoever writes to it learns so. */
  close(): void {
    void this.#source.return?.().catch(() => undefined)
  }
}

/** Several pieces as one. */
export const joined = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  if (parts.length === 1) return parts[0]!
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** The promise's value, unless the signal comes first. */
export const orInterrupted = <A>(promise: Promise<A>, signal: AbortSignal): Promise<A> => {
  if (signal.aborted) return Promise.reject(new Interrupted())
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Interrupted())
    signal.addEventListener("abort", stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop))
  })
}

let breaths = 0
/** Loops of simulated programs take turns with everything else in this process, and rest now and then. */
export const breathe = (): Promise<void> =>
  new Promise((resolve) => {
    if (breaths++ % 64 === 63) setTimeout(resolve, 2)
    else setImmediate(resolve)
  })
