/** Runs what probes and lifecycle hooks consist of: a command, an HTTP request, a TCP connection, a gRPC health check. @module */
import { request as httpRequest, type IncomingMessage } from "node:http"
import { request as httpsRequest } from "node:https"
import { connect } from "node:net"
import { Client, credentials } from "@grpc/grpc-js"
import type { Container, ExecAction, GRPCAction, HTTPGetAction, TCPSocketAction } from "@tsukube/api/core-v1"
import { Effect } from "effect"
import type { ContainerRuntime } from "./runtime.ts"

/** One thing to do; exactly one of them is set. */
export interface Handler {
  readonly exec?: ExecAction
  readonly httpGet?: HTTPGetAction
  readonly tcpSocket?: TCPSocketAction
  readonly grpc?: GRPCAction
}

/** For which container, and how it is reached. */
export interface HandlerTarget {
  readonly container: Container
  readonly containerId: string
  readonly podIp: string
  readonly userAgent: string
}

/** How it went; `output` is what the event says. */
export interface HandlerResult {
  readonly healthy: boolean
  readonly output: string
}

const outputLimit = 10 * 1024
const redirectLimit = 10

/** Does it once and says how it went; never fails. */
export const runHandler = (
  runtime: ContainerRuntime,
  target: HandlerTarget,
  handler: Handler,
  timeoutSeconds: number
): Effect.Effect<HandlerResult> => {
  const { exec, httpGet, tcpSocket, grpc } = handler
  if (exec !== undefined) return runCommand(runtime, target, exec.command ?? [], timeoutSeconds)
  if (httpGet !== undefined) return getPath(target, httpGet, timeoutSeconds)
  if (tcpSocket !== undefined) return openSocket(target, tcpSocket, timeoutSeconds)
  if (grpc !== undefined) return checkHealth(target, grpc, timeoutSeconds)
  return Effect.succeed({ healthy: false, output: "missing handler" })
}

const failed = (output: string): HandlerResult => ({ healthy: false, output })

const runCommand = (
  runtime: ContainerRuntime,
  target: HandlerTarget,
  command: ReadonlyArray<string>,
  timeoutSeconds: number
): Effect.Effect<HandlerResult> =>
  runtime.execute(target.containerId, command, timeoutSeconds).pipe(
    Effect.map(({ stdout, stderr, exitCode }) => {
      const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)
      return { healthy: exitCode === 0, output: text.slice(0, outputLimit) }
    }),
    Effect.catch((error) => Effect.succeed(failed(error.message)))
  )

/** The number of a port that is given by number or by the name the container gives it. */
export const portOf = (container: Container, port: number | string): number | undefined => {
  if (typeof port === "number") return port
  const named = container.ports?.find(({ name }) => name === port)?.containerPort
  return named ?? (/^\d+$/.test(port) ? Number(port) : undefined)
}

const getPath = (target: HandlerTarget, action: HTTPGetAction, timeoutSeconds: number): Effect.Effect<HandlerResult> => {
  const port = portOf(target.container, action.port)
  if (port === undefined) return Effect.succeed(failed(`couldn't find port "${action.port}"`))
  const scheme = (action.scheme ?? "HTTP").toLowerCase()
  const host = action.host === undefined || action.host === "" ? target.podIp : action.host
  const path =
    action.path === undefined || action.path === "" ? "/" : action.path.startsWith("/") ? action.path : `/${action.path}`
  const headers: Record<string, string> = { "user-agent": target.userAgent, accept: "*/*", connection: "close" }
  for (const { name, value } of action.httpHeaders ?? []) headers[name.toLowerCase()] = value
  const url = `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}${path}`
  return get(url, headers, timeoutSeconds, redirectLimit)
}

