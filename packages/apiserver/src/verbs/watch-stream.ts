/** A watch inside this process: frames go into a ReadableStream as they come; a watcher that does not read is ended, never waited for. @module */

/** Live frames that may wait for a reader; more than that and the watch ends. */
export const waitingLimit = 2048

/** Where a watch writes its frames. */
export interface WatchOutput {
  readonly ended: boolean
  readonly push: (frame: Uint8Array) => void
  /** Ends after what was pushed. */
  readonly end: () => void
}

/** Asking how many wait costs as much as handing a frame over, so it is done once in so many frames. */
const askEvery = 64

/** The first frames are handed on together up to this size. */
const chunkBytes = 256 * 1024

const joined = (frames: ReadonlyArray<Uint8Array>): ReadonlyArray<Uint8Array> => {
  const chunks: Array<Uint8Array> = []
  let open: Array<Uint8Array> = []
  let bytes = 0
  for (const frame of frames) {
    if (open.length > 0 && bytes + frame.byteLength > chunkBytes) {
      chunks.push(Buffer.concat(open))
      open = []
      bytes = 0
    }
    open.push(frame)
    bytes += frame.byteLength
  }
  if (open.length === 1) chunks.push(open[0]!)
  else if (open.length > 1) chunks.push(Buffer.concat(open))
  return chunks
}

/** One watcher's way out. */
export class WatchStream implements WatchOutput {
  readonly body: ReadableStream<Uint8Array>
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  /** How much room there is when all that may wait does. */
  readonly #leastRoom: number
  readonly #onEnd: () => void
  #pushed = 0

  constructor(initial: ReadonlyArray<Uint8Array>, onEnd: () => void) {
    const first = joined(initial)
    this.#leastRoom = -(waitingLimit + first.length)
    this.#onEnd = onEnd
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
          for (const chunk of first) controller.enqueue(chunk)
        },
        cancel: () => this.#finish()
      },
      { highWaterMark: 0 }
    )
  }

  get ended(): boolean {
    return this.#controller === undefined
  }

  push(frame: Uint8Array): void {
    const controller = this.#controller
    if (controller === undefined) return
    controller.enqueue(frame)
    // What waits may still be read; the reader lists and watches again after that.
    if (++this.#pushed % askEvery === 0 && controller.desiredSize! < this.#leastRoom) this.end()
  }

  end(): void {
    this.#controller?.close()
    this.#finish()
  }

  #finish(): void {
    if (this.#controller === undefined) return
    this.#controller = undefined
    this.#onEnd()
  }
}
