/** Sends one call through a Fetch: builds the request, waits when the server says "later", turns bad answers into errors. @module */
import { StatusError } from "@tsukube/api"
import type { Status } from "@tsukube/api/meta-v1"
import { Clock, Effect } from "effect"
import { type ClientError, type Fetch, messageOf, TransportError } from "./transport.ts"

/** One request in plain words. */
export interface Call {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  /** From the root of the server, such as `pathOf` gives it. */
  readonly path: string
  /** `undefined`, `false` and empty values are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | ReadonlyArray<string> | undefined>>
  /** Sent as JSON. */
  readonly body?: unknown
  /** Of the body; default `application/json`. */
  readonly contentType?: string
  /** Default `application/json`. */
  readonly accept?: string
}

/** How often one call waits for `Retry-After`, as client-go does. */
const retryLimit = 10
/** A server may ask for a longer pause; it is not kept waiting for the caller's whole day. */
const longestPauseMs = 30_000

/** Sends the call; fails unless the answer is 2xx. A 429 or 503 with `Retry-After` is tried again, at most ten times. */
export const send = (fetch: Fetch, call: Call): Effect.Effect<Response, ClientError> => sendAgain(fetch, call, 0)

/** Sends the call and reads the answer as JSON. */
export const sendForJson = <A>(fetch: Fetch, call: Call): Effect.Effect<A, ClientError> =>
  Effect.flatMap(send(fetch, call), (response) =>
    Effect.tryPromise({ try: () => response.json() as Promise<A>, catch: (cause) => transportError(call, cause) })
  )

const sendAgain = (fetch: Fetch, call: Call, retries: number): Effect.Effect<Response, ClientError> =>
  Effect.flatMap(attempt(fetch, call), (response) => {
    if (response.ok) return Effect.succeed(response)
    const header =
      retries < retryLimit && (response.status === 429 || response.status === 503) && response.headers.get("retry-after")
    if (typeof header !== "string") return failWith(call, response)
    return Effect.gen(function* () {
      const pauseMs = parseRetryAfter(header, yield* Clock.currentTimeMillis)
      if (pauseMs === undefined) return yield* failWith(call, response)
      yield* Effect.promise(async () => response.body?.cancel())
      yield* Effect.sleep(pauseMs)
      return yield* sendAgain(fetch, call, retries + 1)
    })
  })

const attempt = (fetch: Fetch, call: Call): Effect.Effect<Response, TransportError> =>
  Effect.tryPromise({ try: (signal) => fetch(requestOf(call, signal)), catch: (cause) => transportError(call, cause) })

const transportError = (call: Call, cause: unknown): TransportError =>
  new TransportError({ message: `${call.method ?? "GET"} ${call.path}: ${messageOf(cause)}`, cause })

/** The web Request of a call; exported for callers that need the Fetch itself. */
export const requestOf = (call: Call, signal?: AbortSignal): Request => {
  const headers: Record<string, string> = { accept: call.accept ?? "application/json" }
  const init: RequestInit = { method: call.method ?? "GET", headers }
  if (call.body !== undefined) {
    headers["content-type"] = call.contentType ?? "application/json"
    init.body = JSON.stringify(call.body)
  }
  if (signal !== undefined) init.signal = signal
  return new Request(`http://cluster.local${call.path}${queryText(call.query)}`, init)
}

const queryText = (query: Call["query"]): string => {
  let text = ""
  const add = (name: string, value: string) => {
    text += `${text === "" ? "?" : "&"}${name}=${encodeURIComponent(value)}`
  }
  for (const name in query) {
    const value = query[name]
    if (Array.isArray(value)) for (const one of value) add(name, one)
    else if (value !== undefined && value !== false && value !== "") add(name, String(value))
  }
  return text
}

/** Milliseconds that a `Retry-After` header asks for, in seconds or as a date, within bounds; `undefined` when it says neither. */
export const parseRetryAfter = (header: string, nowMs: number): number | undefined => {
  const pauseMs = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs
  return Number.isNaN(pauseMs) ? undefined : Math.min(Math.max(pauseMs, 0), longestPauseMs)
}

const failWith = (call: Call, response: Response): Effect.Effect<never, ClientError> =>
  Effect.flatMap(
    Effect.tryPromise({ try: () => response.text(), catch: (cause) => transportError(call, cause) }),
    (text) => new StatusError({ status: parseStatus(text) ?? statusWithout(call, response.status, text) })
  )

const parseStatus = (text: string): Status | undefined => {
  if (!text.startsWith("{")) return undefined
  try {
    const status = JSON.parse(text) as Status
    return status.kind === "Status" && typeof status.code === "number" ? status : undefined
  } catch {
    return undefined
  }
}

const reasons: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  406: "NotAcceptable",
  409: "Conflict",
  410: "Gone",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout"
}

/** What stands between client and server (a proxy, a load balancer) answers in words of its own. */
const statusWithout = (call: Call, code: number, text: string): Status => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message: text.trim().slice(0, 1024) || `${call.method ?? "GET"} ${call.path}: the server answered ${code}`,
  reason: reasons[code] ?? "Unknown",
  code
})
