/** The body of a Node.js stream as a web stream that is read no faster than it is wanted. @module */
import type { Readable } from "node:stream"

/** So much may wait in memory for a slow reader. */
const highWaterMark = 64 * 1024

/** `cancel` must end the exchange: it is called when the reader leaves before the end. */
export const bodyOf = (readable: Readable, cancel: () => void): ReadableStream<Uint8Array> => {
  let ended = false
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
          controller.enqueue(chunk)
          if ((controller.desiredSize ?? 0) <= 0) readable.pause()
        })
        readable.on("end", () => end(() => controller.close())())
        readable.on("error", (error) => end(() => controller.error(error))())
        readable.on(
          "close",
          end(() => controller.error(new Error("the connection was closed before the end of the answer")))
        )
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

/** The Response of an answer that has begun; codes without a body get none. */
export const responseOf = (
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
  const isEmpty = status === 204 || status === 205 || status === 304
  if (isEmpty) readable.resume()
  return new Response(isEmpty ? null : bodyOf(readable, cancel), { status, headers: pairs })
}
