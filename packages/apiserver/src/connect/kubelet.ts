/** Where a pod's kubelet listens, and how the API server speaks to it. @module */
import type { IncomingMessage } from "node:http"
import { request } from "node:https"
import { badRequest, internal, StatusError, serviceUnavailable } from "@tsukube/api"
import { type Node, nodes, type Pod } from "@tsukube/api/core-v1"
import type { Registry } from "../request.ts"

/** The certificates (PEM) by which kubelets know the API server, and it them. */
export interface KubeletClient {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

/** What a connection to one kubelet needs. */
export interface KubeletAddress extends KubeletClient {
  readonly host: string
  readonly port: number
}

const defaultPort = 10250
/** A kubelet that does not answer the dial within this time counts as gone. */
export const dialTimeoutMs: number = 10_000

/** The kubelet that runs the pod. 400 while the pod has no node. */
export const kubeletOf = (registry: Registry, client: KubeletClient | undefined, pod: Pod): KubeletAddress => {
  const nodeName = pod.spec?.nodeName ?? ""
  if (nodeName === "") throw badRequest(`pod ${pod.metadata?.name} does not have a host assigned`)
  if (client === undefined) throw serviceUnavailable("this API server has no credentials for kubelets")
  const node = registry.get(nodes, { name: nodeName })
  if (node === undefined) throw internal(`nodes ${JSON.stringify(nodeName)} not found`)
  return kubeletAddressOf(node, client)
}

/** The kubelet of a node. */
export const kubeletAddressOf = (node: Node, client: KubeletClient | undefined): KubeletAddress => {
  if (client === undefined) throw serviceUnavailable("this API server has no credentials for kubelets")
  const addresses = node.status?.addresses ?? []
  const host = ["InternalIP", "Hostname", "ExternalIP"]
    .map((type) => addresses.find((address) => address.type === type)?.address)
    .find((address) => address !== undefined)
  if (host === undefined) throw internal(`no preferred addresses found; known addresses: []`)
  return { ...client, host, port: node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? defaultPort }
}

/** What a failed dial is to the client. */
export const dialError = (cause: unknown): StatusError =>
  internal(`error dialing backend: ${cause instanceof Error ? cause.message : String(cause)}`)

/** An answer of the kubelet that is no success, as upstream passes it on. */
export const kubeletError = (code: number, text: string): StatusError => {
  const message = text.trim()
  if (code === 400) return badRequest(message)
  if (code >= 500) return internal(message)
  return new StatusError({ status: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, code } })
}

/** GET from a kubelet; resolves with the answer's head. `signal` ends it at any time. */
export const getFromKubelet = (
  { host, port, cert, key, ca }: KubeletAddress,
  path: string,
  signal: AbortSignal
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const sent = request({ host, port, path, cert, key, ca, agent: false, method: "GET" })
    const gone = () => sent.destroy()
    signal.addEventListener("abort", gone)
    sent.setTimeout(dialTimeoutMs, () => sent.destroy(new Error(`dial tcp ${host}:${port}: i/o timeout`)))
    sent.on("error", (error) => reject(dialError(error)))
    sent.on("close", () => signal.removeEventListener("abort", gone))
    sent.on("response", (answer) => {
      // A log that is followed may be silent for hours.
      sent.setTimeout(0)
      resolve(answer)
    })
    sent.end()
  })

/** The answer's body as a web stream that pauses the kubelet while nobody reads. */
export const bodyOf = (answer: IncomingMessage): ReadableStream<Uint8Array> =>
  new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        answer.pause()
        answer.on("data", (chunk: Uint8Array) => {
          controller.enqueue(chunk)
          if ((controller.desiredSize ?? 0) <= 0) answer.pause()
        })
        answer.on("end", () => controller.close())
        answer.on("error", (error) => controller.error(error))
      },
      pull: () => {
        answer.resume()
      },
      cancel: () => {
        answer.destroy()
      }
    },
    { highWaterMark: 1 }
  )

/** At most 64 KiB of an answer's text. */
export const textOf = async (answer: IncomingMessage): Promise<string> => {
  let text = ""
  for await (const chunk of answer) {
    text += String(chunk)
    if (text.length > 65_536) break
  }
  return text
}
