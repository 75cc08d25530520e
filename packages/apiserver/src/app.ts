/** The chain every request goes through: an id, who asks, whether they may, the answer; whatever is thrown becomes a Status. @module */
import { unauthorized } from "@tsukube/api"
import * as Effect from "effect/Effect"
import { Hono } from "hono/tiny"
import { forbiddenError } from "./authorize/forbidden.ts"
import { dispatch } from "./dispatch.ts"
import { warningValue } from "./encode/json.ts"
import { statusErrorFrom, statusResponse } from "./encode/status.ts"
import { isLongRunning, makeBounds, timeoutOf } from "./in-flight.ts"
import { type Described, describe } from "./metrics/meter.ts"
import { readPath } from "./paths.ts"
import type { Connection, RequestContext, UserInfo } from "./request.ts"
import type { Serving } from "./serving.ts"

/** What comes with a request besides itself. `user`: already known, by a caller in the same process. */
export interface Caller {
  readonly connection?: Connection
  readonly user?: UserInfo
}

interface Environment {
  readonly Bindings: Caller
}

/** Both doors of a server; neither rejects. */
export interface App {
  /** For what comes over a network, or as if it did. */
  readonly http: Hono<Environment>
  /** For a part of the same process, without a router and its promises. */
  readonly answer: (request: Request, caller: Caller) => Promise<Response>
}

/** The application of one server. */
export const makeApp = (serving: Serving): App => {
  const { meter, options, parts } = serving
  const { limits = {}, accessLog } = options
  const bounded = makeBounds(limits, meter)

  const authorized = async (context: RequestContext): Promise<Response> => {
    const { info, user } = context
    const { allowed, reason } = await parts.authorizer(user, info)
    if (!allowed) throw forbiddenError(user, info, reason)
    return dispatch(serving, context)
  }

  const withinLimits = async (context: RequestContext, described: Described): Promise<Response> => {
    const { info, user, url, request } = context
    if (!isLongRunning(info)) {
      const timeoutMs = timeoutOf(limits, url.searchParams.get("timeout"))
      return bounded({ info, described, user, timeoutMs }, () => authorized(context))
    }
    if (info.verb === "watch") return authorized(context)
    const over = meter.began(described)
    try {
      const response = await authorized(context)
      untilOver(request, response, over)
      return response
    } catch (thrown) {
      over()
      throw thrown
    }
  }

  const refusal = (thrown: unknown, request: Request, path: string, warnings: ReadonlyArray<string>): Response => {
    const error = statusErrorFrom(thrown)
    // A Status that somebody threw on purpose is an answer, not an accident.
    if (error.code === 500 && error !== thrown) Effect.runFork(Effect.logError(`${request.method} ${path}`, thrown))
    const headers = new Headers()
    for (const warning of warnings) headers.append("warning", warningValue(warning))
    return statusResponse(error, headers, request.headers.get("accept"))
  }

  // One function and no middlewares: each of those would be another few promises for every request.
  const answer = async (request: Request, caller: Caller): Promise<Response> => {
    const start = performance.now()
    const url = new URL(request.url)
    const info = readPath(request.method, url)
    const described = describe(info, url.searchParams, request.headers.get("content-type"))
    const { connection } = caller
    const warnings: Array<string> = []
    let user: UserInfo | undefined
    let response: Response
    try {
      user = caller.user ?? (await parts.authenticator(request, connection))
      if (user === undefined) throw unauthorized()
      const inProcess = caller.user !== undefined
      const context = { request, url, info, user, connection, warnings, inProcess }
      // A part of this process is not held up: it may be what the others wait for.
      response = await (inProcess ? authorized(context) : withinLimits(context, described))
    } catch (thrown) {
      response = refusal(thrown, request, url.pathname, warnings)
    }
    const auditId = auditIdOf(request)
    response.headers.set("audit-id", auditId)
    const durationMs = performance.now() - start
    meter.answered(described, response.status, durationMs / 1000)
    accessLog?.({
      time: new Date(serving.now()).toISOString(),
      auditId,
      method: request.method,
      path: `${url.pathname}${url.search}`,
      verb: info.verb,
      user: user?.name ?? "",
      userAgent: request.headers.get("user-agent") ?? "",
      remoteAddress: connection?.remoteAddress ?? "",
      code: response.status,
      durationMs: Math.round(durationMs * 1000) / 1000
    })
    return response
  }

  return {
    http: new Hono<Environment>().all("*", (c) => answer(c.req.raw, c.env)),
    answer: (request, caller) => (request.method === "HEAD" ? headOf(answer(request, caller)) : answer(request, caller))
  }
}

/** What a GET would be answered with, without its body. */
const headOf = async (answered: Promise<Response>): Promise<Response> => new Response(null, await answered)

/** A client may bring its own, to find its request in the logs. */
const auditIdOf = (request: Request): string => {
  const brought = request.headers.get("audit-id")
  return brought !== null && /^[\w-]{1,64}$/.test(brought) ? brought : crypto.randomUUID()
}

/** A refusal is over when it is said; everything else lasts as long as its connection. */
const untilOver = (request: Request, response: Response, over: () => void): void => {
  if (response.status >= 300 || request.signal.aborted) over()
  else request.signal.addEventListener("abort", over)
}
