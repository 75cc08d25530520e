/** The kubelet's HTTPS server: logs, exec, attach and port-forward for the API server, and for nobody else. @module */
import type { IncomingMessage, ServerResponse } from "node:http"
import { createSecureServer, type Http2SecureServer, type Http2ServerRequest } from "node:http2"
import type { Duplex } from "node:stream"
import type { TLSSocket } from "node:tls"
import type { Pod } from "@tsukube/api/core-v1"
import { Data, Effect, type Scope } from "effect"
import { WebSocketServer } from "ws"
import type { ContainerRuntime, RuntimeContainer, StreamTarget } from "./runtime.ts"
import { accessOf, type ClientIdentity, type KubeletAccess } from "./server/access.ts"
import { execProtocols, joinStreams } from "./server/exec.ts"
import { type ContainerPath, parseContainerPath, parseLogOptions, parseStreams } from "./server/paths.ts"
import { answeredByPod, type PodProxyPath, parsePodProxyPath, proxyToPod } from "./server/pod-proxy.ts"
import { acceptSpdy, serveExec, servePortForward, spdyProtocolOf } from "./server/spdy-streams.ts"
import { tunnel } from "./server/tunnel.ts"

/** PEM texts: the server's certificate and key, and the authority whose client certificates are let in. */
export interface KubeletTls {
  readonly cert: string
  readonly key: string
  readonly clientCa: string
}

/** The port is taken, or the address is not ours. */
export class ListenError extends Data.Error<{ readonly host: string; readonly port: number; readonly message: string }> {
  readonly _tag = "ListenError"
}

/** What the server answers from. */
export interface ServerOptions {
  readonly host: string
  /** 0 = any free one. */
  readonly port: number
  readonly tls: KubeletTls
  readonly runtime: ContainerRuntime
  /** Who is let in. */
  readonly access: KubeletAccess
  readonly pods: { readonly list: () => ReadonlyArray<Pod>; readonly get: (namespace: string, name: string) => Pod | undefined }
}

type Request = IncomingMessage | Http2ServerRequest

/** An answer other than 200, in words. */
class Refused extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** Serves until the scope ends; gives the port. */
export const serveKubelet = (options: ServerOptions): Effect.Effect<number, ListenError, Scope.Scope> =>
  Effect.gen(function* () {
    const webSockets = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => execProtocols.find((name) => offered.has(name)) ?? false
    })
    const open = new Set<Duplex>()
    const server = createSecureServer({
      key: options.tls.key,
      cert: options.tls.cert,
      ca: options.tls.clientCa,
      requestCert: true,
      // A client without a certificate is told 401 instead of a broken handshake.
      rejectUnauthorized: false,
      allowHTTP1: true
    })
    server.on("secureConnection", (socket) => {
      open.add(socket)
      socket.on("close", () => open.delete(socket))
      socket.on("error", () => socket.destroy())
    })
    // Of the two kinds of responses we use what they have in common.
    server.on("request", (request: Request, response: ServerResponse) => {
      handle(options, request, response).catch((error: unknown) => answerError(response, error))
    })
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on("error", () => socket.destroy())
      upgrade(options, webSockets, request, socket, head).catch((error: unknown) => refuseUpgrade(socket, error))
    })
    yield* Effect.addFinalizer(() =>
      Effect.callback<void>((resume) => {
        for (const socket of open) socket.destroy()
        server.close(() => resume(Effect.void))
      })
    )
    return yield* listen(server, options)
  })

const listen = (server: Http2SecureServer, { host, port }: ServerOptions): Effect.Effect<number, ListenError> =>
  Effect.callback<number, ListenError>((resume) => {
    server.once("error", (error: Error) => resume(Effect.fail(new ListenError({ host, port, message: error.message }))))
    server.listen({ host, port }, () => {
      const address = server.address()
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : port))
    })
  })

const socketOf = (request: Request): TLSSocket =>
  // On HTTP/2 the request's own socket is a stand-in that does not know about certificates.
  (("stream" in request ? request.stream.session?.socket : undefined) ?? request.socket) as TLSSocket

/** Who asks: by a certificate of the cluster's authority, or by a token that the API server knows. Nobody else gets further. */
const clientOf = async (request: Request, access: KubeletAccess): Promise<ClientIdentity> => {
  const socket = socketOf(request)
  if (socket.authorized === true) {
    const { O = [], CN } = socket.getPeerCertificate().subject as Readonly<Record<string, string | Array<string>>>
    return { name: [CN ?? ""].flat()[0] ?? "", groups: [O].flat() }
  }
  const [, token] = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "") ?? []
  const known = token === undefined ? undefined : await access.identify(token)
  if (known === undefined) throw new Refused(401, "Unauthorized")
  return known
}