/** Redirects on the same host are followed; one to another host counts as healthy, as upstream has it. */
const get = (
  url: string,
  headers: Readonly<Record<string, string>>,
  timeoutSeconds: number,
  redirects: number
): Effect.Effect<HandlerResult> =>
  Effect.callback<{ readonly status: number; readonly location: string | undefined } | string>((resume) => {
    const send = url.startsWith("https:") ? httpsRequest : httpRequest
    const options = { headers, agent: false, timeout: timeoutSeconds * 1000, rejectUnauthorized: false }
    const request = send(url, options, (response: IncomingMessage) => {
      response.resume()
      resume(Effect.succeed({ status: response.statusCode ?? 0, location: response.headers.location }))
    })
    request.on("timeout", () => {
      resume(Effect.succeed("context deadline exceeded (Client.Timeout exceeded while awaiting headers)"))
      request.destroy()
    })
    request.on("error", (error) => resume(Effect.succeed(dialError(url, error))))
    request.end()
    return Effect.sync(() => request.destroy())
  }).pipe(
    Effect.timeoutOrElse({
      duration: timeoutSeconds * 1000 + 100,
      orElse: () => Effect.succeed("context deadline exceeded (Client.Timeout exceeded while awaiting headers)")
    }),
    Effect.flatMap((answer) => {
      if (typeof answer === "string") return Effect.succeed(failed(`Get "${url}": ${answer}`))
      const { status, location } = answer
      if (status >= 300 && status < 400 && location !== undefined) {
        const next = new URL(location, url)
        if (next.hostname !== new URL(url).hostname) return Effect.succeed({ healthy: true, output: "" })
        if (redirects === 0) return Effect.succeed(failed(`Get "${url}": stopped after ${redirectLimit} redirects`))
        return get(next.href, headers, timeoutSeconds, redirects - 1)
      }
      const healthy = status >= 200 && status < 400
      return Effect.succeed({ healthy, output: healthy ? "" : `HTTP probe failed with statuscode: ${status}` })
    })
  )

const dialError = (url: string, error: NodeJS.ErrnoException): string =>
  error.code === "ECONNREFUSED" || error.code === "ConnectionRefused"
    ? `dial tcp ${new URL(url).host}: connect: connection refused`
    : error.message

const openSocket = (target: HandlerTarget, action: TCPSocketAction, timeoutSeconds: number): Effect.Effect<HandlerResult> => {
  const port = portOf(target.container, action.port)
  if (port === undefined) return Effect.succeed(failed(`couldn't find port "${action.port}"`))
  const host = action.host === undefined || action.host === "" ? target.podIp : action.host
  return Effect.callback<HandlerResult>((resume) => {
    const socket = connect({ host, port })
    const end = (result: HandlerResult) => {
      socket.destroy()
      resume(Effect.succeed(result))
    }
    socket.setTimeout(timeoutSeconds * 1000, () => end(failed(`dial tcp ${host}:${port}: i/o timeout`)))
    socket.once("connect", () => end({ healthy: true, output: "" }))
    socket.once("error", (error: NodeJS.ErrnoException) =>
      end(failed(`dial tcp ${host}:${port}: connect: ${error.code === "ECONNREFUSED" ? "connection refused" : error.message}`))
    )
    return Effect.sync(() => socket.destroy())
  })
}

const serving = 1

/** `grpc.health.v1.Health/Check`: one string field in the request, one enum field in the response. */
const checkHealth = (target: HandlerTarget, action: GRPCAction, timeoutSeconds: number): Effect.Effect<HandlerResult> =>
  Effect.callback<HandlerResult>((resume) => {
    const client = new Client(`${target.podIp}:${action.port}`, credentials.createInsecure())
    const name = new TextEncoder().encode(action.service ?? "")
    const encode = (): Buffer => (name.length === 0 ? Buffer.alloc(0) : Buffer.from([0x0a, name.length, ...name]))
    const decode = (bytes: Buffer): number => (bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0)
    client.makeUnaryRequest(
      "/grpc.health.v1.Health/Check",
      encode,
      decode,
      undefined,
      { deadline: Date.now() + timeoutSeconds * 1000 },
      (error, status) => {
        client.close()
        if (error !== null) resume(Effect.succeed(failed(`error: health rpc failed: ${error.message}`)))
        else resume(Effect.succeed({ healthy: status === serving, output: status === serving ? "" : "service unhealthy" }))
      }
    )
    return Effect.sync(() => client.close())
  })
