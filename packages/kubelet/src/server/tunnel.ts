/** Carries an upgraded connection through to a runtime's streaming server, byte by byte. @module */
import { connect } from "node:net"
import type { Duplex } from "node:stream"

/** Repeats the client's upgrade to the server at `url` and joins the two connections; the answer to the upgrade is the server's. */
export const tunnel = (
  client: Duplex,
  head: Buffer,
  url: string,
  headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
): void => {
  const { hostname, port, host, pathname, search } = new URL(url)
  const server = connect({ host: hostname, port: Number(port) })
  const close = (): void => {
    client.destroy()
    server.destroy()
  }
  server.on("error", close)
  client.on("error", close)
  server.on("close", () => client.end())
  client.on("close", () => server.destroy())
  server.on("connect", () => {
    const lines = [
      `POST ${pathname}${search} HTTP/1.1`,
      `Host: ${host}`,
      "Connection: Upgrade",
      "Upgrade: SPDY/3.1",
      "Content-Length: 0"
    ]
    for (const value of [headers["x-stream-protocol-version"] ?? []].flat()) {
      for (const one of value.split(",")) lines.push(`X-Stream-Protocol-Version: ${one.trim()}`)
    }
    server.write(`${lines.join("\r\n")}\r\n\r\n`)
    if (head.length > 0) server.write(head)
    client.pipe(server)
    server.pipe(client)
  })
}
