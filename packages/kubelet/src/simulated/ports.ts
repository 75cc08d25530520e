/** What answers at a declared port of a simulated container: a small web server to who speaks HTTP, an echo to everybody else. @module */
import type { PortServer } from "../runtime.ts"
import { bytesOf, Input, textOf } from "./process.ts"

/** A request as the page shows it. */
export interface PageRequest {
  readonly method: string
  readonly path: string
}

/** What the page says of who answers. */
export interface PageFacts {
  readonly namespace: string
  readonly pod: string
  readonly node: string
  readonly port: number
}

/** The page of a simulated port. */
export const pageOf = ({ namespace, pod, node, port }: PageFacts, { method, path }: PageRequest): string =>
  `${[`pod: ${namespace}/${pod}`, `node: ${node} (simulated)`, `port: ${port}`, `request: ${method} ${path}`].join("\n")}\n`

const requestLine = /^([A-Z]+) (\S+) HTTP\/1\.[01]\r?$/
const never = new AbortController().signal
const headerLimit = 200

/** Serves one connection after the other at a port. */
export const portServer =
  (facts: PageFacts): PortServer =>
  async ({ input, output }) => {
    const reader = new Input(input)
    const first = await reader.chunk(never)
    if (first === undefined) return
    reader.unread(first)
    if (/^[A-Z]+ \S/.test(textOf(first.subarray(0, 300)))) await servePages(facts, reader, output)
    else
      for (;;) {
        const bytes = await reader.chunk(never)
        if (bytes === undefined) return
        await output(bytes)
      }
  }

const servePages = async (facts: PageFacts, reader: Input, output: (bytes: Uint8Array) => Promise<void>): Promise<void> => {
  for (;;) {
    const line = await reader.line(never)
    const [, method, path] = requestLine.exec(textOf(line ?? new Uint8Array())) ?? []
    if (method === undefined || path === undefined) return
    let left = 0
    let close = false
    for (let count = 0; ; count++) {
      const header = textOf((await reader.line(never)) ?? new Uint8Array())
        .trim()
        .toLowerCase()
      if (header === "") break
      if (count > headerLimit) return
      if (header.startsWith("content-length:")) left = Number(header.slice(15)) || 0
      if (header === "connection: close" || header.startsWith("transfer-encoding:")) close = true
    }
    while (left > 0) {
      const bytes = await reader.chunk(never)
      if (bytes === undefined) return
      if (bytes.length > left) reader.unread(bytes.subarray(left))
      left -= bytes.length
    }
    const body = bytesOf(pageOf(facts, { method, path }))
    const head = [
      "HTTP/1.1 200 OK",
      "Content-Type: text/plain",
      `Content-Length: ${body.length}`,
      ...(close ? ["Connection: close"] : [])
    ]
    await output(bytesOf(`${head.join("\r\n")}\r\n\r\n`))
    if (method !== "HEAD") await output(body)
    if (close) return
  }
}
