/** Makes a Fetch that reaches an API server over the network: TLS, HTTP/2 where the server speaks it, credentials. @module */
import { readFile } from "node:fs/promises"
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http"
import { Agent as HttpsAgent, request as httpsRequest } from "node:https"
import { isIP } from "node:net"
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls"
import { Effect, type Scope } from "effect"
import { responseOf } from "./body.ts"
import type { Connection, Impersonation } from "./connection.ts"
import { Http2Sessions, type PlainRequest } from "./http2-sessions.ts"
import { type Fetch, messageOf, TransportError } from "./transport.ts"

/** A connection that is not there after this long is given up. */
const connectTimeoutMs = 30_000
/** How long a token from a file is used before the file is read again. */
const tokenFileMs = 60_000

/**
 * A Fetch to this server, alive until the scope closes. Nothing is sent before the first request, so the server need not be
 * up yet. Watches are never cut for being idle; a dead connection is noticed within 45 s. It rejects with `TransportError`.
 */
export const connect = (connection: Connection): Effect.Effect<Fetch, TransportError, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.try({
        try: () => new Carrier(connection),
        catch: (cause) =>
          new TransportError({ message: `server ${JSON.stringify(connection.server)}: ${messageOf(cause)}`, cause })
      }),
      (carrier) => Effect.sync(() => carrier.close())
    ),
    (carrier) => (request: Request) => carrier.fetch(request)
  )

/** A list is sent as one line for each value; the API server does not split at commas. */
type Headers = Record<string, string | Array<string>>

class Carrier {
  readonly #server: URL
  readonly #tls: ConnectionOptions
  readonly #headers: () => Promise<Headers>
  readonly #sessions: Http2Sessions
  readonly #agent: HttpAgent
  // Decided by the first connection, and anew when that failed: what a server speaks does not change while it runs.
  #protocol: Promise<"h2" | "http/1.1"> | undefined
  #spare: TLSSocket | undefined
  #closed = false

  constructor(connection: Connection) {
    this.#server = new URL(connection.server)
    if (this.#server.protocol !== "https:" && this.#server.protocol !== "http:") throw new Error("neither https nor http")
    this.#tls = tlsOptionsOf(connection, this.#server)
    this.#headers = headersOf(connection)
    this.#sessions = new Http2Sessions(this.#server.origin, () => this.#takeSpare())
    this.#agent =
      this.#server.protocol === "https:" ? new HttpsAgent({ keepAlive: true, ...this.#tls }) : new HttpAgent({ keepAlive: true })
  }

  async fetch(request: Request): Promise<Response> {
    try {
      const { pathname, search } = new URL(request.url)
      const plain: PlainRequest = {
        method: request.method,
        path: this.#server.pathname.replace(/\/$/, "") + pathname + search,
        headers: { ...Object.fromEntries(request.headers), ...(await this.#headers()) },
        body: request.body === null ? undefined : new Uint8Array(await request.arrayBuffer()),
        signal: request.signal
      }
      plain.signal.throwIfAborted()
      if (this.#closed) throw new Error("the client is closed")
      return (await this.#speaks()) === "h2" ? await this.#sessions.send(plain) : await this.#sendHttp1(plain)
    } catch (cause) {
      if (request.signal.aborted) throw cause
      throw new TransportError({ message: `${this.#server.origin}: ${messageOf(cause)}`, cause })
    }
  }

  close(): void {
    this.#closed = true
    this.#sessions.close()
    this.#agent.destroy()
    this.#spare?.destroy()
  }

  #speaks(): Promise<"h2" | "http/1.1"> {
    if (this.#server.protocol === "http:") return Promise.resolve("http/1.1")
    this.#protocol ??= this.#ask().catch((error) => {
      this.#protocol = undefined
      throw error
    })
    return this.#protocol
  }

  async #ask(): Promise<"h2" | "http/1.1"> {
    const socket = await dial(this.#tls, ["h2", "http/1.1"])
    if (socket.alpnProtocol === "h2") {
      this.#spare = socket
      return "h2"
    }
    socket.destroy()
    return "http/1.1"
  }

  // The connection that asked what the server speaks becomes the first session.
  #takeSpare(): Promise<TLSSocket> {
    const spare = this.#spare
    this.#spare = undefined
    return spare === undefined || spare.destroyed ? dial(this.#tls, ["h2"]) : Promise.resolve(spare)
  }

  // A kept connection may be closed by the server just when it is used again; what only reads is sent once more.
  #sendHttp1(request: PlainRequest): Promise<Response> {
    return this.#exchange(request).catch((error) => {
      if (request.method !== "GET" || request.signal.aborted || error?.code !== "ECONNRESET") throw error
      return this.#exchange(request)
    })
  }

