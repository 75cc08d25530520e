/** The server's side of SPDY/3.1 on an upgraded connection, for what runs in this process: streams with headers, read and written. @module */
import type { Duplex } from "node:stream"
import { type ByteQueue, makeQueue } from "../byte-queue.ts"
import {
  controlFrame,
  dataFrame,
  type Frame,
  flagFin,
  frameLimit,
  frameTypes,
  headerBlock,
  makeFrameReader
} from "./spdy-frames.ts"
import { makeHeaderReader } from "./spdy-headers.ts"

/** A stream that the client has opened. */
export interface ServedStream {
  readonly headers: Readonly<Record<string, string>>
  /** What the client sends; ends with its half of the stream, or with the connection. */
  readonly input: AsyncIterable<Uint8Array>
  /** Resolves when there is room for more; does nothing once the connection is gone. */
  readonly write: (bytes: Uint8Array) => Promise<void>
  /** Closes our half. */
  readonly end: () => void
}

/** An open connection. */
export interface ServedSession {
  /** Ends when the connection does. */
  readonly signal: AbortSignal
  /** Sends what is written, then closes. */
  readonly close: () => void
}

const streamLimit = 1000
/** This much may wait in a stream before the connection is held back. */
const queueLimit = 1024 * 1024
const protocolError = 1
const refusedStream = 3

/** Serves the connection; `onStream` is called for each stream, in the order in which they were opened. */
export const serveSpdy = (
  socket: Duplex,
  head: Buffer,
  onStream: (stream: ServedStream, session: ServedSession) => void
): void => {
  const readFrames = makeFrameReader()
  const readHeaders = makeHeaderReader()
  const queues = new Map<number, ByteQueue>()
  /** Streams whose own half is closed. */
  const closed = new Set<number>()
  const gone = new AbortController()
  let replied = false
  let working: Promise<void> = Promise.resolve()

  const room = (): Promise<void> =>
    new Promise((resolve) => {
      if (!socket.writableNeedDrain || gone.signal.aborted) return resolve()
      const go = (): void => {
        socket.off("drain", go)
        gone.signal.removeEventListener("abort", go)
        resolve()
      }
      socket.on("drain", go)
      gone.signal.addEventListener("abort", go)
    })
  const write = async (id: number, bytes: Uint8Array): Promise<void> => {
    for (let start = 0; start < bytes.length && !gone.signal.aborted; start += frameLimit) {
      socket.write(dataFrame(id, 0, bytes.subarray(start, start + frameLimit)))
      await room()
    }
  }
  const forgetDone = (id: number): void => {
    if (!closed.has(id) || queues.get(id)?.ended() === false) return
    closed.delete(id)
    queues.delete(id)
  }
  const session: ServedSession = { signal: gone.signal, close: () => void socket.end() }

  const open = async ({ flags, payload }: Frame): Promise<void> => {
    const id = payload.readUInt32BE(0) & 0x7fffffff
    const headers = await readHeaders(payload.subarray(10))
    if (queues.size >= streamLimit || queues.has(id)) {
      const refusal = Buffer.alloc(8)
      refusal.writeUInt32BE(id, 0)
      refusal.writeUInt32BE(queues.has(id) ? protocolError : refusedStream, 4)
      socket.write(controlFrame(frameTypes.reset, refusal))
      return
    }
    const queue = makeQueue(queueLimit)
    queues.set(id, queue)
    const streamId = Buffer.alloc(4)
    streamId.writeUInt32BE(id, 0)
    socket.write(controlFrame(frameTypes.reply, Buffer.concat([streamId, headerBlock({}, !replied)])))
    replied = true
    if ((flags & flagFin) !== 0) queue.end()
    onStream(
      {
        headers,
        input: queue.read(),
        write: (bytes) => (queues.get(id) === queue && !closed.has(id) ? write(id, bytes) : Promise.resolve()),
        end: () => {
          if (queues.get(id) !== queue || closed.has(id)) return
          socket.write(dataFrame(id, flagFin, new Uint8Array()))
          closed.add(id)
          forgetDone(id)
        }
      },
      session
    )
  }
  const onFrame = async (frame: Frame): Promise<void> => {
    const { type, streamId, flags, payload, bytes } = frame
    if (type === undefined) {
      const queue = queues.get(streamId)
      if (payload.length > 0) await queue?.push(Buffer.from(payload))
      if ((flags & flagFin) === 0) return
      queue?.end()
      forgetDone(streamId)
    } else if (type === frameTypes.open) await open(frame)
    // Read all the same: the blocks of all frames are one compressed stream.
    else if (type === frameTypes.headers) await readHeaders(payload.subarray(4))
    else if (type === frameTypes.ping) socket.write(bytes)
    else if (type === frameTypes.goAway) socket.end()
    else if (type === frameTypes.reset) {
      const id = payload.readUInt32BE(0) & 0x7fffffff
      queues.get(id)?.end()
      queues.delete(id)
      closed.delete(id)
    }
  }
  /** One chunk after the other: headers are read asynchronously, and what follows them has to wait. */
  const onData = (chunk: Buffer): void => {
    socket.pause()
    working = working
      .then(async () => {
        for (const frame of readFrames(chunk)) await onFrame(frame)
        socket.resume()
      })
      .catch(() => void socket.destroy())
  }
  socket.on("data", onData)
  socket.on("error", () => socket.destroy())
  socket.on("end", () => socket.end())
  socket.on("close", () => {
    gone.abort()
    for (const queue of queues.values()) queue.end()
    queues.clear()
  })
  if (head.length > 0) onData(head)
}
