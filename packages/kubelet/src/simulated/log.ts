/** The log of a simulated container: the last mebibyte of what it wrote, in memory. @module */
import { renderLines } from "../log-file.ts"
import type { LogLine } from "../log-line.ts"
import type { LogOptions } from "../runtime.ts"
import { joined, textOf } from "./process.ts"

const bytesLimit = 1024 * 1024
/** A line that is longer is written in parts. */
const lineLimit = 16 * 1024
const pollMs = 100
const newline = 0x0a

type Name = "stdout" | "stderr"

/** Lines with their times; the oldest go when there are too many. */
export class ContainerLog {
  readonly #now: () => number
  #lines: Array<LogLine> = []
  #bytes = 0
  /** How many lines are gone: readers count from the first that ever was. */
  #gone = 0
  readonly #open: Map<Name, ReadonlyArray<Uint8Array>> = new Map()
  #wake: Set<() => void> = new Set()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Takes what the container wrote; a line counts once its end has come. */
  write(stream: Name, bytes: Uint8Array): void {
    let start = 0
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      this.#add(stream, joined([...(this.#open.get(stream) ?? []), bytes.slice(start, end)]), false)
      this.#open.delete(stream)
      start = end + 1
    }
    if (start === bytes.length) return
    const rest = joined([...(this.#open.get(stream) ?? []), bytes.slice(start)])
    if (rest.length > lineLimit) this.#add(stream, rest, true)
    this.#open.set(stream, rest.length > lineLimit ? [] : [rest])
  }

  /** The container has ended: a line without an end is written as it is. */
  end(): void {
    for (const [stream, parts] of this.#open) if (parts.length > 0) this.#add(stream, joined(parts), true)
    this.#open.clear()
    this.#wakeAll()
  }

  /** The last `count` lines as text, at most so many bytes. */
  tail(count: number, bytes: number): string {
    const text = this.#lines.slice(-count).map((line) => `${textOf(line.text)}${line.partial ? "" : "\n"}`)
    return text.join("").slice(-bytes)
  }

  /** What is asked for; with `follow` on until `ended` says that nobody writes any more. */
  async *read(options: LogOptions, ended: () => Promise<boolean>): AsyncGenerator<Uint8Array> {
    let budget = options.limitBytes ?? Number.POSITIVE_INFINITY
    const count = this.#gone + this.#lines.length
    let next = options.tailLines === undefined ? 0 : Math.max(0, count - options.tailLines)
    let wasEnded = false
    for (;;) {
      const lines = this.#lines.slice(Math.max(0, next - this.#gone))
      next = this.#gone + this.#lines.length
      const bytes = renderLines(lines, options)
      if (bytes.length > 0 && budget > 0) yield bytes.subarray(0, Math.min(bytes.length, budget))
      budget -= bytes.length
      if (budget <= 0 || !options.follow || (wasEnded && lines.length === 0)) return
      if (next < this.#gone + this.#lines.length) continue
      wasEnded = await ended()
      if (!wasEnded) await this.#more()
    }
  }

  #add(stream: Name, text: Uint8Array, partial: boolean): void {
    const time = new Date(this.#now()).toISOString().replace("Z", "000000Z")
    this.#lines.push({ time, stream, partial, text })
    this.#bytes += text.length + 1
    let surplus = 0
    while (this.#bytes > bytesLimit && surplus < this.#lines.length - 1) this.#bytes -= this.#lines[surplus++]!.text.length + 1
    if (surplus > 0) {
      this.#lines = this.#lines.slice(surplus)
      this.#gone += surplus
    }
    this.#wakeAll()
  }

  /** New lines, or time to ask whether there can be any. */
  #more(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#wake.delete(done)
        resolve()
      }
      const timer = setTimeout(done, pollMs)
      this.#wake.add(done)
    })
  }

  #wakeAll(): void {
    for (const wake of this.#wake) wake()
  }
}
