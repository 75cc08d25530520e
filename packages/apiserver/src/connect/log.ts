/** `pods/log`: fetches a container's log from its kubelet and passes it on as it comes. @module */
import { badRequest, type FieldError, fieldError, invalid, type KubernetesObject } from "@tsukube/api"
import type { Pod } from "@tsukube/api/core-v1"
import { isTrue } from "../paths.ts"
import type { Connect, Registry, RequestContext } from "../request.ts"
import { chooseContainer } from "./container.ts"
import { bodyOf, getFromKubelet, type KubeletClient, kubeletError, kubeletOf, textOf } from "./kubelet.ts"

const numbers: Readonly<Record<string, { readonly least: number; readonly detail: string }>> = {
  tailLines: { least: 0, detail: "must be greater than or equal to 0" },
  sinceSeconds: { least: 1, detail: "must be greater than 0" },
  limitBytes: { least: 1, detail: "must be greater than 0" }
}
const flags = ["follow", "previous", "timestamps"] as const

/** Checks the query of a log request and gives what the kubelet is asked. */
const logQuery = (parameters: URLSearchParams, podName: string): URLSearchParams => {
  const query = new URLSearchParams()
  const errors: Array<FieldError> = []
  for (const flag of flags) if (isTrue(parameters.get(flag))) query.set(flag, "true")
  for (const [name, { least, detail }] of Object.entries(numbers)) {
    const text = parameters.get(name)
    if (text === null || text === "") continue
    if (!/^-?\d{1,18}$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
    if (Number(text) < least) errors.push(fieldError.invalid(name, Number(text), detail))
    query.set(name, text)
  }
  const sinceTime = parameters.get("sinceTime")
  if (sinceTime !== null && sinceTime !== "") {
    if (Number.isNaN(Date.parse(sinceTime))) throw badRequest(`parsing time ${JSON.stringify(sinceTime)}: not an RFC 3339 time`)
    if (query.has("sinceSeconds"))
      errors.push(fieldError.forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    query.set("sinceTime", sinceTime)
  }
  const stream = parameters.get("stream")
  if (stream !== null && stream !== "" && stream !== "All") {
    if (stream !== "Stdout" && stream !== "Stderr")
      errors.push(fieldError.notSupported("stream", stream, ["All", "Stdout", "Stderr"]))
    if (query.has("tailLines"))
      errors.push(fieldError.forbidden("", "`tailLines` and specific `stream` are mutually exclusive for now"))
    query.set("stream", stream)
  }
  if (errors.length > 0) throw invalid({ group: "", kind: "PodLogOptions" }, podName, errors)
  return query
}

/** Answers GET of `pods/log`. */
export const podLog =
  (registry: Registry, client: KubeletClient | undefined): Connect =>
  async (context: RequestContext, object: KubernetesObject) => {
    const pod = object as Pod
    const { namespace, name } = context.info
    const query = logQuery(context.url.searchParams, name)
    const container = chooseContainer(pod, context.url.searchParams.get("container") ?? "")
    const address = kubeletOf(registry, client, pod)
    const path = `/containerLogs/${namespace}/${name}/${container}?${query}`
    const answer = await getFromKubelet(address, path, context.request.signal)
    if (answer.statusCode !== 200) throw kubeletError(answer.statusCode ?? 500, await textOf(answer))
    const upgrade = context.connection?.upgrade
    if (upgrade !== undefined) {
      // Loaded by those who need it only.
      const { sendByWebSocket } = await import("./websocket.ts")
      sendByWebSocket(upgrade, answer, () => answer.destroy())
      return new Response(null, { status: 200 })
    }
    return new Response(bodyOf(answer), { headers: { "content-type": "text/plain", "cache-control": "no-cache, private" } })
  }
