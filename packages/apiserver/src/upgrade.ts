/** A connection whose client asked to leave HTTP for another protocol (WebSocket, SPDY), and how to go along or refuse. @module */
import { STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"

/** What a handler gets of such a request besides the request itself. */
export interface Upgrade {
  /** Name and value in turn, as they came. */
  readonly rawHeaders: ReadonlyArray<string>
  /** Takes the connection over: from then on all bytes are the caller's, and its end too. `head` came early and is to be read first. */
  readonly take: () => { readonly socket: Duplex; readonly head: Buffer }
}

/** Refuses an upgrade by an ordinary HTTP/1.1 response on the raw connection, and closes it. */
export const refuseUpgrade = async (socket: Duplex, response: Response): Promise<void> => {
  const body = Buffer.from(await response.arrayBuffer())
  const lines = [`HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ""}`]
  for (const [name, value] of response.headers)
    if (name !== "content-length" && name !== "connection") lines.push(`${name}: ${value}`)
  lines.push(`content-length: ${body.length}`, "connection: close", "", "")
  socket.end(Buffer.concat([Buffer.from(lines.join("\r\n")), body]))
}
