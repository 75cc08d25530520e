/** Answers who asks whether the proxy works: probes of the node, and load balancers that ask for a Service's endpoints here. @module */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { Data, Effect, type Scope } from "effect"
import type { ProxyState } from "./state.ts"

/** What the proxy knows of itself. */
export interface ProxyStatus {
  /** When rules were last made true; undefined: not yet. */
  readonly syncedAtMs: number | undefined
  /** Since when changes wait to be made true; undefined: nothing waits. */
  readonly waitingSinceMs: number | undefined
  /** False when the node is about to go: balancers should stop sending to it. */
  readonly nodeEligible: boolean
}

/** The port of a health server is taken, or may not be used. */
export class ListenError extends Data.Error<{ readonly host: string; readonly port: number; readonly cause: unknown }> {
  readonly _tag = "ListenError"
  override get message(): string {
    return `cannot listen on ${this.host}:${this.port}: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}`
  }
}

/** What is answered to a request: a status code and a JSON body. */
export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** Healthy: rules have been made true once, and no change waits longer than this. */
export const isHealthy = ({ syncedAtMs, waitingSinceMs }: ProxyStatus, nowMs: number, patienceMs: number): boolean =>
  syncedAtMs !== undefined && (waitingSinceMs === undefined || nowMs - waitingSinceMs < patienceMs)

/** The answer of the proxy's own health server: `/healthz` also says whether the node may be used, `/livez` does not. */
export const healthAnswer = (path: string, status: ProxyStatus, nowMs: number, patienceMs: number): Answer => {
  if (path !== "/healthz" && path !== "/livez") return { status: 404, body: { message: "not found" } }
  const healthy = isHealthy(status, nowMs, patienceMs) && (path === "/livez" || status.nodeEligible)
  const body = {
    lastUpdated: status.syncedAtMs === undefined ? "" : new Date(status.syncedAtMs).toISOString(),
    currentTime: new Date(nowMs).toISOString(),
    ...(path === "/healthz" ? { nodeEligible: status.nodeEligible } : {})
  }
  return { status: healthy ? 200 : 503, body }
}

/** A Service whose load balancer asks nodes for its endpoints. */
export interface HealthCheckedService {
  readonly namespace: string
  readonly name: string
  readonly localEndpoints: number
}

/** The Services with a health check port, by that port. */
export const healthCheckedServices = (state: ProxyState): ReadonlyMap<number, HealthCheckedService> => {
  const services = new Map<number, HealthCheckedService>()
  for (const port of state.ports) {
    if (port.healthCheckNodePort === 0) continue
    const { namespace, service: name, readyLocalCount } = port
    const localEndpoints = Math.max(readyLocalCount, services.get(port.healthCheckNodePort)?.localEndpoints ?? 0)
    services.set(port.healthCheckNodePort, { namespace, name, localEndpoints })
  }
  return services
}

/** The answer for one Service: 503 takes this node out of its load balancer. */
export const serviceAnswer = (service: HealthCheckedService, proxyHealthy: boolean): Answer => ({
  status: service.localEndpoints > 0 && proxyHealthy ? 200 : 503,
  body: {
    service: { namespace: service.namespace, name: service.name },
    localEndpoints: service.localEndpoints,
    serviceProxyHealthy: proxyHealthy
  }
})

const respond =
  (answer: (path: string) => Answer) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    const { status, body } = answer((request.url ?? "/").split("?", 1)[0] ?? "/")
    const headers = { "content-type": "application/json", "x-content-type-options": "nosniff" }
    response.writeHead(status, headers).end(JSON.stringify(body))
  }

const close = (server: Server): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })

/** Serves answers over HTTP until the scope ends; port 0 takes any free one, the one taken is returned. */
export const serveAnswers = (
  answer: (path: string) => Answer,
  port: number,
  host = "0.0.0.0"
): Effect.Effect<number, ListenError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Server, ListenError>((resume) => {
      const server = createServer(respond(answer))
      server.once("error", (cause) => resume(Effect.fail(new ListenError({ host, port, cause }))))
      server.listen(port, host, () => resume(Effect.succeed(server)))
    }),
    close
  ).pipe(
    Effect.map((server) => {
      const address = server.address()
      return typeof address === "object" && address !== null ? address.port : port
    })
  )
