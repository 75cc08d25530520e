/** `pods/exec`, `pods/attach` and `pods/portforward`: checks what is asked and tunnels it to the kubelet. @module */
import { badRequest, type KubernetesObject } from "@tsukube/api"
import type { Pod } from "@tsukube/api/core-v1"
import { forbiddenError } from "../authorize/forbidden.ts"
import { isTrue } from "../paths.ts"
import type { Authorizer, Connect, Registry, RequestContext } from "../request.ts"
import { chooseContainer } from "./container.ts"
import { type KubeletClient, kubeletOf } from "./kubelet.ts"
import { tunnel } from "./tunnel.ts"

/** The subprotocol by which kubectl asks for SPDY's frames in a WebSocket, before it falls back to SPDY itself. */
const tunnelProtocol = "SPDY/3.1+portforward.k8s.io"

/** Names of the standard streams in the API's query and in the kubelet's. */
const streams = [
  ["stdin", "input"],
  ["stdout", "output"],
  ["stderr", "error"]
] as const

const streamQuery = (parameters: URLSearchParams): URLSearchParams => {
  const query = new URLSearchParams()
  for (const [asked, passed] of streams) if (isTrue(parameters.get(asked))) query.set(passed, "1")
  if ([...query].length === 0) throw badRequest("you must specify at least 1 of stdin, stdout, stderr")
  if (isTrue(parameters.get("tty"))) {
    if (query.has("error")) throw badRequest("tty and stderr cannot both be true")
    query.set("tty", "1")
  }
  return query
}

/** The kubelet's path for a request. */
type PathOf = (context: RequestContext, pod: Pod) => string

const execPath: PathOf = ({ url, info }, pod) => {
  const query = streamQuery(url.searchParams)
  const command = url.searchParams.getAll("command")
  if (command.length === 0) throw badRequest("you must specify a command")
  for (const word of command) query.append("command", word)
  return `/exec/${info.namespace}/${info.name}/${chooseContainer(pod, url.searchParams.get("container") ?? "")}?${query}`
}

const attachPath: PathOf = ({ url, info }, pod) => {
  const query = streamQuery(url.searchParams)
  return `/attach/${info.namespace}/${info.name}/${chooseContainer(pod, url.searchParams.get("container") ?? "")}?${query}`
}

const portForwardPath: PathOf = ({ url, info }) => {
  const query = new URLSearchParams()
  for (const ports of url.searchParams.getAll("ports")) {
    for (const port of ports.split(",")) {
      if (!/^\d+$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
        throw badRequest(`invalid port ${JSON.stringify(port)}`)
      query.append("port", port)
    }
  }
  const text = query.toString()
  return `/portForward/${info.namespace}/${info.name}${text === "" ? "" : `?${text}`}`
}

/** WebSockets come as GET, for which a reader's role would do; whoever acts in a container must be allowed to create that as well. */
const requireCreate = async (authorize: Authorizer, { user, info }: RequestContext): Promise<void> => {
  if (info.verb === "create") return
  const attributes = { ...info, verb: "create" }
  const { allowed, reason } = await authorize(user, attributes)
  if (!allowed) throw forbiddenError(user, attributes, reason)
}

const connectBy =
  (pathOf: PathOf) =>
  (registry: Registry, authorize: Authorizer, client: KubeletClient | undefined): Connect =>
  async (context: RequestContext, object: KubernetesObject) => {
    await requireCreate(authorize, context)
    const pod = object as Pod
    const path = pathOf(context, pod)
    const upgrade = context.connection?.upgrade
    if (upgrade === undefined) throw badRequest("Upgrade request required")
    const kubelet = kubeletOf(registry, client, pod)
    const protocols = (context.request.headers.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim())
    if (pathOf === portForwardPath && protocols.includes(tunnelProtocol)) {
      // Loaded by those who need it only.
      const { tunnelPortForward } = await import("./port-forward-tunnel.ts")
      await tunnelPortForward(kubelet, path, upgrade)
    } else await tunnel(kubelet, context.request.method, path, upgrade)
    // The connection is no longer HTTP; nothing is sent of this.
    return new Response(null, { status: 200 })
  }

/** Runs a command in a container. */
export const podExec: ReturnType<typeof connectBy> = connectBy(execPath)
/** Joins a container's main process. */
export const podAttach: ReturnType<typeof connectBy> = connectBy(attachPath)
/** Reaches a pod's ports. */
export const podPortForward: ReturnType<typeof connectBy> = connectBy(portForwardPath)
