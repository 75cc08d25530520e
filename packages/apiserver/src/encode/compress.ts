/** Compresses large answers for clients that take gzip. @module */
import { promisify } from "node:util"
import { gzip } from "node:zlib"

/** Smaller answers are sent as they are, as upstream does. */
const leastBytes = 128 * 1024
/** The quickest level: the rest costs much more time than it saves bytes. */
const level = 1

const compress = promisify(gzip)

const accepts = (header: string | null): boolean =>
  (header ?? "").split(",").some((clause) => {
    const [coding = "", ...parameters] = clause.split(";").map((part) => part.trim().toLowerCase())
    return (coding === "gzip" || coding === "*") && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
  })

/** A body as a response, compressed off the event loop when it is large and the client accepts it. */
export const bodyResponse = (
  request: Request,
  body: string | Uint8Array<ArrayBuffer>,
  init: { readonly status: number; readonly headers: Headers }
): Response => {
  // A text has at least as many bytes as letters.
  if (body.length <= leastBytes || !accepts(request.headers.get("accept-encoding"))) return new Response(body, init)
  init.headers.set("content-encoding", "gzip")
  init.headers.set("vary", "Accept-Encoding")
  const compressed = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        controller.enqueue(new Uint8Array(await compress(body, { level })))
        controller.close()
      }
    },
    { highWaterMark: 0 }
  )
  return new Response(compressed, init)
}
