/** Listens for an API server: TLS with HTTP/1.1 and HTTP/2, client certificates, upgrades, and an end that leaves nobody hanging. @module */
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse, type Http2Session } from "node:http2"
import type { AddressInfo, Socket } from "node:net"
import type { TLSSocket } from "node:tls"
import { internal, StatusError } from "@tsukube/api"
import type { Scope } from "effect"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { abort, errorResponse, type Receiving, readBody, toRequest, writeResponse } from "./http-bridge.ts"
import { IdleConnections, type IdleTimes, idleTimes } from "./idle.ts"
import type { Connection } from "./request.ts"
import { ResetBudget } from "./reset-budget.ts"
import { refuseUpgrade } from "./upgrade.ts"

/** What is served: an `Apiserver`, or anything that answers requests. */
export interface FetchHandler {
  readonly fetch: (request: Request, connection?: Connection) => Promise<Response>
  /** Called when the end is near: whoever asks whether it is ready is to be told no. */
  readonly drain?: () => void
}

/** Where to listen and with which certificates (PEM). */
export interface ServeOptions {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 0: any free one. */
  readonly port?: number
  readonly tls: {
    readonly cert: string
    readonly key: string
    /** Certificates signed by this authority say who the client is; without it nobody is known by certificate. */
    readonly clientCa?: string
  }
  /** At the end, how long everything still goes on while `/readyz` already fails, so that load balancers turn away; default 0. */
  readonly shutdownDelayMs?: number
  /** How long requests in progress may take to finish at the end; default 2000. */
  readonly closeMs?: number
  /** How long a body may take to arrive; default 60,000. */
  readonly bodyTimeoutMs?: number
  /** When silent connections are closed. */
  readonly idle?: IdleTimes
}

/** A server that accepts connections. */
export interface Listening {
  readonly url: string
  readonly host: string
  readonly port: number
}

/** Something listens on the port already. */
export class PortInUse extends Data.Error<{ readonly host: string; readonly port: number }> {
  readonly _tag = "PortInUse"
  override get message(): string {
    return `port ${this.port} on ${this.host} is in use`
  }
}

/** The address cannot be listened on, or the certificates cannot be used. */
export class ListenError extends Data.Error<{ readonly host: string; readonly port: number; readonly cause: unknown }> {
  readonly _tag = "ListenError"
  override get message(): string {
    return `cannot listen on ${this.host}:${this.port}: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}`
  }
}

/** Upstream's default: what one client may have open on one HTTP/2 connection, watches included. */
const streamLimit = 1000

/** The codes by which HTTP/2 says that a stream is no longer wanted, and that somebody overdoes it. */
const cancelled = 8
const enhanceYourCalm = 11

/** Requests that one HTTP/1.1 connection may send before the first is answered. */
const askedAheadLimit = 100

/** Listens until the scope ends; then streams are ended, requests in progress get `closeMs`, and connections are closed. */
export const serve = (
  apiserver: FetchHandler,
  options: ServeOptions
): Effect.Effect<Listening, PortInUse | ListenError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<{ readonly listening: Listening; readonly close: () => Promise<void> }, PortInUse | ListenError>((resume) => {
      listen(apiserver, options).then(
        (server) => resume(Effect.succeed(server)),
        (error) => resume(Effect.fail(error))
      )
    }),
    ({ close }) => Effect.promise(close)
  ).pipe(Effect.map(({ listening }) => listening))