/** A certificate or a token says who somebody is; the API server says whether he may do this at this node. */
const checkClient = async (request: Request, access: KubeletAccess): Promise<void> => {
  const client = await clientOf(request, access)
  const asked = accessOf(request.method ?? "GET", urlOf(request).pathname)
  for (const subresource of asked.subresources) if (await access.allows(client, asked.verb, subresource)) return
  const subresource = asked.subresources.at(-1)
  throw new Refused(403, `Forbidden (user=${client.name}, verb=${asked.verb}, resource=nodes, subresource=${subresource})`)
}

const urlOf = (request: Request): URL => new URL(request.url ?? "/", "https://kubelet")

const handle = async (options: ServerOptions, request: Request, response: ServerResponse): Promise<void> => {
  const url = urlOf(request)
  await checkClient(request, options.access)
  if (url.pathname === "/healthz") return send(response, 200, "ok")
  if (url.pathname === "/pods" || url.pathname === "/runningpods/") {
    const list = { kind: "PodList", apiVersion: "v1", metadata: {}, items: options.pods.list() }
    return send(response, 200, JSON.stringify(list), "application/json")
  }
  const proxied = parsePodProxyPath(request.url ?? "")
  if (proxied !== undefined) {
    const pod = options.pods.get(proxied.namespace, proxied.pod)
    if (options.runtime.pageAt !== undefined && pod !== undefined) return answerAsPod(options, pod, proxied, request, response)
    const host = pod?.status?.podIP
    if (host === undefined) throw new Refused(404, `pod "${proxied.namespace}/${proxied.pod}" is not known or has no address`)
    return proxyToPod(request, response, host, proxied)
  }
  const path = parseContainerPath(url.pathname)
  if (path === undefined) throw new Refused(404, "404 page not found")
  if (path.verb === "containerLogs") return sendLogs(options, path, url.searchParams, response)
  throw new Refused(400, "you must specify at least 1 of stdin, stdout, stderr and ask for an upgrade of the connection")
}

/** Where there is no pod network to ask in, the runtime itself says what the pod would. */
const answerAsPod = async (
  { runtime }: ServerOptions,
  pod: Pod,
  { port, path }: PodProxyPath,
  request: Request,
  response: ServerResponse
): Promise<void> => {
  const { sandboxes } = await Effect.runPromise(runtime.pod(pod.metadata?.uid ?? ""))
  const page = runtime.pageAt?.(sandboxes[0]?.id ?? "", port, { method: request.method ?? "GET", path })
  const head = { "content-type": "text/plain", [answeredByPod]: page === undefined ? "nobody" : "pod" }
  response.writeHead(page === undefined ? 503 : 200, head)
  response.end(page ?? `dial tcp ${pod.status?.podIP}:${port}: connect: connection refused`)
}

const send = (response: ServerResponse, status: number, text: string, type: string = "text/plain"): void => {
  response.writeHead(status, { "content-type": type })
  response.end(text)
}

const answerError = (response: ServerResponse, error: unknown): void => {
  if (response.headersSent) return void response.end()
  send(response, error instanceof Refused ? error.code : 500, error instanceof Error ? error.message : String(error))
}

const refuseUpgrade = (socket: Duplex, error: unknown): void => {
  const code = error instanceof Refused ? error.code : 500
  const message = error instanceof Error ? error.message : String(error)
  const head = `HTTP/1.1 ${code} ${code === 401 ? "Unauthorized" : "Error"}\r\nContent-Type: text/plain\r\nConnection: close\r\n`
  socket.end(`${head}Content-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`)
}

const podAt = (options: ServerOptions, { namespace, pod }: ContainerPath): Pod => {
  const found = options.pods.get(namespace, pod)
  if (found === undefined) throw new Refused(404, `pod "${namespace}/${pod}" does not exist`)
  return found
}

const containersOf = async (options: ServerOptions, pod: Pod, name: string): Promise<ReadonlyArray<RuntimeContainer>> => {
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? []), ...(pod.spec?.ephemeralContainers ?? [])]
  if (!all.some((container) => container.name === name))
    throw new Refused(400, `container ${name} is not valid for pod ${pod.metadata?.name}`)
  const runtime = await Effect.runPromise(options.runtime.pod(pod.metadata?.uid ?? ""))
  return runtime.containers.filter((container) => container.name === name && container.state !== "created")
}

