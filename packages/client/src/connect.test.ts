import { afterAll, beforeAll, expect, test } from "bun:test"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http"
import { createSecureServer, type Http2Session } from "node:http2"
import { createServer as createHttpsServer } from "node:https"
import type { AddressInfo, Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TLSSocket } from "node:tls"
import { type CertificatePair, createAuthority, issueCertificate } from "@tsukube/apiserver/certificates"
import { eventually, live } from "@tsukube/testing"
import { Effect } from "effect"
import { connect } from "./connect.ts"
import type { Connection } from "./connection.ts"
import type { Fetch } from "./transport.ts"

// Bare servers of the runtime, so that the wire itself is seen: what arrives, what stays open, what breaks.
let authority: CertificatePair
let stranger: CertificatePair
let serverPair: CertificatePair
let clientPair: CertificatePair
const folder = mkdtempSync(join(tmpdir(), "connect-"))

beforeAll(async () => {
  authority = await createAuthority()
  stranger = await createAuthority()
  serverPair = await issueCertificate(authority, { commonName: "server", ipAddresses: ["127.0.0.1"] })
  clientPair = await issueCertificate(authority, { commonName: "jane", organizations: ["dev"] })
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Wire {
  readonly url: string
  readonly port: number
  readonly openWatches: () => number
  /** Breaks every connection, as a server that is killed does. */
  readonly breakAll: () => void
}

type Kind = "h2" | "h1" | "plain"

/** Tells what it was asked; `/watch` sends a line and stays open. */
const listen = (kind: Kind, rejectUnauthorized = false) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const open = new Set<unknown>()
        const sessions = new Set<Http2Session>()
        const sockets = new Set<{ destroy: () => void }>()
        const handler = (request: IncomingMessage, response: ServerResponse) => {
          if (request.url === "/watch") {
            open.add(response)
            response.on("close", () => open.delete(response))
            response.write("a line\n")
            return
          }
          const socket = (request as { stream?: { session?: { socket: TLSSocket } } }).stream?.session?.socket ?? request.socket
          // Bun's own HTTPS server can demand a certificate, but does not show it.
          const certificate = kind === "h2" ? (socket as TLSSocket).getPeerCertificate() : undefined
          let body = ""
          request.setEncoding("utf8").on("data", (text: string) => (body += text))
          request.on("end", () =>
            response.end(
              JSON.stringify({
                version: request.httpVersion,
                method: request.method,
                url: request.url,
                authorization: request.headers.authorization,
                impersonateGroup: request.headers["impersonate-group"],
                user: certificate?.subject?.CN,
                body
              })
            )
          )
        }
        const tls = {
          key: serverPair.key,
          cert: serverPair.cert,
          ca: authority.cert,
          requestCert: true,
          rejectUnauthorized
        }
        const server = (
          kind === "h2"
            ? createSecureServer({ ...tls, allowHTTP1: true }, handler as never)
            : kind === "h1"
              ? createHttpsServer(tls, handler)
              : createHttpServer(handler)
        ) as Server
        server.on("session", (session: Http2Session) => {
          sessions.add(session)
          session.on("error", () => {})
        })
        server.on(kind === "plain" ? "connection" : "secureConnection", (socket) => {
          sockets.add(socket)
          socket.on("error", () => {})
        })
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
        const address = server.address() as AddressInfo
        const breakAll = () => {
          for (const session of sessions) session.destroy()
          for (const socket of sockets) socket.destroy()
          sessions.clear()
          sockets.clear()
        }
        const url = `${kind === "plain" ? "http" : "https"}://127.0.0.1:${address.port}`
        return { server, wire: { url, port: address.port, openWatches: () => open.size, breakAll } satisfies Wire }
      }),
      ({ server, wire }) =>
        Effect.promise(async () => {
          wire.breakAll()
          await new Promise((resolve) => server.close(resolve))
        })
    ),
    ({ wire }) => wire
  )

const connectTo = (wire: Wire, connection: Partial<Connection> = {}) =>
  connect({ server: wire.url, ca: authority.cert, namespace: "default", ...connection })

const ask = (fetch: Fetch, path: string, init?: RequestInit) =>
  Effect.promise(() => fetch(new Request(`http://cluster.local${path}`, init)))

const askJson = (fetch: Fetch, path: string, init?: RequestInit) =>
  Effect.flatMap(ask(fetch, path, init), (response) => Effect.promise(() => response.json() as Promise<Record<string, unknown>>))

const failing = (fetch: Fetch) =>
  Effect.flip(Effect.tryPromise({ try: () => fetch(new Request("http://cluster.local/x")), catch: (error) => error as Error }))

