/** Passes an upgraded connection through to a kubelet: the handshake first, then bytes both ways until one side ends. @module */
import type { Duplex } from "node:stream"
import { connect, type TLSSocket } from "node:tls"
import type { Upgrade } from "../upgrade.ts"
import { dialError, dialTimeoutMs, type KubeletAddress, kubeletError } from "./kubelet.ts"

/** An answer's head may be this long, and the text of a refusal. */
const headLimit = 65_536

/** Secrets of the client, and what is said of its own connection. */
const notForwarded = /^(authorization|cookie|host|content-length|transfer-encoding|impersonate-.*|x-remote-.*)$/i
const bearerProtocol = "base64url.bearer.authorization.k8s.io."

const forwardedHeaders = (rawHeaders: ReadonlyArray<string>): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    let value = rawHeaders[i + 1]!
    if (notForwarded.test(name)) continue
    if (name.toLowerCase() === "sec-websocket-protocol") {
      value = value
        .split(",")
        .map((protocol) => protocol.trim())
        .filter((protocol) => !protocol.startsWith(bearerProtocol))
        .join(", ")
    }
    lines.push(`${name}: ${value}`)
  }
  return lines
}

/** The kubelet's answer to the handshake: everything up to the empty line, and what came after it. */
interface Answer {
  readonly status: number
  readonly head: Buffer
  readonly rest: Buffer
}

const dial = ({ host, port, cert, key, ca }: KubeletAddress): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, cert, key, ca, ALPNProtocols: ["http/1.1"] })
    const timer = setTimeout(() => socket.destroy(new Error(`dial tcp ${host}:${port}: i/o timeout`)), dialTimeoutMs)
    socket.once("secureConnect", () => {
      clearTimeout(timer)
      socket.off("error", reject)
      resolve(socket)
    })
    socket.once("error", (error) => {
      clearTimeout(timer)
      reject(error)
    })
  })

const readAnswer = (socket: TLSSocket): Promise<Answer> =>
  new Promise((resolve, reject) => {
    let received = Buffer.alloc(0)
    const finish = () => {
      socket.off("data", onData)
      socket.off("error", onError)
      socket.off("end", onEnd)
    }
    const onData = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      const end = received.indexOf("\r\n\r\n")
      if (end < 0 && received.length < headLimit) return
      finish()
      socket.pause()
      const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(received.toString("latin1", 0, 64))?.[1] ?? 502)
      resolve({ status, head: received.subarray(0, end + 4), rest: received.subarray(end + 4) })
    }
    const onError = (error: Error) => {
      finish()
      reject(error)
    }
    const onEnd = () => onError(new Error("the kubelet closed the connection"))
    socket.on("data", onData)
    socket.on("error", onError)
    socket.on("end", onEnd)
  })

/** What the kubelet says when it refuses; it closes after that, or the length is known. */
const readRefusal = (socket: TLSSocket, { head, rest }: Answer): Promise<string> =>
  new Promise((resolve) => {
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head.toString("latin1"))?.[1] ?? headLimit)
    let text = rest
    const finish = () => {
      socket.destroy()
      resolve(text.subarray(0, length).toString())
    }
    if (text.length >= Math.min(length, headLimit)) return finish()
    socket.on("data", (chunk: Buffer) => {
      text = Buffer.concat([text, chunk])
      if (text.length >= Math.min(length, headLimit)) finish()
    })
    socket.on("end", finish)
    socket.on("error", finish)
    socket.setTimeout(dialTimeoutMs, finish)
    socket.resume()
  })

/** `pipe` keeps back-pressure and hands an end on; what is left is an end by failure. */
const relay = (client: Duplex, kubelet: TLSSocket): void => {
  client.on("error", () => kubelet.destroy())
  kubelet.on("error", () => client.destroy())
  client.on("close", () => kubelet.destroy())
  kubelet.on("close", () => client.end())
  client.pipe(kubelet)
  kubelet.pipe(client)
}

/** Forwards the upgrade to `path` of the kubelet. Resolves when bytes flow; throws a `StatusError` while the client can still be answered. */
export const tunnel = async (address: KubeletAddress, method: string, path: string, upgrade: Upgrade): Promise<void> => {
  const socket = await dial(address).catch((error) => {
    throw dialError(error)
  })
  const host = address.host.includes(":") ? `[${address.host}]` : address.host
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}:${address.port}`, ...forwardedHeaders(upgrade.rawHeaders)]
  if (method !== "GET") lines.push("Content-Length: 0")
  socket.write(`${lines.join("\r\n")}\r\n\r\n`)
  const answer = await readAnswer(socket).catch((error) => {
    socket.destroy()
    throw dialError(error)
  })
  if (answer.status !== 101) throw kubeletError(answer.status, await readRefusal(socket, answer))
  const { socket: client, head } = upgrade.take()
  if (client.destroyed) {
    socket.destroy()
    return
  }
  client.write(Buffer.concat([answer.head, answer.rest]))
  if (head.length > 0) socket.write(head)
  relay(client, socket)
}
