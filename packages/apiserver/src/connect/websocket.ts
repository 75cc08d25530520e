/** WebSockets of clients: the handshake, and answers that are sent as messages. @module */
import type { IncomingMessage } from "node:http"
import { WebSocket, WebSocketServer } from "ws"
import type { Upgrade } from "../upgrade.ts"

const bufferedLimit = 1024 * 1024
const drainMs = 5

/** Plain bytes, or the same in base64 for clients that can only send text. */
const protocols = ["binary.k8s.io", "base64.binary.k8s.io"]

const server = new WebSocketServer({
  noServer: true,
  perMessageDeflate: false,
  handleProtocols: (offered) => protocols.find((name) => offered.has(name)) ?? false
})

/** The request as the library wants it, without some of its headers. */
export const requestOf = ({ rawHeaders }: Upgrade, without: ReadonlyArray<string> = []): IncomingMessage => {
  const headers: Record<string, string> = {}
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    if (!without.includes(name)) headers[name] = rawHeaders[i + 1]!
  }
  return { method: "GET", url: "/", headers } as unknown as IncomingMessage
}

/** Sends a stream as messages, an empty one first, and closes. `gone` is called when the client leaves before. */
export const sendByWebSocket = (upgrade: Upgrade, body: AsyncIterable<Uint8Array>, gone: () => void): void => {
  const { socket, head } = upgrade.take()
  server.handleUpgrade(requestOf(upgrade), socket, head, (webSocket) => {
    webSocket.on("close", gone)
    webSocket.on("error", gone)
    void sendAll(webSocket, body).catch(() => webSocket.terminate())
  })
}

const sendAll = async (webSocket: WebSocket, body: AsyncIterable<Uint8Array>): Promise<void> => {
  const inText = webSocket.protocol === "base64.binary.k8s.io"
  webSocket.send(inText ? "" : Buffer.alloc(0))
  for await (const bytes of body) {
    if (webSocket.readyState !== WebSocket.OPEN) return
    webSocket.send(inText ? Buffer.from(bytes).toString("base64") : bytes)
    while (webSocket.bufferedAmount > bufferedLimit && webSocket.readyState === WebSocket.OPEN)
      await new Promise((resolve) => setTimeout(resolve, drainMs))
  }
  webSocket.close(1000)
}
