/** Exec, attach and port-forward over SPDY/3.1 for what runs in this process. @module */
import type { Duplex } from "node:stream"
import type { PortServer, Program, ProgramStreams, StreamRequest, TerminalSize } from "../runtime.ts"
import { internalError, parseTerminalSize, statusOfExit } from "./exit-status.ts"
import { type ServedSession, type ServedStream, serveSpdy } from "./spdy-server.ts"

/** The subprotocols of exec and attach by SPDY, the best first. */
const execProtocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"]
const portForwardProtocol = "portforward.k8s.io"

/** The one of the client's subprotocols that will be spoken; undefined when there is none. */
export const spdyProtocolOf = (offered: ReadonlyArray<string>, isPortForward: boolean): string | undefined =>
  (isPortForward ? [portForwardProtocol] : execProtocols).find((name) => offered.includes(name))

/** Answers the upgrade. */
export const acceptSpdy = (socket: Duplex, protocol: string): void => {
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: SPDY/3.1",
    "Connection: Upgrade",
    `X-Stream-Protocol-Version: ${protocol}`
  ]
  socket.write(`${lines.join("\r\n")}\r\n\r\n`)
}

/** Runs the program once the client has opened every stream that it asked for. */
export const serveExec = (socket: Duplex, head: Buffer, program: Program, request: StreamRequest): void => {
  const wanted = [
    "error",
    ...(request.stdin ? ["stdin"] : []),
    ...(request.stdout ? ["stdout"] : []),
    ...(request.stderr && !request.tty ? ["stderr"] : []),
    ...(request.tty ? ["resize"] : [])
  ]
  const streams = new Map<string, ServedStream>()
  serveSpdy(socket, head, (stream, session) => {
    const type = stream.headers["streamtype"] ?? ""
    if (!wanted.includes(type) || streams.has(type)) return stream.end()
    streams.set(type, stream)
    if (streams.size === wanted.length) void runOver(streams, session, program, request)
  })
}

const runOver = async (
  streams: ReadonlyMap<string, ServedStream>,
  session: ServedSession,
  program: Program,
  request: StreamRequest
): Promise<void> => {
  const output = (name: string) => (bytes: Uint8Array) => streams.get(name)?.write(bytes) ?? Promise.resolve()
  const stdout = output("stdout")
  const joined: ProgramStreams = {
    stdin: streams.get("stdin")?.input ?? nothing(),
    stdout,
    stderr: request.tty ? stdout : output("stderr"),
    onResize: (listener) => void readSizes(streams.get("resize"), listener),
    signal: session.signal
  }
  const status = await program(joined).then(statusOfExit, (error: Error) => internalError(error.message))
  await streams.get("error")?.write(status)
  for (const stream of streams.values()) stream.end()
  session.close()
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

const readSizes = async (stream: ServedStream | undefined, listener: (size: TerminalSize) => void): Promise<void> => {
  for await (const bytes of stream?.input ?? nothing()) {
    const size = parseTerminalSize(bytes)
    if (size !== undefined) listener(size)
  }
}

/** Joins each pair of a data and an error stream with the port that it names. */
export const servePortForward = (
  socket: Duplex,
  head: Buffer,
  pod: string,
  serverOf: (port: number) => PortServer | undefined
): void => {
  const errors = new Map<string, ServedStream>()
  serveSpdy(socket, head, (stream) => {
    const id = stream.headers["requestid"] ?? ""
    if (stream.headers["streamtype"] === "error") return void errors.set(id, stream)
    const error = errors.get(id)
    errors.delete(id)
    const port = Number(stream.headers["port"])
    const server = serverOf(port)
    void (async () => {
      // As the kernel of a real node says it.
      const refused = `error forwarding port ${port} to pod ${pod}: dial tcp4 127.0.0.1:${port}: connect: connection refused`
      if (server === undefined) await error?.write(new TextEncoder().encode(refused))
      else await server({ input: stream.input, output: stream.write })
      stream.end()
      error?.end()
    })()
  })
}
