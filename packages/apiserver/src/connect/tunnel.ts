/** Passes an upgraded connection through to a kubelet: the handshake first, then bytes both ways until one side ends. @module */

import { connect as connectPlain, type Socket } from "node:net"
import type { Duplex } from "node:stream"
import { connect } from "node:tls"
import type { Upgrade } from "../upgrade.ts"
import { dialError, dialTimeoutMs, kubeletError } from "./kubelet.ts"

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
export interface Answer {
  readonly status: number
  readonly head: Buffer
  readonly rest: Buffer
}

/** Where to, and with which certificates; none for servers that are no kubelets. */
export interface Peer {
  readonly host: string
  readonly port: number
  readonly cert?: string
  readonly key?: string
  readonly ca?: string
}

const open = ({ host, port, cert, key, ca }: Peer, scheme: "http" | "https"): Socket => {
  if (scheme === "http") return connectPlain({ host, port })
  const certificates =
    cert === undefined || key === undefined || ca === undefined ? { rejectUnauthorized: false } : { cert, key, ca }
  return connect({ host, port, ...certificates, ALPNProtocols: ["http/1.1"] })
}

/** A connection to the peer; a 500 `StatusError` when there is none. */
export const dialKubelet = (peer: Peer, scheme: "http" | "https" = "https"): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const { host, port } = peer
    const socket = open(peer, scheme)
    const timer = setTimeout(() => socket.destroy(new Error(`dial tcp ${host}:${port}: i/o timeout`)), dialTimeoutMs)
    const failed = (error: Error): void => {
      clearTimeout(timer)
      reject(dialError(error))
    }
    socket.once(scheme === "http" ? "connect" : "secureConnect", () => {
      clearTimeout(timer)
      socket.off("error", failed)
      resolve(socket)
    })
    socket.once("error", failed)
  })

/** The peer's answer to the handshake; a 500 `StatusError` when it goes away before. */
export const readAnswer = (socket: Socket): Promise<Answer> =>
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
      socket.destroy()
      reject(dialError(error))
    }
    const onEnd = () => onError(new Error("the kubelet closed the connection"))
    socket.on("data", onData)
    socket.on("error", onError)
    socket.on("end", onEnd)
  })

/** What the kubelet says when it refuses; it closes after that, or the length is known. */
export const readRefusal = (socket: Socket, { head, rest }: Answer): Promise<string> =>
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
const relay = (client: Duplex, kubelet: Socket): void => {
  client.on("error", () => kubelet.destroy())
  kubelet.on("error", () => client.destroy())
  client.on("close", () => kubelet.destroy())
  kubelet.on("close", () => client.end())
  client.pipe(kubelet)
  kubelet.pipe(client)
}

/** Forwards the upgrade to `path` of the kubelet. Resolves when bytes flow; throws a `StatusError` while the client can still be answered. */
export const tunnel = async (
  peer: Peer,
  method: string,
  path: string,
  upgrade: Upgrade,
  scheme: "http" | "https" = "https"
): Promise<void> => {
  const socket = await dialKubelet(peer, scheme)
  const host = peer.host.includes(":") ? `[${peer.host}]` : peer.host
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}:${peer.port}`, ...forwardedHeaders(upgrade.rawHeaders)]
  if (method !== "GET") lines.push("Content-Length: 0")
  socket.write(`${lines.join("\r\n")}\r\n\r\n`)
  const answer = await readAnswer(socket)
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
