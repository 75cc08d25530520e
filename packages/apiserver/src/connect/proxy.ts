/** `proxy` of nodes, pods and Services: passes HTTP on to what stands behind them. @module */
import { type IncomingMessage, request as requestHttp } from "node:http"
import { request as requestHttps } from "node:https"
import { badRequest, notFound, type Resource, serviceUnavailable } from "@tsukube/api"
import { nodes, pods, services } from "@tsukube/api/core-v1"
import { endpointslices } from "@tsukube/api/discovery-v1"
import type { Registry, RequestContext } from "../request.ts"
import { bodyOf, dialTimeoutMs, type KubeletAddress, type KubeletClient, kubeletAddressOf, textOf } from "./kubelet.ts"
import { tunnel } from "./tunnel.ts"

/** Answers `…/NAME/proxy/…`; the name may carry a scheme and a port (`https:web:443`). */
export type Proxy = (context: RequestContext) => Promise<Response>

/** Where a request is passed on to. */
interface Target {
  readonly scheme: "http" | "https"
  readonly host: string
  readonly port: number
  /** Certificates for kubelets; other servers are reached without any, and theirs are not checked, as upstream has it. */
  readonly client?: KubeletClient
  /** The pod behind it and its kubelet, by which it is reached where the API server is not in the pod network. */
  readonly pod?: { readonly namespace: string; readonly name: string; readonly kubelet: KubeletAddress }
}

interface Asked {
  readonly scheme: string
  readonly name: string
  readonly port: string
}

/** `name`, `name:port`, `scheme:name:` or `scheme:name:port`. */
export const splitProxyName = (text: string): Asked | undefined => {
  const parts = text.split(":")
  if (parts.length === 1 && text !== "") return { scheme: "", name: text, port: "" }
  if (parts.length === 2) {
    const [name = "", port = ""] = parts
    return name === "" ? undefined : { scheme: "", name, port }
  }
  const [scheme = "", name = "", port = ""] = parts
  if (parts.length !== 3 || name === "" || (scheme !== "http" && scheme !== "https" && scheme !== "")) return undefined
  return { scheme, name, port }
}

const schemeOf = (asked: Asked): "http" | "https" => (asked.scheme === "https" ? "https" : "http")

const numberOf = (port: string): number | undefined =>
  /^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535 ? Number(port) : undefined

type Locate = (registry: Registry, client: KubeletClient | undefined, namespace: string, asked: Asked) => Target

const found = <T>(object: T | undefined, resource: Resource, name: string): T => {
  if (object === undefined) throw notFound(resource, name)
  return object
}

/** A pod's first named port when none was asked for. */
const locatePod: Locate = (registry, client, namespace, asked) => {
  const pod = found(registry.get(pods, { namespace, name: asked.name }), pods, asked.name)
  const first = pod.spec?.containers.flatMap(({ ports = [] }) => ports)[0]?.containerPort
  const port = asked.port === "" ? (first ?? 80) : numberOf(asked.port)
  if (port === undefined) throw badRequest(`invalid pod request "${asked.name}:${asked.port}"`)
  const host = pod.status?.podIP ?? ""
  if (host === "") throw serviceUnavailable(`address not allowed: pod "${asked.name}" has no IP yet`)
  return { scheme: schemeOf(asked), host, port, ...behindKubelet(registry, client, namespace, asked.name) }
}

/** A pod whose kubelet is known, as a part of the target. */
const behindKubelet = (
  registry: Registry,
  client: KubeletClient | undefined,
  namespace: string,
  name: string
): Pick<Target, "pod"> => {
  const pod = registry.get(pods, { namespace, name })
  const node = registry.get(nodes, { name: pod?.spec?.nodeName ?? "" })
  if (client === undefined || node === undefined || (node.status?.addresses ?? []).length === 0) return {}
  return { pod: { namespace, name, kubelet: kubeletAddressOf(node, client) } }
}

