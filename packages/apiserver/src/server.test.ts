import { afterAll, expect, test } from "bun:test"
import { connect } from "node:http2"
import { request } from "node:https"
import { createAuthority, issueCertificate } from "./certificates.ts"
import type { Connection } from "./request.ts"
import { listen } from "./server.ts"

const authority = await createAuthority()
const [server, client, stranger] = await Promise.all([
  issueCertificate(authority, { commonName: "server", ipAddresses: ["127.0.0.1"] }),
  issueCertificate(authority, { commonName: "alice", organizations: ["dev", "ops"] }),
  createAuthority().then((other) => issueCertificate(other, { commonName: "mallory", organizations: ["system:masters"] }))
])
const tls = { ...server, clientCa: authority.cert }
const cancelled: Array<string> = []
const big = new Uint8Array(8 * 1024 * 1024).fill(97)
let pulled = 0

const handler = {
  fetch: async (request: Request, connection?: Connection): Promise<Response> => {
    const { pathname } = new URL(request.url)
    if (pathname === "/who") return Response.json(connection?.clientCertificate ?? null)
    if (pathname === "/echo") return new Response(await request.text(), { headers: { warning: '299 - "a"' } })
    if (pathname === "/fail") throw new Error("broken")
    if (pathname === "/big") return new Response(big)
    if (pathname === "/flood")
      return new Response(
        new ReadableStream(
          {
            pull: (controller) => {
              pulled++
              controller.enqueue(big.slice(0, 65536))
            }
          },
          { highWaterMark: 0 }
        )
      )
    return new Response(
      new ReadableStream({
        start: (controller) => {
          request.signal.addEventListener("abort", () => cancelled.push(`signal${pathname}`))
          if (pathname !== "/silent") controller.enqueue(new TextEncoder().encode("one\n"))
        },
        cancel: () => void cancelled.push(`stream${pathname}`)
      })
    )
  }
}

const { listening, close } = await listen(handler, { tls })
afterAll(close)

const until = async (condition: () => boolean): Promise<void> => {
  const deadline = performance.now() + 5000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("did not come true")
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

interface Answer {
  readonly status: number
  readonly text: string
}

const http1 = (
  path: string,
  identity: object = {},
  options: { method?: string; body?: string | Uint8Array } = {}
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { method = "GET", body } = options
    const sent = request(`${listening.url}${path}`, { ca: authority.cert, agent: false, method, ...identity }, (answer) => {
      let text = ""
      answer.on("data", (chunk) => (text += chunk)).on("end", () => resolve({ status: answer.statusCode ?? 0, text }))
    })
    sent.on("error", reject).end(body)
  })

const http2 = (path: string, identity: object = {}, body?: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const session = connect(listening.url, { ca: authority.cert, ...identity })
    session.on("error", reject)
    const stream = session.request({ ":path": path, ":method": body === undefined ? "GET" : "POST" })
    let status = 0
    let text = ""
    stream.on("response", (headers) => (status = headers[":status"] ?? 0))
    stream.setEncoding("utf8").on("data", (chunk) => (text += chunk))
    stream.on("error", reject).on("end", () => {
      session.close()
      resolve({ status, text })
    })
    stream.end(body)
  })

for (const [protocol, send] of [
  ["HTTP/1.1", http1],
  ["HTTP/2", http2]
] as const) {
  test(`${protocol}: a verified certificate says who asks, others say nothing`, async () => {
    expect((await send("/who", client)).text).toBe('{"commonName":"alice","organizations":["dev","ops"]}')
    expect((await send("/who", stranger)).text).toBe("null")
    expect((await send("/who")).text).toBe("null")
  })

  test(`${protocol}: large bodies arrive whole, failures are a Status`, async () => {
    expect((await send("/big")).text.length).toBe(big.length)
    const failed = await send("/fail")
    expect(failed.status).toBe(500)
    expect(JSON.parse(failed.text).message).toBe("Internal error occurred: broken")
  })
}

test("bodies come through, and those above the limit get 413", async () => {
  expect((await http1("/echo", {}, { method: "POST", body: "hällo" })).text).toBe("hällo")
  expect((await http2("/echo", {}, "hällo")).text).toBe("hällo")
  expect((await http1("/echo", {}, { method: "POST", body: new Uint8Array(4 * 1024 * 1024) })).status).toBe(413)
})

test("a stream's headers and chunks are sent at once; a client that leaves ends it", async () => {
  const session = connect(listening.url, { ca: authority.cert })
  const silent = session.request({ ":path": "/silent" })
  await new Promise((resolve) => silent.on("response", resolve))
  const talking = session.request({ ":path": "/talking" })
  expect(String(await new Promise((resolve) => talking.on("data", resolve)))).toBe("one\n")
  talking.close()
  await until(() => cancelled.includes("stream/talking") && cancelled.includes("signal/talking"))
  session.destroy()
  await until(() => cancelled.includes("stream/silent"))
  const over1 = request(`${listening.url}/one`, { ca: authority.cert, agent: false })
  over1.on("error", () => undefined).end()
  await new Promise((resolve) => over1.on("response", (answer) => answer.once("data", resolve)))
  over1.destroy()
  await until(() => cancelled.includes("stream/one"))
})

test("a client that does not read stops the stream's source", async () => {
  pulled = 0
  const session = connect(listening.url, { ca: authority.cert })
  const stream = session.request({ ":path": "/flood" })
  await new Promise((resolve) => stream.on("response", resolve))
  stream.pause()
  let before = -1
  await until(() => {
    const quiet = before === pulled && pulled > 0
    before = pulled
    return quiet
  })
  expect(pulled).toBeLessThan(2000)
  session.destroy()
})

test("a port that is taken is named", async () => {
  const failure = await listen(handler, { tls, port: listening.port }).catch((error) => error)
  expect(failure._tag).toBe("PortInUse")
  expect(failure.message).toBe(`port ${listening.port} on 127.0.0.1 is in use`)
})

test("closing ends streams properly and lets go of the port", async () => {
  const second = await listen(handler, { tls })
  const session = connect(second.listening.url, { ca: authority.cert })
  session.on("error", () => undefined)
  const stream = session.request({ ":path": "/watch" })
  const ended = new Promise((resolve) => stream.on("end", resolve))
  await new Promise((resolve) => stream.once("data", resolve))
  stream.resume()
  await second.close()
  await ended
  const third = await listen(handler, { tls, port: second.listening.port })
  await third.close()
})
