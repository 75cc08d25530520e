/** Joins a WebSocket of kubectl with the streams of a command in a container: `v5.channel.k8s.io` and `v4.channel.k8s.io`. @module */
import type { WebSocket } from "ws"
import type { ExecResult, StreamRequest, StreamTarget } from "../runtime.ts"
import { connectSpdy, type SpdySession, type SpdyStream } from "./spdy.ts"

/** The subprotocols we speak, the best first. */
export const execProtocols: ReadonlyArray<string> = ["v5.channel.k8s.io", "v4.channel.k8s.io"]

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const
const bufferedLimit = 1024 * 1024
const drainMs = 10

/** Carries the streams until the command has ended or the client has gone. */
export const joinStreams = async (socket: WebSocket, target: StreamTarget, request: StreamRequest): Promise<void> => {
  socket.binaryType = "nodebuffer"
  if ("answer" in target) return answer(socket, target.answer, request)
  const early: Array<Buffer> = []
  const keep = (data: Buffer): void => void early.push(data)
  socket.on("message", keep)
  try {
    const session = await connectSpdy(target.url, "v4.channel.k8s.io")
    socket.off("message", keep)
    await carry(socket, session, request, early)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    send(socket, channels.error, failure(message, "InternalError"))
    socket.close()
  }
}

const answer = (socket: WebSocket, result: ExecResult, request: StreamRequest): void => {
  if (request.stdout && result.stdout.length > 0) send(socket, channels.stdout, result.stdout)
  const second = request.tty ? channels.stdout : channels.stderr
  if ((request.stderr || request.tty) && result.stderr.length > 0) send(socket, second, result.stderr)
  send(socket, channels.error, statusOfExit(result.exitCode))
  socket.close(1000)
}

const carry = async (
  socket: WebSocket,
  session: SpdySession,
  request: StreamRequest,
  early: ReadonlyArray<Buffer>
): Promise<void> => {
  const encoder = new TextEncoder()
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
  send(socket, channels.error, status.length > 0 ? status : encoder.encode(success))
  socket.close(1000)
  session.close()
}

const success = `{"metadata":{},"status":"Success"}`

const failure = (message: string, reason: string, causes?: ReadonlyArray<object>): Uint8Array =>
  new TextEncoder().encode(
    JSON.stringify({
      metadata: {},
      status: "Failure",
      message,
      reason,
      ...(causes === undefined ? {} : { details: { causes } }),
      code: 500
    })
  )

const statusOfExit = (exitCode: number): Uint8Array =>
  exitCode === 0
    ? new TextEncoder().encode(success)
    : failure(`command terminated with non-zero exit code: exit status ${exitCode}`, "NonZeroExitCode", [
        { reason: "ExitCode", message: String(exitCode) }
      ])

const send = (socket: WebSocket, channel: number, bytes: Uint8Array): void => {
  if (socket.readyState === socket.OPEN) socket.send(Buffer.concat([Buffer.from([channel]), bytes]))
}
