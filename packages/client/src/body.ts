/** The body of a Node.js stream as a web stream that is read no faster than it is wanted. @module */
import type { Readable } from "node:stream"

/** So much may wait in memory for a slow reader. */
const highWaterMark = 64 * 1024

/**
 * `cancel` must end the exchange: it is called when the reader leaves before the end. `length` is what the answer promised:
 * HTTP/2 streams of a connection that broke end as if all were well.
 */
export const bodyOf = (readable: Readable, cancel: () => void, length?: number): ReadableStream<Uint8Array> => {
  let ended = false
  let received = 0
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const end = (finish: () => void) => () => {
          if (ended) return
          ended = true
          finish()
        }
        readable.on("data", (chunk: Uint8Array) => {
          if (ended) return
          received += chunk.byteLength
          controller.enqueue(chunk)
          if ((controller.desiredSize ?? 0) <= 0) readable.pause()
        })
        const cut = end(() => controller.error(new Error("the connection was closed before the end of the answer")))
        const close = end(() => controller.close())
        readable.on("end", () => (length === undefined || received === length ? close() : cut()))
        readable.on("error", (error) => end(() => controller.error(error))())
        readable.on("close", cut)
      },
      pull() {
        readable.resume()
      },
      cancel() {
        ended = true
        cancel()
      }
    },
    new ByteLengthQueuingStrategy({ highWaterMark })
  )
}

/** The Response of an answer that has begun; answers to HEAD have no body, and nor have some codes. */
export const responseOf = (
  method: string,
  status: number,
  headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>,
  readable: Readable,
  cancel: () => void
): Response => {
  const pairs: Array<[string, string]> = []
  for (const name in headers) {
    const value = headers[name]
    if (name.startsWith(":") || value === undefined) continue
    if (typeof value === "string") pairs.push([name, value])
    else for (const one of value) pairs.push([name, one])
  }
  const isEmpty = method === "HEAD" || status === 204 || status === 205 || status === 304
  if (isEmpty) readable.resume()
  const length = headers["content-length"]
  const body = isEmpty ? null : bodyOf(readable, cancel, typeof length === "string" ? Number(length) : undefined)
  return new Response(body, { status, headers: pairs })
}