  #exchange({ method, path, headers, body, signal }: PlainRequest): Promise<Response> {
    const secure = this.#server.protocol === "https:"
    const { hostname, port } = this.#server
    const options: RequestOptions = {
      ...(secure ? this.#tls : {}),
      agent: this.#agent,
      hostname: hostOf(hostname),
      port,
      method,
      path,
      headers: { ...headers }
    }
    return new Promise<Response>((resolve, reject) => {
      const request = (secure ? httpsRequest : httpRequest)(options, (answer: IncomingMessage) => {
        answer.on("close", () => signal.removeEventListener("abort", cancel))
        resolve(responseOf(method, answer.statusCode ?? 0, answer.headers, answer, cancel))
      })
      const cancel = () => void request.destroy()
      signal.addEventListener("abort", cancel)
      request.on("error", (error) => reject(signal.aborted ? signal.reason : error))
      request.setTimeout(0)
      request.end(body)
    })
  }
}

const dial = (options: ConnectionOptions, protocols: Array<string>): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = connectTls({ ...options, ALPNProtocols: protocols })
    const timer = setTimeout(() => socket.destroy(new Error(`no connection within ${connectTimeoutMs} ms`)), connectTimeoutMs)
    const fail = (error: Error) => {
      clearTimeout(timer)
      reject(error)
    }
    socket.once("error", fail)
    socket.once("close", () => fail(new Error("the connection was closed before it was established")))
    socket.once("secureConnect", () => {
      clearTimeout(timer)
      // A broken connection is the session's to report; an error nobody listens for would end the process.
      socket.off("error", fail).on("error", () => {})
      socket.setKeepAlive(true, 30_000).setNoDelay(true)
      resolve(socket)
    })
  })

/** URLs write IPv6 addresses in brackets, sockets do not. */
const hostOf = (hostname: string): string => hostname.replace(/^\[|\]$/g, "")

const tlsOptionsOf = (connection: Connection, server: URL): ConnectionOptions => {
  const host = hostOf(server.hostname)
  const name = connection.tlsServerName ?? (isIP(host) === 0 ? host : undefined)
  return {
    host,
    port: server.port === "" ? 443 : Number(server.port),
    rejectUnauthorized: connection.insecureSkipTlsVerify !== true,
    ...(name === undefined ? {} : { servername: name }),
    ...(connection.ca === undefined ? {} : { ca: connection.ca }),
    ...(connection.cert === undefined ? {} : { cert: connection.cert }),
    ...(connection.key === undefined ? {} : { key: connection.key })
  }
}

/** The headers that say who we are; a function since a token from a file is replaced now and then. */
const headersOf = (connection: Connection): (() => Promise<Headers>) => {
  const fixed = impersonationHeaders(connection.impersonate)
  const { token, tokenFile, username, password = "" } = connection
  if (tokenFile !== undefined) {
    const read = tokenReader(tokenFile)
    return async () => ({ ...fixed, authorization: `Bearer ${await read()}` })
  }
  if (token !== undefined) fixed["authorization"] = `Bearer ${token}`
  else if (username !== undefined) fixed["authorization"] = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`
  return () => Promise.resolve(fixed)
}

const tokenReader = (file: string): (() => Promise<string>) => {
  let token = ""
  let readMs = Number.NEGATIVE_INFINITY
  return async () => {
    if (performance.now() - readMs < tokenFileMs) return token
    token = (await readFile(file, "utf8")).trim()
    readMs = performance.now()
    return token
  }
}

const impersonationHeaders = (impersonation: Impersonation | undefined): Headers => {
  if (impersonation === undefined) return {}
  const { user, uid, groups = [], extra = {} } = impersonation
  const headers: Headers = { "impersonate-user": user, "impersonate-group": [...groups] }
  if (uid !== undefined) headers["impersonate-uid"] = uid
  for (const [name, values] of Object.entries(extra))
    headers[`impersonate-extra-${encodeURIComponent(name).toLowerCase()}`] = [...values]
  return headers
}
