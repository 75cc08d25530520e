/** Compresses large answers for clients that take gzip. @module */
import { isFromSocket, wireResponse } from "../wire.ts"

/** Smaller answers are sent as they are, as upstream does. */
const leastBytes = 128 * 1024
/** The quickest level: the rest costs much more time than it saves bytes. */
const level = 1

/** The library is loaded by the first answer that is large enough. */
const compress = async (body: string | Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> => {
  const { gzip } = await import("node:zlib")
  return new Promise((resolve, reject) => {
    gzip(body, { level }, (error, bytes) => (error === null ? resolve(new Uint8Array(bytes)) : reject(error)))
  })
}

const accepts = (header: string | null): boolean =>
  (header ?? "").split(",").some((clause) => {
    const [coding = "", ...parameters] = clause.split(";").map((part) => part.trim().toLowerCase())
    return (coding === "gzip" || coding === "*") && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
  })

const encoder = new TextEncoder()

interface ResponseHead {
  readonly status: number
  readonly headers: Headers
}

const isCompressed = (request: Request, size: number): boolean =>
  size > leastBytes && accepts(request.headers.get("accept-encoding"))

/** A body as a response, compressed off the event loop when it is large and the client accepts it. */
export const bodyResponse = (request: Request, body: string | Uint8Array<ArrayBuffer>, init: ResponseHead): Response => {
  // A text has at least as many bytes as letters.
  if (isCompressed(request, body.length)) return compressedResponse(() => body, init)
  if (!isFromSocket(request)) return new Response(body, init)
  return wireResponse([typeof body === "string" ? encoder.encode(body) : body], init)
}

/** Bytes in pieces as a response, for requests from sockets only. */
export const piecesResponse = (request: Request, pieces: ReadonlyArray<Uint8Array>, init: ResponseHead): Response => {
  const size = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0)
  return isCompressed(request, size) ? compressedResponse(() => Buffer.concat(pieces), init) : wireResponse(pieces, init)
}

const compressedResponse = (body: () => string | Uint8Array<ArrayBuffer>, init: ResponseHead): Response => {
  init.headers.set("content-encoding", "gzip")
  init.headers.set("vary", "Accept-Encoding")
  const compressed = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        controller.enqueue(await compress(body()))
        controller.close()
      }
    },
    { highWaterMark: 0 }
  )
  return new Response(compressed, init)
}