/** The same for code that closes by itself. Rejects with `PortInUse` or `ListenError`. */
export const listen = async (
  apiserver: FetchHandler,
  options: ServeOptions
): Promise<{ readonly listening: Listening; readonly close: () => Promise<void> }> => {
  const { host = "127.0.0.1", port = 0, tls, closeMs = 2000, shutdownDelayMs = 0, bodyTimeoutMs = 60_000 } = options
  const ended = new AbortController()
  const running = new Set<Promise<void>>()
  const sessions = new Set<Http2Session>()
  const sockets = new Set<Socket>()
  const receiving: Receiving = { bytes: 0 }
  const idle = new IdleConnections<Http2Session | Socket>(options.idle ?? idleTimes, (connection) => {
    // A session says goodbye first: what it was just asked is answered.
    if ("goaway" in connection) connection.close()
    else connection.destroy()
  })

  const resets = new ResetBudget<Http2Session>()
  const answer = async (incoming: Http2ServerRequest, outgoing: Http2ServerResponse): Promise<void> => {
    const gone = new AbortController()
    const done = idle.began(incoming.stream?.session ?? incoming.socket)
    outgoing.on("close", () => {
      gone.abort()
      done()
      const { stream } = incoming
      if (stream?.rstCode === cancelled && stream.session !== undefined && !resets.allows(stream.session)) {
        stream.session.destroy(undefined, enhanceYourCalm)
      }
    })
    // A write that comes after the client's end is no news: "close" told it.
    outgoing.on("error", () => gone.abort())
    let response: Response
    try {
      const body = await readBody(incoming, receiving, bodyTimeoutMs)
      response = await apiserver.fetch(toRequest(incoming, body, gone.signal), connectionOf(incoming))
    } catch (error) {
      if (outgoing.destroyed) return
      response = errorResponse(error instanceof StatusError ? error : internal(error))
    }
    try {
      await writeResponse(response, outgoing, incoming.method, ended.signal)
    } catch {
      abort(outgoing)
    }
  }

  const upgrade = async (incoming: Http2ServerRequest, socket: Socket, head: Buffer): Promise<void> => {
    const gone = new AbortController()
    // From here on the connection is as silent as its two ends like.
    idle.remove(socket)
    let taken = false
    const take = () => {
      taken = true
      return { socket, head }
    }
    socket.on("close", () => gone.abort())
    socket.on("error", () => socket.destroy())
    let response: Response
    try {
      const request = toRequest(incoming, undefined, gone.signal)
      response = await apiserver.fetch(request, { ...connectionOf(incoming), upgrade: { rawHeaders: incoming.rawHeaders, take } })
    } catch (error) {
      response = errorResponse(error instanceof StatusError ? error : internal(error))
    }
    if (!taken) await refuseUpgrade(socket, response)
  }

  const track = (work: Promise<void>): void => {
    running.add(work)
    void work.finally(() => running.delete(work))
  }

  const server = await create(tls, host, port)
  // HTTP/1.1 answers in the order of the questions: what a client asks ahead waits as a question, not as an answer.
  const turns = new WeakMap<Socket, { last: Promise<void>; waiting: number }>()
  const answerInTurn = (incoming: Http2ServerRequest, outgoing: Http2ServerResponse): Promise<void> => {
    if (incoming.httpVersionMajor > 1) return answer(incoming, outgoing)
    const { socket } = incoming
    const turn = turns.get(socket) ?? { last: Promise.resolve(), waiting: 0 }
    if (turn.waiting >= askedAheadLimit) socket.destroy()
    const work = turn.waiting === 0 ? answer(incoming, outgoing) : turn.last.then(() => answer(incoming, outgoing))
    turn.waiting++
    turn.last = work.finally(() => turn.waiting--)
    turns.set(socket, turn)
    return turn.last
  }
  server.on("request", (incoming, outgoing) => track(answerInTurn(incoming, outgoing)))
  server.on("upgrade", (incoming: Http2ServerRequest, socket: Socket, head: Buffer) => {
    upgrade(incoming, socket, head).catch(() => socket.destroy())
  })
  server.on("session", (session) => {
    sessions.add(session)
    idle.add(session)
    session.on("close", () => {
      sessions.delete(session)
      idle.remove(session)
    })
    session.on("error", () => session.destroy())
  })
  server.on("secureConnection", (socket) => {
    sockets.add(socket)
    if (socket.alpnProtocol !== "h2") idle.add(socket)
    socket.on("close", () => {
      sockets.delete(socket)
      idle.remove(socket)
    })
    socket.on("error", () => socket.destroy())
  })
  server.on("tlsClientError", (_error, socket) => socket.destroy())

  await new Promise<void>((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException) =>
      reject(cause.code === "EADDRINUSE" ? new PortInUse({ host, port }) : new ListenError({ host, port, cause }))
    server.once("error", failed)
    server.listen(port, host, () => {
      server.off("error", failed)
      resolve()
    })
  })
  const address = server.address() as AddressInfo

  const close = async (): Promise<void> => {
    apiserver.drain?.()
    if (shutdownDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, shutdownDelayMs))
    idle.stop()
    server.close()
    ended.abort()
    await Promise.race([Promise.allSettled(running), new Promise((resolve) => setTimeout(resolve, closeMs).unref())])
    for (const session of sessions) session.close()
    for (const session of sessions) session.destroy()
    for (const socket of sockets) socket.destroy()
  }
  const name = host.includes(":") ? `[${host}]` : host
  return { listening: { url: `https://${name}:${address.port}`, host, port: address.port }, close }
}

const create = async (tls: ServeOptions["tls"], host: string, port: number) => {
  try {
    return createSecureServer({
      cert: tls.cert,
      key: tls.key,
      ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa }),
      requestCert: tls.clientCa !== undefined,
      rejectUnauthorized: false,
      allowHTTP1: true,
      handshakeTimeout: handshakeMs,
      settings: { maxConcurrentStreams: streamLimit }
    })
  } catch (cause) {
    throw new ListenError({ host, port, cause })
  }
}

/** A connection that does not get through its TLS handshake in this time is closed. */
const handshakeMs = 10_000

const connections = new WeakMap<object, Connection>()

/** What the socket knows, worked out once a connection. A certificate that did not verify still shows a subject: it says nothing. */
const connectionOf = (incoming: Http2ServerRequest): Connection => {
  const socket = (incoming.stream?.session?.socket ?? incoming.socket) as TLSSocket
  const known = connections.get(socket)
  if (known !== undefined) return known
  const certificate = socket.authorized ? clientCertificate(socket) : undefined
  const connection: Connection = {
    ...(socket.remoteAddress === undefined ? {} : { remoteAddress: socket.remoteAddress }),
    ...(certificate === undefined ? {} : { clientCertificate: certificate })
  }
  connections.set(socket, connection)
  return connection
}

/** A UID in a certificate's subject, as upstream's client certificate authenticator reads it. */
const uidAttribute = "1.3.6.1.4.1.57683.2"

const clientCertificate = (socket: TLSSocket): Connection["clientCertificate"] => {
  const subject = socket.getPeerCertificate()?.subject as unknown as
    | Record<string, string | Array<string> | undefined>
    | undefined
  if (subject === undefined) return undefined
  const all = (value: string | Array<string> | undefined) => (value === undefined ? [] : Array.isArray(value) ? value : [value])
  const [commonName] = all(subject["CN"])
  if (commonName === undefined) return undefined
  const [uid] = all(subject[uidAttribute])
  return { commonName, organizations: all(subject["O"]), ...(uid === undefined ? {} : { uid }) }
}
