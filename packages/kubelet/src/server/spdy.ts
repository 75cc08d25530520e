/** As much of SPDY/3.1 as a client needs that opens a few streams to a container runtime's streaming server. @module */
import { connect, type Socket } from "node:net"
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

/** Receives what a stream carries; `end` when the other side has closed it. */
export interface StreamHandler {
  readonly data: (bytes: Uint8Array) => void
  readonly end?: () => void
}

/** An open session. */
export interface SpdySession {
  /** Opens a stream with these headers (names in lower case); what comes back goes to the handler. */
  readonly open: (headers: Readonly<Record<string, string>>, handler: StreamHandler) => SpdyStream
  readonly close: () => void
  /** Holds incoming data back, and lets it flow again. */
  readonly pause: () => void
  readonly resume: () => void
  /** Resolves when the connection has ended, for whatever reason. */
  readonly closed: Promise<void>
}

/** The writing half of a stream. */
export interface SpdyStream {
  readonly write: (bytes: Uint8Array) => void
  /** Closes our half: the other side reads the end. */
  readonly end: () => void
}

/** The streaming server refused the upgrade, or went away before it. */
export class UpgradeRefused extends Error {}

/** Asks the server at `url` to speak SPDY, in the given subprotocol. */
export const connectSpdy = (url: string, protocol: string): Promise<SpdySession> =>
  new Promise((resolve, reject) => {
    const { hostname, port, host, pathname, search } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port) })
    let head = Buffer.alloc(0)
    const refuse = (message: string): void => {
      socket.destroy()
      reject(new UpgradeRefused(message))
    }
    const early = (error: Error): void => refuse(error.message)
    const gone = (): void => refuse("the streaming server closed the connection")
    const onHead = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk])
      const end = head.indexOf("\r\n\r\n")
      if (end < 0) return
      socket.off("data", onHead)
      socket.off("error", early)
      socket.off("close", gone)
      const line = head.subarray(0, head.indexOf("\r\n")).toString("latin1")
      if (line.includes(" 101 ")) resolve(sessionOver(socket, head.subarray(end + 4)))
      else refuse(`the streaming server answered ${line}`)
    }
    socket.on("error", early)
    socket.on("close", gone)
    socket.on("data", onHead)
    socket.on("connect", () => {
      socket.setNoDelay(true)
      socket.write(
        `POST ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\nContent-Length: 0\r\n\r\n`
      )
    })
  })

const sessionOver = (socket: Socket, first: Buffer): SpdySession => {
  const handlers = new Map<number, StreamHandler>()
  let nextId = 1
  const read = makeFrameReader()
  let headersBegun = false

  const finish = (id: number): void => {
    const handler = handlers.get(id)
    handlers.delete(id)
    handler?.end?.()
  }
  const onFrame = ({ type, streamId, flags, payload, bytes }: Frame): void => {
    if (type === undefined) {
      if (payload.length > 0) handlers.get(streamId)?.data(payload)
      if ((flags & flagFin) !== 0) finish(streamId)
      return
    }
    if (type === frameTypes.ping) socket.write(bytes)
    else if (type === frameTypes.reset) finish(payload.readUInt32BE(0) & 0x7fffffff)
    else if (type === frameTypes.goAway) socket.end()
    // Replies and settings say nothing that we would act upon.
  }
  const onData = (chunk: Buffer): void => {
    try {
      for (const frame of read(chunk)) onFrame(frame)
    } catch {
      socket.destroy()
    }
  }
  const closed = new Promise<void>((resolve) => {
    socket.on("close", () => {
      for (const id of [...handlers.keys()]) finish(id)
      resolve()
    })
  })
  socket.on("error", () => socket.destroy())
  socket.on("end", () => socket.end())
  socket.on("data", onData)
  if (first.length > 0) onData(first)

  const open: SpdySession["open"] = (headers, handler) => {
    const id = nextId
    nextId += 2
    handlers.set(id, handler)
    const block = headerBlock(headers, !headersBegun)
    headersBegun = true
    const body = Buffer.alloc(10)
    body.writeUInt32BE(id, 0)
    socket.write(controlFrame(frameTypes.open, Buffer.concat([body, block])))
    let open = true
    return {
      write: (bytes) => {
        for (let start = 0; open && start < bytes.length; start += frameLimit)
          socket.write(dataFrame(id, 0, bytes.subarray(start, start + frameLimit)))
      },
      end: () => {
        if (open) socket.write(dataFrame(id, flagFin, new Uint8Array()))
        open = false
      }
    }
  }
  return { open, close: () => socket.destroy(), pause: () => void socket.pause(), resume: () => void socket.resume(), closed }
}
