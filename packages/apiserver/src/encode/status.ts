/** Turns whatever a handler threw into a Status answer. @module */
import { badRequest, internal, type StatusError, serviceUnavailable, timeout, tooLarge, tooManyRequests } from "@tsukube/api"
import { encodeProtobuf } from "../protobuf/encode.ts"
import { protobufType } from "../protobuf/kind.ts"

interface Tagged {
  readonly _tag?: unknown
  readonly reason?: unknown
  readonly message?: unknown
}

/** The `StatusError` of anything thrown. What nobody foresaw is a 500 and shows no internals but its message. */
export const statusErrorFrom = (thrown: unknown): StatusError => {
  const { _tag, reason, message } = (typeof thrown === "object" && thrown !== null ? thrown : {}) as Tagged
  if (_tag === "StatusError") return thrown as StatusError
  // A selector or quantity deep inside an object that no rule looked at before somebody parsed it.
  if (_tag === "ParseError") return badRequest(String(message))
  if (thrown instanceof RangeError && /stack/i.test(thrown.message)) return badRequest("the object is nested too deeply")
  if (_tag !== "StoreError") return internal(thrown)
  if (reason === "Unknown") return timeout("request did not complete within the requested timeout", 1)
  if (reason === "Overloaded") return tooManyRequests("the store has too many writes waiting, please try again later", 1)
  if (reason === "Rejected") return tooLarge(String(message))
  return serviceUnavailable(`the store is not available: ${String(message)}`)
}

/** The answer that carries a `Status`; in protobuf when `accept` asks for that first. */
export const statusResponse = (error: StatusError, headers: Headers = new Headers(), accept: string | null = null): Response => {
  const protobuf = accept?.startsWith(protobufType) === true && !accept.includes("as=")
  headers.set("content-type", protobuf ? protobufType : "application/json")
  headers.set("cache-control", "no-cache, private")
  const retryAfter = error.status.details?.retryAfterSeconds
  if (retryAfter !== undefined) headers.set("retry-after", String(retryAfter))
  if (error.code === 401) headers.set("www-authenticate", 'Bearer realm="kubernetes-master"')
  const body = protobuf ? encodeProtobuf(error.status) : `${JSON.stringify(error.status)}\n`
  return new Response(body, { status: error.code, headers })
}
