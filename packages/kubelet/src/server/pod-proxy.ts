/** Passes HTTP on to a port of a pod of this node: API servers need no way into the pod network of their own. @module */
import { type IncomingMessage, type OutgoingHttpHeaders, request as requestHttp, type ServerResponse } from "node:http"
import type { Http2ServerRequest } from "node:http2"
import { request as requestHttps } from "node:https"

/** A pod's port named by the path `/podProxy/{namespace}/{pod}/{http|https}/{port}/…`. */
export interface PodProxyPath {
  readonly namespace: string
  readonly pod: string
  readonly scheme: "http" | "https"
  readonly port: number
  /** What the pod is asked, with its slash and query, as it was sent. */
  readonly path: string
}

/** By this header an API server knows that the answer is the pod's and not the kubelet's own. */
export const answeredByPod = "x-tsukube-answered-by"

const shape = /^\/podProxy\/([^/]+)\/([^/]+)\/(https?)\/(\d{1,5})(\/.*)$/
const dialMs = 10_000
const hopHeaders = /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|:.*)$/i

/** Reads the target of a request; undefined when it asks for something else. */
export const parsePodProxyPath = (target: string): PodProxyPath | undefined => {
  const [, namespace, pod, scheme, port, path] = shape.exec(target) ?? []
  if (namespace === undefined || pod === undefined || port === undefined || path === undefined) return undefined
  return { namespace, pod, scheme: scheme === "https" ? "https" : "http", port: Number(port), path }
}

/** Asks the pod at `host` and passes the answer on as it comes; 503 with the cause when it cannot be reached. */
export const proxyToPod = (
  incoming: IncomingMessage | Http2ServerRequest,
  outgoing: ServerResponse,
  host: string,
  { scheme, port, path }: PodProxyPath
): void => {
  const headers: OutgoingHttpHeaders = { host: `${host}:${port}` }
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined && !hopHeaders.test(name)) headers[name] = value
  }
  const options = { host, port, path, method: incoming.method ?? "GET", headers, agent: false as const }
  // A pod's own certificate is nobody's that we know, as upstream's proxy has it.
  const sent = scheme === "https" ? requestHttps({ ...options, rejectUnauthorized: false }) : requestHttp(options)
  sent.setTimeout(dialMs, () => sent.destroy(new Error(`dial tcp ${host}:${port}: i/o timeout`)))
  outgoing.on("close", () => sent.destroy())
  sent.on("error", (error) => {
    if (outgoing.headersSent) outgoing.destroy()
    else outgoing.writeHead(503, { "content-type": "text/plain", [answeredByPod]: "nobody" }).end(error.message)
  })
  sent.on("response", (answer) => {
    sent.setTimeout(0)
    const kept = Object.entries(answer.headers).filter(([name]) => !hopHeaders.test(name))
    outgoing.writeHead(answer.statusCode ?? 502, { ...Object.fromEntries(kept), [answeredByPod]: "pod" })
    answer.on("error", () => outgoing.destroy())
    answer.pipe(outgoing)
  })
  incoming.pipe(sent)
}
