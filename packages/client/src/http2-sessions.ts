/** Sends requests over HTTP/2: one TLS connection carries all of them, hundreds of watches included. @module */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2"
import type { TLSSocket } from "node:tls"
import { responseOf } from "./body.ts"

/** A request whose body is at hand, so that it can be sent a second time. */
export interface PlainRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** A list means one line for each value. */
  readonly headers: Readonly<Record<string, string | Array<string>>>
  readonly body: Uint8Array | undefined
  readonly signal: AbortSignal
}

/** A connection with open streams is asked for a sign of life this often; a silent one is given up. */
const pingEveryMs = 30_000
const pingTimeoutMs = 15_000
/** A server may allow any number of streams; beyond this another connection is opened. */
const streamLimit = 250

/** The sessions to one server; `dial` gives a connected socket that has agreed on `h2`. */
export class Http2Sessions {
  readonly #origin: string
  readonly #dial: () => Promise<TLSSocket>
  readonly #sessions = new Map<ClientHttp2Session, { streams: number; used: boolean; leaving: boolean }>()
  #dialing: Promise<void> | undefined
  #closed = false

  constructor(origin: string, dial: () => Promise<TLSSocket>) {
    this.#origin = origin
    this.#dial = dial
  }

  /** Rejects with the reason of the signal, or with what went wrong below. */
  async send(request: PlainRequest): Promise<Response> {
    for (let tries = 1; ; tries++) {
      const session = await this.#free(request.signal)
      const wasUsed = this.#sessions.get(session)?.used === true
      try {
        return await this.#exchange(session, request)
      } catch (error) {
        // A connection that died while it lay idle is noticed by the first request over it, which the server never saw.
        const again = isUnprocessed(error) || (wasUsed && request.method === "GET")
        if (tries === 2 || !again || request.signal.aborted || this.#closed) throw error
      }
    }
  }

  /** Ends every connection and everything that runs over it. */
  close(): void {
    this.#closed = true
    for (const session of this.#sessions.keys()) session.destroy()
  }

  async #free(signal: AbortSignal): Promise<ClientHttp2Session> {
    for (;;) {
      signal.throwIfAborted()
      if (this.#closed) throw new Error("the client is closed")
      for (const [session, { streams, leaving }] of this.#sessions) {
        const limit = Math.min(session.remoteSettings?.maxConcurrentStreams ?? streamLimit, streamLimit)
        if (!leaving && !session.closed && !session.destroyed && streams < limit) return session
      }
      this.#dialing ??= this.#open().finally(() => {
        this.#dialing = undefined
      })
      await this.#dialing
    }
  }

  async #open(): Promise<void> {
    const socket = await this.#dial()
    const session = connect(this.#origin, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: 1 << 20 }
    })
    const ping = setInterval(() => this.#ping(session), pingEveryMs)
    ping.unref()
    const forget = () => {
      clearInterval(ping)
      this.#sessions.delete(session)
    }
    const use = { streams: 0, used: false, leaving: false }
    // Errors reach the streams; here they only must not be thrown. After GOAWAY the open streams go on, new ones go elsewhere.
    session.on("error", forget).on("close", forget)
    session.on("goaway", () => {
      use.leaving = true
    })
    this.#sessions.set(session, use)
    if (this.#closed) session.destroy()
  }

  #ping(session: ClientHttp2Session): void {
    if ((this.#sessions.get(session)?.streams ?? 0) === 0) return
    const silent = setTimeout(() => session.destroy(new Error(`no sign of life for ${pingTimeoutMs} ms`)), pingTimeoutMs)
    session.ping(() => clearTimeout(silent))
  }

  #exchange(session: ClientHttp2Session, { method, path, headers, body, signal }: PlainRequest): Promise<Response> {
    const use = this.#sessions.get(session)
    const stream: ClientHttp2Stream = session.request(
      { ...headers, [constants.HTTP2_HEADER_METHOD]: method, [constants.HTTP2_HEADER_PATH]: path },
      { endStream: body === undefined }
    )
    const cancel = () => stream.close(constants.NGHTTP2_CANCEL)
    if (use !== undefined) {
      use.streams++
      use.used = true
    }
    signal.addEventListener("abort", cancel)
    stream.on("close", () => {
      if (use !== undefined) use.streams--
      signal.removeEventListener("abort", cancel)
    })
    return new Promise<Response>((resolve, reject) => {
      const fail = (error: unknown) => reject(signal.aborted ? signal.reason : error)
      stream.on("error", fail)
      stream.on("close", () => fail(new Error(`the connection was closed without an answer (code ${stream.rstCode})`)))
      stream.on("response", (answer) =>
        resolve(
          responseOf(method, Number(answer[constants.HTTP2_HEADER_STATUS]), answer as Record<string, string>, stream, cancel)
        )
      )
      if (body !== undefined) stream.end(body)
    })
  }
}

// Codes by which HTTP/2 says that a request was not looked at.
const isUnprocessed = (error: unknown): boolean => {
  const code = (error as { readonly code?: unknown } | undefined)?.code
  return (
    code === "ERR_HTTP2_GOAWAY_SESSION" ||
    code === "ERR_HTTP2_INVALID_SESSION" ||
    String((error as Error)?.message).includes("NGHTTP2_REFUSED_STREAM")
  )
}
