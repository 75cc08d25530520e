/** Listens in plain HTTP on this machine only, for `curl 127.0.0.1:8080/api/v1`: whoever reaches the port may do everything. @module */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { internal, StatusError } from "@tsukube/api"
import type { Scope } from "effect"
import * as Effect from "effect/Effect"
import type { Apiserver } from "./apiserver.ts"
import { abort, errorResponse, type Receiving, readBody, toRequest, writeResponse } from "./http-bridge.ts"
import { idleTimes } from "./idle.ts"
import type { UserInfo } from "./request.ts"
import { ListenError, type Listening, PortInUse } from "./server.ts"

/** Who everybody is here, by upstream's old name. */
const unsecured: UserInfo = { name: "system:unsecured", groups: ["system:masters", "system:authenticated"] }

const host = "127.0.0.1"
const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i

/**
 * Listens until the scope ends, on 127.0.0.1 and nowhere else, without credentials. Off unless somebody calls it: every user of the
 * machine becomes an administrator of the cluster. Upgrades (exec, attach, port-forward) need the other door.
 */
export const serveInsecure = (
  apiserver: Pick<Apiserver, "fetchAs">,
  options: { readonly port: number }
): Effect.Effect<Listening, PortInUse | ListenError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<{ readonly listening: Listening; readonly close: () => void }, PortInUse | ListenError>((resume) => {
      const { port } = options
      const fetch = apiserver.fetchAs(unsecured)
      const ended = new AbortController()
      const receiving: Receiving = { bytes: 0 }
      const server = createServer((incoming, outgoing) => {
        answer(fetch, incoming, outgoing, receiving, ended.signal).catch(() => abort(outgoing))
      })
      server.headersTimeout = idleTimes.firstRequestMs
      server.once("error", (cause: NodeJS.ErrnoException) => {
        resume(Effect.fail(cause.code === "EADDRINUSE" ? new PortInUse({ host, port }) : new ListenError({ host, port, cause })))
      })
      server.listen(port, host, () => {
        const { port } = server.address() as AddressInfo
        const close = (): void => {
          ended.abort()
          server.close()
          server.closeAllConnections()
        }
        resume(Effect.succeed({ listening: { url: `http://${host}:${port}`, host, port }, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  ).pipe(Effect.map(({ listening }) => listening))

const answer = async (
  fetch: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  receiving: Receiving,
  ended: AbortSignal
): Promise<void> => {
  const gone = new AbortController()
  outgoing.on("close", () => gone.abort())
  outgoing.on("error", () => gone.abort())
  let response: Response
  try {
    refuseBrowsers(incoming)
    response = await fetch(toRequest(incoming, await readBody(incoming, receiving), gone.signal))
  } catch (error) {
    if (outgoing.destroyed) return
    response = errorResponse(error instanceof StatusError ? error : internal(error))
  }
  await writeResponse(response, outgoing, incoming.method ?? "GET", ended)
}

/** A page of another site must not act here through the user's browser, neither by its own name for this address nor by a form. */
const refuseBrowsers = ({ headers }: IncomingMessage): void => {
  const { host = "", origin } = headers
  if (loopback.test(host) && (origin === undefined || loopback.test(origin.replace(/^https?:\/\//, "")))) return
  throw new StatusError({
    status: {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: "the insecure port is for programs of this machine only",
      reason: "Forbidden",
      code: 403
    }
  })
}
