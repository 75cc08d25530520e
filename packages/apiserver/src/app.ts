/** The chain every request goes through: an id, who asks, whether they may, the answer; whatever is thrown becomes a Status. @module */
import { unauthorized } from "@tsukube/api"
import { Effect } from "effect"
import { Hono } from "hono"
import { createMiddleware } from "hono/factory"
import { forbiddenError } from "./authorize/forbidden.ts"
import { dispatch } from "./dispatch.ts"
import { warningValue } from "./encode/json.ts"
import { statusErrorFrom, statusResponse } from "./encode/status.ts"
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
  readonly Variables: { context: RequestContext }
}

/** The application of one server. */
export const makeApp = (serving: Serving): Hono<Environment> => {
  const app = new Hono<Environment>()

  app.onError((thrown, c) => {
    const error = statusErrorFrom(thrown)
    // A Status that somebody threw on purpose is an answer, not an accident.
    if (error.code === 500 && error !== thrown) Effect.runFork(Effect.logError(`${c.req.method} ${c.req.path}`, thrown))
    const headers = new Headers()
    for (const warning of c.get("context")?.warnings ?? []) headers.append("warning", warningValue(warning))
    return statusResponse(error, headers)
  })

  app.use(
    createMiddleware<Environment>(async (c, next) => {
      await next()
      c.res.headers.set("audit-id", crypto.randomUUID())
    })
  )

  app.use(
    createMiddleware<Environment>(async (c, next) => {
      const request = c.req.raw
      const { connection, user } = c.env
      const url = new URL(request.url)
      const info = readPath(request.method, url)
      const known = user ?? (await serving.parts.authenticator(request, connection))
      if (known === undefined) throw unauthorized()
      c.set("context", { request, url, info, user: known, connection, warnings: [] })
      await next()
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