/** One of the ready endpoints of the Service's port, by name or number. */
const locateService: Locate = (registry, client, namespace, asked) => {
  const service = found(registry.get(services, { namespace, name: asked.name }), services, asked.name)
  const ports = service.spec?.ports ?? []
  const chosen =
    asked.port === ""
      ? ports.length === 1
        ? ports[0]
        : ports.find(({ name = "" }) => name === "")
      : ports.find(({ name, port }) => name === asked.port || String(port) === asked.port)
  if (chosen === undefined) throw serviceUnavailable(`no service port "${asked.port}" found for service "${asked.name}"`)
  const targets = registry
    .list(endpointslices, namespace)
    .filter(({ metadata }) => metadata?.labels?.["kubernetes.io/service-name"] === asked.name)
    .flatMap(({ ports = [], endpoints = [] }) => {
      const port = ports?.find(({ name = "" }) => name === (chosen.name ?? ""))?.port
      if (port === undefined) return []
      return endpoints.flatMap(({ addresses, conditions, targetRef }) =>
        conditions?.ready === false ? [] : addresses.slice(0, 1).map((host) => ({ host, port, targetRef }))
      )
    })
  const target = targets[Math.floor(Math.random() * targets.length)]
  if (target === undefined) throw serviceUnavailable(`no endpoints available for service "${asked.name}"`)
  const { host, port, targetRef } = target
  const behind = targetRef?.kind === "Pod" ? behindKubelet(registry, client, namespace, targetRef.name ?? "") : {}
  return { scheme: schemeOf(asked), host, port, ...behind }
}

/** The kubelet's own port is reached with the certificates it knows. */
const locateNode: Locate = (registry, client, _namespace, asked) => {
  const node = found(registry.get(nodes, { name: asked.name }), nodes, asked.name)
  const kubelet = kubeletAddressOf(node, client)
  const port = asked.port === "" ? kubelet.port : numberOf(asked.port)
  if (port === undefined) throw badRequest(`invalid node request "${asked.name}:${asked.port}"`)
  if (port === kubelet.port) return { scheme: "https", host: kubelet.host, port, client: kubelet }
  return { scheme: schemeOf(asked), host: kubelet.host, port }
}

/** Headers that speak of this connection, or are secrets of the client's. */
const notForwarded =
  /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|content-length|authorization|impersonate-.*|x-remote-.*|http2-settings)$/

const headersFor = (context: RequestContext, prefix: string): Record<string, string> => {
  const headers: Record<string, string> = {}
  for (const [name, value] of context.request.headers) if (!notForwarded.test(name)) headers[name] = value
  const before = context.request.headers.get("x-forwarded-for")
  const peer = context.connection?.remoteAddress
  if (peer !== undefined) headers["x-forwarded-for"] = before === null ? peer : `${before}, ${peer}`
  headers["x-forwarded-uri"] = prefix
  return headers
}

/** What follows `…/proxy` in the path as it was sent: no escape is decoded and no slash lost. */
const splitPath = (pathname: string, encodedName: string): readonly [prefix: string, rest: string] => {
  const mark = `/${encodedName}/proxy`
  const at = pathname.indexOf(mark) + mark.length
  return [pathname.slice(0, at), pathname.slice(at)]
}

