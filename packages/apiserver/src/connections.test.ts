import { afterAll, expect, test } from "bun:test"
import { connect as connectH2 } from "node:http2"
import { request } from "node:https"
import { connect as dial, type Socket } from "node:net"
import { connect as dialTls } from "node:tls"
import { createAuthority, issueCertificate } from "./certificates.ts"
import { startApiserver } from "./promise.ts"
import { listen } from "./server.ts"

const authority = await createAuthority()
const own = await issueCertificate(authority, { commonName: "server", ipAddresses: ["127.0.0.1"] })
const handler = { fetch: async (request: Request) => new Response(`${(await request.text()).length}`) }
const { listening, close } = await listen(handler, {
  tls: own,
  bodyTimeoutMs: 300,
  idle: { firstRequestMs: 300, idleMs: 600 }
})
afterAll(close)

const get = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const sent = request(`${listening.url}/`, { ca: authority.cert, agent: false }, (answer) => {
      answer.resume().on("end", () => resolve(answer.statusCode ?? 0))
    })
    sent.on("error", reject).end()
  })

/** What a raw connection gets before it is closed. */
const talk = (text: string, every?: number): Promise<string> =>
  new Promise((resolve) => {
    const socket = dialTls({ host: "127.0.0.1", port: listening.port, ca: authority.cert, ALPNProtocols: ["http/1.1"] })
    let received = ""
    let timer: ReturnType<typeof setInterval> | undefined
    socket.on("secureConnect", () => {
      socket.write(text)
      if (every !== undefined) timer = setInterval(() => socket.write("a"), every)
    })
    socket.on("data", (chunk) => (received += chunk)).on("error", () => undefined)
    socket.on("close", () => {
      clearInterval(timer)
      resolve(received)
    })
  })

test("headers that come byte by byte, and bodies that never come, end their connection", async () => {
  expect(await talk("GET / HTTP/1.1\r\nhost: x\r\nx-slow: ", 20)).not.toContain("200")
  const slow = await talk("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc")
  expect(slow).not.toContain("200")
  expect(await get()).toBe(200)
})

test("connections that were used are closed when they have been silent for long", async () => {
  expect(await talk("GET / HTTP/1.1\r\nhost: x\r\n\r\n")).toContain("200")
  const session = connectH2(listening.url, { ca: authority.cert })
  const closed = new Promise<void>((resolve) => session.on("close", resolve))
  session.on("error", () => undefined)
  session.request({ ":path": "/" }).resume()
  await closed
})

test("thousands of half-open connections do not keep others out", async () => {
  const sockets: Array<Socket> = []
  for (let i = 0; i < 2000; i++) {
    const socket = dial(listening.port, "127.0.0.1")
    socket.on("error", () => undefined)
    sockets.push(socket)
  }
  for (let i = 0; i < 10; i++) expect(await get()).toBe(200)
  for (const socket of sockets) socket.destroy()
})

test("streams that are opened and reset without end leave the server answering", async () => {
  const session = connectH2(listening.url, { ca: authority.cert })
  session.on("error", () => undefined)
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 200 && !session.destroyed; i++) {
      const stream = session.request({ ":path": "/" })
      stream.on("error", () => undefined)
      stream.close(8)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(await get()).toBe(200)
  session.destroy()
}, 20_000)

test("the insecure port is plain HTTP for programs of this machine", async () => {
  await using probe = await startApiserver({ insecurePort: 0 })
  expect(probe.insecureUrl).toStartWith("http://127.0.0.1:")
  const list = await fetch(`${probe.insecureUrl}/api/v1/namespaces`)
  expect(list.status).toBe(200)
  const made = await fetch(`${probe.insecureUrl}/api/v1/namespaces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ metadata: { name: "plain" } })
  })
  expect(made.status).toBe(201)
  expect((await fetch(`${probe.insecureUrl}/api`, { headers: { origin: "https://evil.example" } })).status).toBe(403)
  expect((await fetch(`${probe.insecureUrl}/api`, { headers: { host: "evil.example" } })).status).toBe(403)
})

test("a server that closes is not ready first, serves on for the delay, then ends watches properly", async () => {
  const server = await startApiserver({ shutdownDelayMs: 300, anonymous: true })
  const watch = await server.fetch(new Request("https://x/api/v1/pods?watch=true"))
  const ask = (path: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const sent = request(`${server.url}${path}`, { ca: server.authority.cert, agent: false }, (answer) => {
        answer.resume().on("end", () => resolve(answer.statusCode ?? 0))
      })
      sent.on("error", reject).end()
    })
  expect(await ask("/readyz")).toBe(200)
  const closing = server.close()
  expect(await ask("/readyz")).toBe(500)
  expect(await ask("/livez")).toBe(200)
  await closing
  // A clean end of the stream, and no error.
  for await (const _ of watch.body!);
  await expect(ask("/livez")).rejects.toThrow()
})
