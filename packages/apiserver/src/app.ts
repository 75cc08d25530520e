/** The chain every request goes through: an id, who asks, whether they may, the answer; whatever is thrown becomes a Status. @module */
import { unauthorized } from "@tsukube/api"
import * as Effect from "effect/Effect"
import { Hono } from "hono"
import { createMiddleware } from "hono/factory"
import { forbiddenError } from "./authorize/forbidden.ts"
import { dispatch } from "./dispatch.ts"
import { warningValue } from "./encode/json.ts"
import { statusErrorFrom, statusResponse } from "./encode/status.ts"
import { isLongRunning, makeBounds, timeoutOf } from "./in-flight.ts"
import { type Described, describe } from "./metrics/meter.ts"
import { readPath } from "./paths.ts"
import type { Connection, RequestContext, RequestInfo, UserInfo } from "./request.ts"
import type { Serving } from "./serving.ts"

/** What comes with a request besides itself. `user`: already known, by a caller in the same process. */
export interface Caller {
  readonly connection?: Connection
  readonly user?: UserInfo
}

interface Environment {
  readonly Bindings: Caller
  readonly Variables: { url: URL; info: RequestInfo; described: Described; context: RequestContext }
}

/** The application of one server. */
export const makeApp = (serving: Serving): Hono<Environment> => {
  const app = new Hono<Environment>()
  const { meter, options } = serving
  const { limits = {}, accessLog } = options
  const bounded = makeBounds(limits, meter)

  app.onError((thrown, c) => {
    const error = statusErrorFrom(thrown)
    // A Status that somebody threw on purpose is an answer, not an accident.
    if (error.code === 500 && error !== thrown) Effect.runFork(Effect.logError(`${c.req.method} ${c.req.path}`, thrown))
    const headers = new Headers()
    for (const warning of c.get("context")?.warnings ?? []) headers.append("warning", warningValue(warning))
    return statusResponse(error, headers, c.req.raw.headers.get("accept"))
  })

  app.use(
    createMiddleware<Environment>(async (c, next) => {
      const start = performance.now()
      const request = c.req.raw
      const url = new URL(request.url)
      const info = readPath(request.method, url)
      const described = describe(info, url.searchParams, request.headers.get("content-type"))
      c.set("url", url)
      c.set("info", info)
      c.set("described", described)
      await next()
      const auditId = auditIdOf(request)
      c.res.headers.set("audit-id", auditId)
      const durationMs = performance.now() - start
      meter.answered(described, c.res.status, durationMs / 1000)
      accessLog?.({
        time: new Date(serving.now()).toISOString(),
        auditId,
        method: request.method,
        path: `${url.pathname}${url.search}`,
        verb: info.verb,
        user: c.get("context")?.user.name ?? "",
        userAgent: request.headers.get("user-agent") ?? "",
        remoteAddress: c.env.connection?.remoteAddress ?? "",
        code: c.res.status,
        durationMs: Math.round(durationMs * 1000) / 1000
      })
    })
  )

  app.use(
    createMiddleware<Environment>(async (c, next) => {
      const request = c.req.raw
      const { connection, user } = c.env
      const known = user ?? (await serving.parts.authenticator(request, connection))
      if (known === undefined) throw unauthorized()
      const context = { request, url: c.get("url"), info: c.get("info"), user: known, connection, warnings: [] }
      c.set("context", context)
      await next()
    })
  )

  app.use(
    createMiddleware<Environment>(async (c, next) => {
      const { info, user, url } = c.get("context")
      const described = c.get("described")
      // A part of this process is not held up: it may be what the others wait for.
      if (c.env.user !== undefined) return next()
      if (!isLongRunning(info)) {
        const timeoutMs = timeoutOf(limits, url.searchParams.get("timeout"))
        return bounded({ info, described, user, timeoutMs }, next)
      }
      if (info.verb === "watch") return next()
      const over = meter.began(described)
      await next()
      untilOver(c.req.raw, c.res, over)
    })
  )

  app.use(
    createMiddleware<Environment>(async (c, next) => {
      const { info, user } = c.get("context")
      const { allowed, reason } = await serving.parts.authorizer(user, info)
      if (!allowed) throw forbiddenError(user, info, reason)
      await next()
    })
  )

  app.all("*", (c) => dispatch(serving, c.get("context")))
  return app
}

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
