/** Extenders: other programs that filter and rank nodes, or bind, asked by HTTP as upstream asks them. @module */
import type { Node, Pod } from "@tsukube/api/core-v1"
import type { PodInfo } from "./pod-info.ts"

/** An extender as `KubeSchedulerConfiguration` describes it. */
export interface ExtenderSettings {
  readonly urlPrefix: string
  readonly filterVerb?: string
  readonly prioritizeVerb?: string
  readonly bindVerb?: string
  readonly weight?: number
  readonly httpTimeoutMs?: number
  /** It keeps a cache of nodes itself: only names are sent. */
  readonly nodeCacheCapable?: boolean
  /** Resources it deals with; all pods are its business when there are none. */
  readonly managedResources?: ReadonlyArray<string>
  /** Its errors do not stop a pod. */
  readonly ignorable?: boolean
}

/** What an extender says about nodes. */
export interface ExtenderFilterResult {
  readonly nodeNames: ReadonlyArray<string>
  readonly refused: Readonly<Record<string, string>>
  readonly unresolvable: Readonly<Record<string, string>>
}

/** An extender that can be asked. */
export interface Extender {
  readonly name: string
  readonly ignorable: boolean
  readonly isInterested: (pod: PodInfo) => boolean
  readonly filter?: (pod: Pod, nodes: ReadonlyArray<Node>) => Promise<ExtenderFilterResult>
  /** Points by node name, weighted and on the plugins' scale. */
  readonly prioritize?: (pod: Pod, nodes: ReadonlyArray<Node>) => Promise<ReadonlyMap<string, number>>
  readonly bind?: (pod: Pod, nodeName: string) => Promise<void>
}

interface FilterAnswer {
  readonly nodes?: { readonly items?: ReadonlyArray<Node> } | null
  readonly nodenames?: ReadonlyArray<string> | null
  readonly failedNodes?: Readonly<Record<string, string>> | null
  readonly failedAndUnresolvableNodes?: Readonly<Record<string, string>> | null
  readonly error?: string
}

const defaultTimeoutMs = 5000
/** Extenders score from 0 to 10, plugins from 0 to 100. */
const scale = 10

/** Asks an extender by HTTP. */
export const httpExtender = (settings: ExtenderSettings): Extender => {
  const { urlPrefix, filterVerb, prioritizeVerb, bindVerb, weight = 1, managedResources = [] } = settings
  const post = async (verb: string, body: unknown): Promise<unknown> => {
    const url = `${urlPrefix.replace(/\/$/, "")}/${verb}`
    const signal = AbortSignal.timeout(settings.httpTimeoutMs ?? defaultTimeoutMs)
    const headers = { "content-type": "application/json" }
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal })
    if (!response.ok) throw new Error(`failed ${verb} with extender at URL ${url}, code ${response.status}`)
    return await response.json()
  }
  const args = (pod: Pod, nodes: ReadonlyArray<Node>): unknown =>
    settings.nodeCacheCapable === true
      ? { pod, nodenames: nodes.map(({ metadata }) => metadata?.name) }
      : { pod, nodes: { apiVersion: "v1", kind: "NodeList", items: nodes } }
  return {
    name: urlPrefix,
    ignorable: settings.ignorable ?? false,
    isInterested: ({ requests }) =>
      managedResources.length === 0 ||
      managedResources.some(
        (name) =>
          requests.extended.has(name) || (name === "cpu" && requests.cpuMilli > 0) || (name === "memory" && requests.memory > 0)
      ),
    ...(filterVerb === undefined
      ? {}
      : {
          filter: async (pod, nodes) => {
            const answer = (await post(filterVerb, args(pod, nodes))) as FilterAnswer
            if (answer.error) throw new Error(answer.error)
            const names = answer.nodenames ?? answer.nodes?.items?.map(({ metadata }) => metadata?.name ?? "") ?? []
            return { nodeNames: names, refused: answer.failedNodes ?? {}, unresolvable: answer.failedAndUnresolvableNodes ?? {} }
          }
        }),
    ...(prioritizeVerb === undefined
      ? {}
      : {
          prioritize: async (pod, nodes) => {
            const answer = (await post(prioritizeVerb, args(pod, nodes))) as ReadonlyArray<{ host: string; score: number }>
            return new Map(answer.map(({ host, score }) => [host, score * weight * scale]))
          }
        }),
    ...(bindVerb === undefined
      ? {}
      : {
          bind: async ({ metadata }, node) => {
            const body = { podName: metadata?.name, podNamespace: metadata?.namespace, podUID: metadata?.uid, node }
            const answer = (await post(bindVerb, body)) as { readonly error?: string }
            if (answer.error) throw new Error(answer.error)
          }
        })
  }
}
