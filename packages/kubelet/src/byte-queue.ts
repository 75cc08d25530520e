/** Bytes on their way from one who writes to one who reads, in this process: a pipe with a bound. @module */

/** A pipe. It has one reader. */
export interface ByteQueue {
  /** Resolves when there is room for more; false when nobody reads any more. */
  readonly push: (bytes: Uint8Array) => Promise<boolean>
  /** No more will come. */
  readonly end: () => void
  readonly ended: () => boolean
  /** What was pushed, in order; leaving the loop says that nobody reads any more. */
  readonly read: () => AsyncGenerator<Uint8Array, void>
}

/** A pipe in which about `limit` bytes may wait. */
export const makeQueue = (limit: number): ByteQueue => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  let ended = false
  let left = false
  let wakeReader = (): void => undefined
  let writers: Array<() => void> = []
  const wakeWriters = (): void => {
    const waiting = writers
    writers = []
    for (const wake of waiting) wake()
  }
  return {
    push: async (bytes) => {
      if (ended || left) return false
      if (bytes.length > 0) {
        chunks.push(bytes)
        size += bytes.length
        wakeReader()
      }
      while (size > limit && !ended && !left) await new Promise<void>((resolve) => writers.push(resolve))
      return !left
    },
    end: () => {
      ended = true
      wakeReader()
      wakeWriters()
    },
    ended: () => ended,
    read: async function* () {
      try {
        for (;;) {
          const chunk = chunks.shift()
          if (chunk !== undefined) {
            size -= chunk.length
            if (size <= limit) wakeWriters()
            yield chunk
          } else if (ended) return
          else await new Promise<void>((resolve) => (wakeReader = resolve))
        }
      } finally {
        left = true
        chunks.length = 0
        size = 0
        wakeWriters()
      }
    }
  }
}
