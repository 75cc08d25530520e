/** A watch on its way to a socket: frames are written as they come, and wait in a bounded queue while the client does not read. @module */
import type { LiveBody, Sink } from "../wire.ts"
import { type WatchOutput, waitingLimit } from "./watch-stream.ts"

/** What waited is handed on together up to this size. */
const chunkBytes = 256 * 1024

/** One watcher's way out of the process. */
export class WatchSink implements WatchOutput, LiveBody {
  #sink: Sink | undefined
  #queue: Array<Uint8Array>
  /** How many of the queue were there at the start: those do not count as a slow reader's. */
  #initial: number
  /** Nobody may be written to yet, or not now. */
  #waiting = true
  #state: "open" | "closing" | "ended" = "open"
  readonly #onEnd: () => void

  constructor(initial: ReadonlyArray<Uint8Array>, onEnd: () => void) {
    this.#queue = [...initial]
    this.#initial = initial.length
    this.#onEnd = onEnd
  }

  get ended(): boolean {
    return this.#state === "ended"
  }

  push(frame: Uint8Array): void {
    if (this.#state !== "open") return
    if (!this.#waiting) {
      this.#waiting = !this.#sink!.write(frame)
      return
    }
    this.#queue.push(frame)
    // The reader lists and watches again.
    if (this.#queue.length > waitingLimit + this.#initial) this.#finish()
  }

  /** Ends after what is queued. */
  end(): void {
    if (this.#state !== "open") return
    this.#state = "closing"
    this.#onEnd()
    if (this.#queue.length === 0 && this.#sink !== undefined) this.#finish()
  }

  attach(sink: Sink): void {
    this.#sink = sink
    // It may have ended before anybody listened.
    if (this.#state === "ended") sink.end()
    else this.drained()
  }

  drained(): void {
    if (this.#sink === undefined || this.#state === "ended") return
    this.#waiting = false
    while (this.#queue.length > 0 && !this.#waiting) this.#waiting = !this.#sink.write(this.#take())
    if (this.#state === "closing" && this.#queue.length === 0) this.#finish()
  }

  cancel(): void {
    this.#finish()
  }

  #take(): Uint8Array {
    let bytes = 0
    let count = 0
    while (count < this.#queue.length && (count === 0 || bytes + this.#queue[count]!.byteLength <= chunkBytes)) {
      bytes += this.#queue[count++]!.byteLength
    }
    const frames = this.#queue.splice(0, count)
    this.#initial = Math.max(0, this.#initial - count)
    return frames.length === 1 ? frames[0]! : Buffer.concat(frames)
  }

  #finish(): void {
    if (this.#state === "ended") return
    const told = this.#state === "closing"
    this.#state = "ended"
    this.#queue = []
    this.#sink?.end()
    if (!told) this.#onEnd()
  }
}