const sendLogs = async (
  options: ServerOptions,
  path: ContainerPath,
  query: URLSearchParams,
  response: ServerResponse
): Promise<void> => {
  const pod = podAt(options, path)
  const wanted = readOptions(query)
  const containers = await containersOf(options, pod, path.container)
  const container = containers[wanted.previous ? 1 : 0]
  if (container === undefined && wanted.previous)
    throw new Refused(400, `previous terminated container "${path.container}" in pod "${path.pod}" not found`)
  if (container === undefined) {
    const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
    const reason = statuses.find(({ name }) => name === path.container)?.state?.waiting?.reason ?? "ContainerCreating"
    throw new Refused(400, `container "${path.container}" in pod "${path.pod}" is waiting to start: ${reason}`)
  }
  const isOver = async (): Promise<boolean> => {
    const now = await Effect.runPromise(Effect.option(options.runtime.pod(container.podUid)))
    const found = now._tag === "Some" ? now.value.containers.find(({ id }) => id === container.id) : undefined
    return found === undefined || found.state === "exited"
  }
  let gone = false
  response.on("close", () => {
    gone = true
  })
  response.writeHead(200, { "content-type": "text/plain" })
  // The client learns at once that its log is coming, even when nothing has been written yet.
  response.flushHeaders()
  const ended = async () => gone || (await isOver())
  for await (const bytes of options.runtime.logs(container, wanted, ended)) {
    if (gone) return
    if (!response.write(bytes)) await drained(response, () => gone)
  }
  response.end()
}

const drained = (response: ServerResponse, gone: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    if (gone()) return resolve()
    response.once("drain", resolve)
    response.once("close", resolve)
  })

const readOptions = (query: URLSearchParams) => {
  try {
    return parseLogOptions(query, Date.now())
  } catch (error) {
    throw new Refused(400, error instanceof Error ? error.message : String(error))
  }
}

const upgrade = async (
  options: ServerOptions,
  webSockets: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer
): Promise<void> => {
  await checkClient(request, options.access)
  const url = urlOf(request)
  const path = parseContainerPath(url.pathname)
  if (path === undefined || path.verb === "containerLogs") throw new Refused(404, "404 page not found")
  const protocol = (request.headers.upgrade ?? "").toLowerCase()
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim())
  // Checked before anything is started: kubectl then tries again with SPDY.
  if (protocol === "websocket" && !execProtocols.some((name) => offered.includes(name)))
    throw new Refused(400, `unable to negotiate protocol: client supports ${JSON.stringify(offered)}`)
  if (path.verb === "portForward") return upgradeToPorts(options, path, request, socket, head, protocol)
  const target = await targetOf(options, path, url.searchParams)
  const streams = parseStreams(url.searchParams, path.verb === "exec")
  if (protocol === "websocket") {
    webSockets.handleUpgrade(request, socket, head, (webSocket) => void joinStreams(webSocket, target, streams))
    return
  }
  if (protocol !== "spdy/3.1") throw new Refused(400, `unable to upgrade to ${protocol}`)
  if ("url" in target) return tunnel(socket, head, target.url, request.headers)
  acceptSpdy(socket, chosenSpdy(request, false))
  serveExec(socket, head, target.program, streams)
}

const upgradeToPorts = async (
  options: ServerOptions,
  path: ContainerPath,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocol: string
): Promise<void> => {
  if (protocol !== "spdy/3.1") throw new Refused(400, `unable to upgrade to ${protocol}`)
  const pod = podAt(options, path)
  const { runtime } = options
  const { sandboxes } = await Effect.runPromise(runtime.pod(pod.metadata?.uid ?? ""))
  const sandbox = sandboxes.find(({ ready }) => ready)
  if (sandbox === undefined) throw new Refused(404, `not found: pod "${path.pod}" has no running sandbox`)
  const target = await Effect.runPromise(runtime.portForward(sandbox.id, [])).catch(refuse)
  if ("url" in target) return tunnel(socket, head, target.url, request.headers)
  acceptSpdy(socket, chosenSpdy(request, true))
  servePortForward(socket, head, `${path.pod}_${path.namespace}`, target.serverOf)
}

const refuse = (error: { readonly message: string }): never => {
  throw new Refused(500, error.message)
}

const chosenSpdy = ({ headers }: IncomingMessage, isPortForward: boolean): string => {
  const offered = [headers["x-stream-protocol-version"] ?? []].flat().flatMap((names) => names.split(/, */))
  const chosen = spdyProtocolOf(offered, isPortForward)
  if (chosen === undefined) throw new Refused(403, `unable to negotiate protocol: client supports ${JSON.stringify(offered)}`)
  return chosen
}

const targetOf = async (options: ServerOptions, path: ContainerPath, query: URLSearchParams): Promise<StreamTarget> => {
  const pod = podAt(options, path)
  const streams = parseStreams(query, path.verb === "exec")
  if (!streams.stdin && !streams.stdout && !streams.stderr)
    throw new Refused(400, "you must specify at least 1 of stdin, stdout, stderr")
  const [container] = await containersOf(options, pod, path.container)
  if (container === undefined || container.state !== "running")
    throw new Refused(500, `container not found ("${path.container}")`)
  return Effect.runPromise(options.runtime.stream(container.id, streams)).catch(refuse)
}
