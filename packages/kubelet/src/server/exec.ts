/** Joins a WebSocket of kubectl with the streams of a command in a container: `v5.channel.k8s.io` and `v4.channel.k8s.io`. @module */
import type { WebSocket } from "ws"
import { makeQueue } from "../byte-queue.ts"
import type { Program, StreamRequest, StreamTarget } from "../runtime.ts"
import { internalError, parseTerminalSize, statusOfExit, success } from "./exit-status.ts"
import { connectSpdy, type SpdySession, type SpdyStream } from "./spdy.ts"

/** The subprotocols we speak, the best first. The last one says of a failure the message alone, and of success nothing. */
export const execProtocols: ReadonlyArray<string> = ["v5.channel.k8s.io", "v4.channel.k8s.io", "channel.k8s.io"]

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const
const bufferedLimit = 1024 * 1024
const drainMs = 10
/**
 * kubectl makes its channels after the handshake, and drops what comes before. A process takes longer than that to start;
 * a program of this process would answer at once.
 */
const startMs = 50
/** This much input may wait for a program before the client is held back. */
const queueLimit = 1024 * 1024

/** Carries the streams until the command has ended or the client has gone. */
export const joinStreams = async (socket: WebSocket, target: StreamTarget, request: StreamRequest): Promise<void> => {
  socket.binaryType = "nodebuffer"
  if ("program" in target) return runProgram(socket, target.program, request)
  const early: Array<Buffer> = []
  const keep = (data: Buffer): void => void early.push(data)
  socket.on("message", keep)
  try {
    const session = await connectSpdy(target.url, "v4.channel.k8s.io")
    socket.off("message", keep)
    await carry(socket, session, request, early)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    sendStatus(socket, internalError(message))
    socket.close()
  }
}

const runProgram = async (socket: WebSocket, program: Program, request: StreamRequest): Promise<void> => {
  const input = makeQueue(queueLimit)
  const gone = new AbortController()
  if (!request.stdin) input.end()
  let resized: (size: { readonly width: number; readonly height: number }) => void = () => undefined
  socket.on("message", (data: Buffer) => {
    const payload = data.subarray(1)
    if (data[0] === channels.stdin) {
      socket.pause()
      void input.push(payload).then(() => socket.resume())
    } else if (data[0] === channels.close && payload[0] === channels.stdin) input.end()
    else if (data[0] === channels.resize) {
      const size = parseTerminalSize(payload)
      if (size !== undefined) resized(size)
    }
  })
  socket.on("close", () => {
    input.end()
    gone.abort()
  })
  const output = (channel: number, wanted: boolean) => async (bytes: Uint8Array) => {
    if (wanted) send(socket, channel, bytes)
    while (socket.bufferedAmount > bufferedLimit && socket.readyState === socket.OPEN)
      await new Promise((resolve) => setTimeout(resolve, drainMs))
  }
  const stdout = output(channels.stdout, request.stdout)
  await new Promise((resolve) => setTimeout(resolve, startMs))
  const exitCode = await program({
    stdin: input.read(),
    stdout,
    stderr: request.tty ? stdout : output(channels.stderr, request.stderr),
    onResize: (listener) => (resized = listener),
    signal: gone.signal
  })
  sendStatus(socket, statusOfExit(exitCode))
  socket.close(1000)
}

const carry = async (
  socket: WebSocket,
  session: SpdySession,
  request: StreamRequest,
  early: ReadonlyArray<Buffer>
): Promise<void> => {
  let status: Uint8Array = new Uint8Array()
  const slowDown = (): void => {
    if (socket.bufferedAmount <= bufferedLimit) return
    session.pause()
    const wait = (): void => {
      if (socket.bufferedAmount > bufferedLimit && socket.readyState === socket.OPEN) setTimeout(wait, drainMs)
      else session.resume()
    }
    setTimeout(wait, drainMs)
  }
  const output = (channel: number) => ({
    data: (bytes: Uint8Array) => {
      send(socket, channel, bytes)
      slowDown()
    }
  })
  const ended = new Promise<void>((resolve) => {
    session.open({ streamtype: "error" }, { data: (bytes) => (status = Buffer.concat([status, bytes])), end: resolve })
  })
  const silent = { data: () => {} }
  const stdin: SpdyStream | undefined = request.stdin ? session.open({ streamtype: "stdin" }, silent) : undefined
  if (request.stdout) session.open({ streamtype: "stdout" }, output(channels.stdout))
  if (request.stderr && !request.tty) session.open({ streamtype: "stderr" }, output(channels.stderr))
  const resize: SpdyStream | undefined = request.tty ? session.open({ streamtype: "resize" }, silent) : undefined

  const onMessage = (data: Buffer): void => {
    const payload = data.subarray(1)
    if (data[0] === channels.stdin) stdin?.write(payload)
    else if (data[0] === channels.resize) resize?.write(payload)
    else if (data[0] === channels.close && payload[0] === channels.stdin) stdin?.end()
  }
  for (const data of early) onMessage(data)
  socket.on("message", onMessage)
  socket.on("close", () => session.close())
  await Promise.race([ended, session.closed])
  sendStatus(socket, status.length > 0 ? status : success)
  socket.close(1000)
  session.close()
}

const sendStatus = (socket: WebSocket, status: Uint8Array): void => {
  if (socket.protocol !== "channel.k8s.io") {
    send(socket, channels.error, status)
    return
  }
  const { message } = JSON.parse(new TextDecoder().decode(status)) as { readonly message?: string }
  if (message !== undefined) send(socket, channels.error, new TextEncoder().encode(message))
}

const send = (socket: WebSocket, channel: number, bytes: Uint8Array): void => {
  if (socket.readyState === socket.OPEN) socket.send(Buffer.concat([Buffer.from([channel]), bytes]))
}
