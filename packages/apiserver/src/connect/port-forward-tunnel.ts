/** Port-forward over a WebSocket: the client's SPDY frames travel in binary messages, and go on to the kubelet as they are. @module */
import type { Socket } from "node:net"
import { WebSocket, WebSocketServer } from "ws"
import type { Upgrade } from "../upgrade.ts"
import { type KubeletAddress, kubeletError } from "./kubelet.ts"
import { dialKubelet, readAnswer, readRefusal } from "./tunnel.ts"
import { requestOf } from "./websocket.ts"

const tunnelProtocol = "SPDY/3.1+portforward.k8s.io"

const bufferedLimit = 1024 * 1024
const drainMs = 5

const server = new WebSocketServer({ noServer: true, perMessageDeflate: false })
// The name has letters that the library does not let through, so it is answered by hand.
server.on("headers", (headers) => headers.push(`Sec-WebSocket-Protocol: ${tunnelProtocol}`))

/** Opens the kubelet's side by SPDY, then answers the WebSocket; throws a `StatusError` while the client can still be answered. */
export const tunnelPortForward = async (address: KubeletAddress, path: string, upgrade: Upgrade): Promise<void> => {
  const socket = await dialKubelet(address)
  const host = address.host.includes(":") ? `[${address.host}]` : address.host
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}:${address.port}`,
    "Connection: Upgrade",
    "Upgrade: SPDY/3.1",
    "X-Stream-Protocol-Version: portforward.k8s.io",
    "Content-Length: 0"
  ]
  socket.write(`${lines.join("\r\n")}\r\n\r\n`)
  const answer = await readAnswer(socket)
  if (answer.status !== 101) throw kubeletError(answer.status, await readRefusal(socket, answer))
  const { socket: client, head } = upgrade.take()
  if (client.destroyed) {
    socket.destroy()
    return
  }
  server.handleUpgrade(requestOf(upgrade, ["sec-websocket-protocol", "sec-websocket-extensions"]), client, head, (webSocket) =>
    join(webSocket, socket, answer.rest)
  )
}

const join = (webSocket: WebSocket, kubelet: Socket, first: Buffer): void => {
  webSocket.binaryType = "nodebuffer"
  webSocket.on("message", (data: Buffer) => {
    if (kubelet.write(data)) return
    webSocket.pause()
    kubelet.once("drain", () => webSocket.resume())
  })
  webSocket.on("close", () => kubelet.destroy())
  webSocket.on("error", () => kubelet.destroy())
  const send = (bytes: Buffer): void => {
    if (webSocket.readyState !== WebSocket.OPEN) return
    webSocket.send(bytes, { binary: true })
    if (webSocket.bufferedAmount <= bufferedLimit) return
    kubelet.pause()
    const wait = (): void => {
      if (webSocket.bufferedAmount > bufferedLimit && webSocket.readyState === WebSocket.OPEN) setTimeout(wait, drainMs)
      else kubelet.resume()
    }
    setTimeout(wait, drainMs)
  }
  if (first.length > 0) send(first)
  kubelet.on("data", send)
  kubelet.on("error", () => webSocket.terminate())
  kubelet.on("close", () => webSocket.close(1000))
  kubelet.resume()
}
