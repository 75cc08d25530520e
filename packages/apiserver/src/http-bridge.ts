/** Answers node's HTTP/1.1 and HTTP/2 requests with a web-standard handler: bounded bodies in, streams out with back-pressure. @module */
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2"
import { badRequest, type StatusError, tooLarge, tooManyRequests } from "@tsukube/api"
import { bodyIs } from "./decode/body.ts"
import { bodyTimeout } from "./in-flight.ts"
import { type LiveBody, markFromSocket, wireBodyOf } from "./wire.ts"

/** Bodies above this get 413, as upstream's limit is. */
export const bodyLimitBytes: number = 3 * 1024 * 1024

export type Incoming = IncomingMessage | Http2ServerRequest
export type Outgoing = ServerResponse | Http2ServerResponse

/** Headers that speak of one connection and are errors in HTTP/2. */
const hopHeaders = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"])

/** The request as web-standard object. The host is in its headers; the URL's own host means nothing. */
export const toRequest = (incoming: Incoming, body: Uint8Array<ArrayBuffer> | undefined, signal: AbortSignal): Request => {
  const path = incoming.url ?? ""
  if (!path.startsWith("/")) throw badRequest(`the request target ${JSON.stringify(path)} is not a path`)
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value === undefined || name.startsWith(":")) continue
    headers.set(name, Array.isArray(value) ? value.join(", ") : value)
  }
  const method = incoming.method ?? "GET"
  const request = new Request(`https://kubernetes${path}`, { method, headers, signal, ...(body === undefined ? {} : { body }) })
  if (body !== undefined) bodyIs(request, body)
  markFromSocket(request)
  return request
}

/** What all bodies that are being received may take together; more have to wait their turn. */
const receivingLimitBytes = 256 * 1024 * 1024
const retryAfterSeconds = 1

/** The bodies that one server is receiving. */
export interface Receiving {
  bytes: number
}

/** The whole body; `undefined` for methods that have none. Fails with 413 as soon as it is too long, with 504 when it takes too long. */
export const readBody = async (
  incoming: Incoming,
  receiving: Receiving = { bytes: 0 },
  withinMs = 60_000
): Promise<Uint8Array<ArrayBuffer> | undefined> => {
  if (incoming.method === "GET" || incoming.method === "HEAD") return undefined
  const limit = () => tooLarge(`limit is ${bodyLimitBytes}`)
  if (Number(incoming.headers["content-length"] ?? 0) > bodyLimitBytes) throw limit()
  const chunks: Array<Uint8Array> = []
  let size = 0
  let late = false
  const timer = setTimeout(() => {
    late = true
    incoming.destroy()
  }, withinMs)
  try {
    for await (const chunk of incoming) {
      const bytes: Uint8Array = chunk
      size += bytes.length
      receiving.bytes += bytes.length
      if (size > bodyLimitBytes) throw limit()
      if (receiving.bytes > receivingLimitBytes) {
        throw tooManyRequests("Too many requests, please try again later.", retryAfterSeconds)
      }
      chunks.push(bytes)
    }
    if (late) throw bodyTimeout()
    return size === 0 ? undefined : new Uint8Array(Buffer.concat(chunks))
  } finally {
    clearTimeout(timer)
    receiving.bytes -= size
  }
}

/** An error as the response it stands for. */
export const errorResponse = (error: StatusError): Response => {
  const { retryAfterSeconds } = error.status.details ?? {}
  const headers = retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }
  return Response.json(error.status, { status: error.code, headers })
}

/** Writes a response; resolves when it is written or the client is gone. `ended` closes a stream that would go on. */
export const writeResponse = async (
  response: Response,
  outgoing: Outgoing,
  method: string,
  ended: AbortSignal
): Promise<void> => {
  const headers: Record<string, string> = {}
  const http2 = isHttp2(outgoing)
  for (const [name, value] of response.headers) if (!http2 || !hopHeaders.has(name)) headers[name] = value
  if (http2) outgoing.writeHead(response.status, headers)
  else outgoing.writeHead(response.status, headers)
  const wire = wireBodyOf(response)
  if (method === "HEAD" || (wire === undefined && response.body === null)) {
    if (wire !== undefined && "cancel" in wire) wire.cancel()
    await response.body?.cancel()
    outgoing.end()
    return
  }
  if (wire !== undefined && !("attach" in wire)) return writePieces(wire, outgoing)
  // A watch may have nothing to say for long, but its client waits for the headers.
  if (!http2 && !response.headers.has("content-length")) outgoing.flushHeaders()
  if (wire !== undefined) return writeLive(wire, outgoing, ended)
  const reader = response.body!.getReader()
  const stop = () => void reader.cancel().catch(() => undefined)
  outgoing.on("close", stop)
  ended.addEventListener("abort", stop)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done || outgoing.destroyed) break
      const room = http2 ? outgoing.write(value) : outgoing.write(value)
      if (!room) await drained(outgoing)
    }
    outgoing.end()
  } catch {
    // The body broke in the middle: a proper end would make the client take half of it for the whole.
    abort(outgoing)
  } finally {
    outgoing.off("close", stop)
    ended.removeEventListener("abort", stop)
  }
}

const write = (outgoing: Outgoing, bytes: Uint8Array): boolean =>
  isHttp2(outgoing) ? outgoing.write(bytes) : outgoing.write(bytes)

/** A client that does not read has no more than this of an answer waiting for it here, each time that it asks. */
const sliceBytes = 128 * 1024

const writePieces = async (pieces: ReadonlyArray<Uint8Array>, outgoing: Outgoing): Promise<void> => {
  // The last piece goes with the end: for most answers that is one frame, not two.
  const last = pieces.length - 1
  for (let i = 0; i <= last; i++) {
    const piece = pieces[i]!
    let start = 0
    for (; piece.length - start > sliceBytes; start += sliceBytes) {
      if (!write(outgoing, piece.subarray(start, start + sliceBytes))) await drained(outgoing)
      if (outgoing.destroyed) return
    }
    const rest = start === 0 ? piece : piece.subarray(start)
    if (i < last) {
      if (!write(outgoing, rest)) await drained(outgoing)
      if (outgoing.destroyed) return
    } else if (isHttp2(outgoing)) outgoing.end(rest)
    else outgoing.end(rest)
  }
}

/** Resolves when the body has ended or the client is gone. */
const writeLive = (body: LiveBody, outgoing: Outgoing, ended: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const cancel = () => body.cancel()
    outgoing.on("drain", body.drained.bind(body))
    outgoing.on("close", cancel)
    ended.addEventListener("abort", cancel)
    body.attach({
      write: (bytes) => write(outgoing, bytes),
      end: () => {
        ended.removeEventListener("abort", cancel)
        outgoing.end()
        resolve()
      }
    })
  })

const isHttp2 = (outgoing: Outgoing): outgoing is Http2ServerResponse => "stream" in outgoing

/** Ends the exchange without a proper end. */
export const abort = (outgoing: Outgoing): void => {
  if (isHttp2(outgoing)) outgoing.stream.close(2)
  else outgoing.destroy()
}

const drained = (outgoing: Outgoing): Promise<void> =>
  new Promise((resolve) => {
    const finish = () => {
      outgoing.off("drain", finish)
      outgoing.off("close", finish)
      resolve()
    }
    outgoing.on("drain", finish)
    outgoing.on("close", finish)
  })