for (const [kind, version] of [
  ["h2", "2.0"],
  ["h1", "1.1"],
  ["plain", "1.1"]
] as const) {
  test(
    `${kind}: method, path under the server's own, query, body and token arrive`,
    live(() =>
      Effect.gen(function* () {
        const wire = yield* listen(kind)
        const fetch = yield* connectTo(wire, { server: `${wire.url}/behind`, token: "secret" })
        const seen = yield* askJson(fetch, "/api/v1/pods?watch=1&x=%20", { method: "POST", body: "hello" })
        expect(seen).toMatchObject({
          version,
          method: "POST",
          url: "/behind/api/v1/pods?watch=1&x=%20",
          authorization: "Bearer secret",
          body: "hello"
        })
      })
    )
  )

  test(
    `${kind}: a watch arrives as it is written, and the server sees it end when its body is left or its request aborted`,
    live(() =>
      Effect.gen(function* () {
        const wire = yield* listen(kind)
        const fetch = yield* connectTo(wire)
        const abort = new AbortController()
        const responses = [yield* ask(fetch, "/watch"), yield* ask(fetch, "/watch", { signal: abort.signal })]
        const readers = responses.map(({ body }) => body!.getReader())
        for (const reader of readers) {
          const { value } = yield* Effect.promise(() => reader.read())
          expect(new TextDecoder().decode(value)).toBe("a line\n")
        }
        expect(wire.openWatches()).toBe(2)
        yield* Effect.promise(() => readers[0]!.cancel())
        yield* Effect.promise(() => eventually(() => wire.openWatches() === 1))
        abort.abort()
        yield* Effect.promise(() => eventually(() => wire.openWatches() === 0))
      })
    )
  )

  test(
    `${kind}: after the server broke off everything the next request goes through, as soon as somebody listens again`,
    live(() =>
      Effect.gen(function* () {
        const wire = yield* listen(kind)
        const fetch = yield* connectTo(wire)
        yield* askJson(fetch, "/one")
        const watch = (yield* ask(fetch, "/watch")).body!.getReader()
        wire.breakAll()
        const rest = Effect.promise(async () => {
          while (!(await watch.read()).done);
        })
        yield* Effect.ignoreCause(rest)
        const answer = yield* Effect.promise(() =>
          eventually(async () => (await fetch(new Request("http://cluster.local/two"))).json())
        )
        expect(answer).toMatchObject({ url: "/two" })
      })
    )
  )
}

for (const kind of ["h2", "h1"] as const) {
  test(
    `${kind}: the client certificate says who we are; the server's must be signed by the authority we know`,
    live(() =>
      Effect.gen(function* () {
        const wire = yield* listen(kind, true)
        const jane = yield* connectTo(wire, clientPair)
        expect(yield* askJson(jane, "/")).toMatchObject(kind === "h2" ? { user: "jane" } : { method: "GET" })

        for (const refused of [{}, { ...clientPair, ca: stranger.cert }])
          expect(yield* failing(yield* connectTo(wire, refused))).toMatchObject({ _tag: "TransportError" })

        const careless = yield* connectTo(wire, { ...clientPair, ca: stranger.cert, insecureSkipTlsVerify: true })
        expect(yield* askJson(careless, "/")).toMatchObject({ method: "GET" })
      })
    )
  )
}

test(
  "a token file is read, and each group to act as is a header line of its own",
  live(() =>
    Effect.gen(function* () {
      const wire = yield* listen("plain")
      writeFileSync(join(folder, "token"), "from-a-file\n")
      const fetch = yield* connectTo(wire, {
        tokenFile: join(folder, "token"),
        impersonate: { user: "jane", groups: ["a", "b"] }
      })
      expect(yield* askJson(fetch, "/")).toMatchObject({ authorization: "Bearer from-a-file", impersonateGroup: "a, b" })
    })
  )
)

test(
  "nobody there is a TransportError, an address that is none fails at once, and a closed client sends nothing",
  live(() =>
    Effect.gen(function* () {
      const gone = yield* Effect.scoped(listen("h2"))
      const fetch = yield* connectTo(gone)
      expect(yield* failing(fetch)).toMatchObject({ _tag: "TransportError", message: expect.stringContaining("ECONNREFUSED") })
      expect(yield* Effect.flip(connectTo(gone, { server: "ftp://x" }))).toMatchObject({ _tag: "TransportError" })

      const wire = yield* listen("h1")
      const closed = yield* Effect.scoped(connectTo(wire))
      expect(yield* failing(closed)).toMatchObject({ message: expect.stringContaining("the client is closed") })
    })
  )
)
