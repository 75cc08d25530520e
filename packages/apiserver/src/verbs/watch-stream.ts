/** A bounded queue of frames behind a ReadableStream: a watcher that does not read is ended, never waited for. @module */

/** Live frames that may wait for a reader; more than that and the watch ends. */
const queueLimit = 2048
/** Frames are handed on together up to this size. */
const chunkBytes = 256 * 1024

/** One watcher's way out. */
export class WatchStream {
  readonly body: ReadableStream<Uint8Array>
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #queue: Array<Uint8Array>
  /** How many of the queue were there at the start: those do not count as a slow reader's. */
  #initial: number
  #wanted = false
  #closing = false
  readonly #onEnd: () => void

  constructor(initial: ReadonlyArray<Uint8Array>, onEnd: () => void) {
    this.#queue = [...initial]
    this.#initial = initial.length
    this.#onEnd = onEnd
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller
      },
      pull: () => {
        this.#wanted = true
        this.#flush()
      },
      cancel: () => {
        this.#controller = undefined
        this.#finish()
      }
    })
  }

  get ended(): boolean {
    return this.#controller === undefined
  }

  push(frame: Uint8Array): void {
    if (this.#controller === undefined || this.#closing) return
    this.#queue.push(frame)
    if (this.#wanted) this.#flush()
    else if (this.#queue.length > queueLimit + this.#initial) this.#drop()
  }

  /** Ends the stream after what is queued. */
  end(): void {
    if (this.#controller === undefined || this.#closing) return
    this.#closing = true
    this.#onEnd()
    if (this.#queue.length === 0) this.#close()
  }

  /** Ends the stream at once: the reader lists and watches again. */
  #drop(): void {
    this.#queue = []
    this.#close()
    this.#onEnd()
  }

  #flush(): void {
    if (this.#controller === undefined || this.#queue.length === 0) return
    let bytes = 0
    let count = 0
    while (count < this.#queue.length && (count === 0 || bytes + this.#queue[count]!.byteLength <= chunkBytes)) {
      bytes += this.#queue[count++]!.byteLength
    }
    const frames = this.#queue.splice(0, count)
    this.#initial = Math.max(0, this.#initial - count)
    this.#wanted = false
    this.#controller.enqueue(frames.length === 1 ? frames[0]! : Buffer.concat(frames))
    if (this.#closing && this.#queue.length === 0) this.#close()
  }

  #close(): void {
    this.#controller?.close()
    this.#controller = undefined
  }

  #finish(): void {
    this.#queue = []
    if (!this.#closing) this.#onEnd()
    this.#closing = true
  }
}