const proxyTo =
  (locate: Locate) =>
  (registry: Registry, client: KubeletClient | undefined): Proxy =>
  async (context) => {
    const { info, url, request } = context
    const asked = splitProxyName(info.name)
    if (asked === undefined) throw badRequest(`invalid ${info.resource} request ${JSON.stringify(info.name)}`)
    const target = locate(registry, client, info.namespace, asked)
    const [, , segment = info.name] = new RegExp(`/(${info.resource})/([^/]+)/proxy`).exec(url.pathname) ?? []
    const [prefix, rest] = splitPath(url.pathname, segment)
    if (rest === "" && (request.method === "GET" || request.method === "HEAD") && context.connection?.upgrade === undefined) {
      return new Response(null, { status: 301, headers: { location: `${url.pathname}/${url.search}` } })
    }
    const path = `${rest === "" ? "/" : rest}${url.search}`
    const upgrade = context.connection?.upgrade
    if (upgrade !== undefined) {
      await tunnel({ ...target, ...target.client }, request.method, path, upgrade, target.scheme)
      return new Response(null, { status: 200 })
    }
    const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer())
    const answer = await send(target, {
      method: request.method,
      path,
      headers: headersFor(context, url.pathname),
      body,
      signal: request.signal
    })
    return responseOf(answer, prefix)
  }

interface Outgoing {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
  readonly signal: AbortSignal
}

/** By this header an answer is known to be the pod's, and not that of a kubelet which cannot pass it on. */
const answeredByPod = "x-tsukube-answered-by"

/** By the pod's kubelet where it can; else by the network. */
const send = async (target: Target, outgoing: Outgoing): Promise<IncomingMessage> => {
  const { pod, scheme, port } = target
  if (pod === undefined) return sendTo(target, outgoing)
  const path = `/podProxy/${pod.namespace}/${pod.name}/${scheme}/${port}${outgoing.path}`
  const kubelet: Target = { ...pod.kubelet, scheme: "https", client: pod.kubelet }
  const answer = await sendTo(kubelet, { ...outgoing, path }).catch(() => undefined)
  const by = answer?.headers[answeredByPod]
  if (answer !== undefined && by === "pod") return answer
  if (answer !== undefined && by === "nobody") throw serviceUnavailable(`error trying to reach service: ${await textOf(answer)}`)
  answer?.destroy()
  return sendTo(target, outgoing)
}

const sendTo = (
  { scheme, host, port, client }: Target,
  { method, path, headers, body, signal }: Outgoing
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const options = { host, port, path, method, headers: { ...headers, host: `${host}:${port}` }, agent: false as const }
    const sent =
      scheme === "http"
        ? requestHttp(options)
        : requestHttps({ ...options, ...(client === undefined ? { rejectUnauthorized: false } : client) })
    const gone = () => sent.destroy()
    signal.addEventListener("abort", gone)
    sent.setTimeout(dialTimeoutMs, () => sent.destroy(new Error(`dial tcp ${host}:${port}: i/o timeout`)))
    sent.on("error", (error) => reject(serviceUnavailable(`error trying to reach service: ${error.message}`)))
    sent.on("close", () => signal.removeEventListener("abort", gone))
    sent.on("response", (answer) => {
      sent.setTimeout(0)
      resolve(answer)
    })
    sent.end(body)
  })

const hopHeaders = /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/

/** A redirect of the server behind leads back through the proxy. */
const responseOf = (answer: IncomingMessage, prefix: string): Response => {
  const headers = new Headers()
  for (let i = 0; i + 1 < answer.rawHeaders.length; i += 2) {
    const name = answer.rawHeaders[i]!.toLowerCase()
    if (!hopHeaders.test(name) && name !== answeredByPod) headers.append(name, answer.rawHeaders[i + 1]!)
  }
  const location = headers.get("location")
  if (location?.startsWith("/") === true && !location.startsWith("//")) headers.set("location", `${prefix}${location}`)
  const status = answer.statusCode ?? 502
  const empty = status === 204 || status === 304
  return new Response(empty ? null : bodyOf(answer), { status, headers })
}

/** Reaches a node's kubelet, or another port of the node. */
export const nodeProxy: ReturnType<typeof proxyTo> = proxyTo(locateNode)
/** Reaches a port of a pod. */
export const podProxy: ReturnType<typeof proxyTo> = proxyTo(locatePod)
/** Reaches one of a Service's endpoints. */
export const serviceProxy: ReturnType<typeof proxyTo> = proxyTo(locateService)
