/** Extenders: other programs that filter and rank nodes, choose victims, or bind, asked by HTTP as upstream asks them. @module */
import type { Node, Pod } from "@tsukube/api/core-v1"
import type { Fetch } from "@tsukube/client"
import type { PodInfo } from "./pod-info.ts"
import type { Candidate } from "./preemption.ts"
import type { Snapshot } from "./snapshot.ts"

/** An extender as `KubeSchedulerConfiguration` describes it. */
export interface ExtenderSettings {
  readonly urlPrefix: string
  readonly filterVerb?: string
  readonly prioritizeVerb?: string
  readonly preemptVerb?: string
  readonly bindVerb?: string
  readonly weight?: number
  readonly httpTimeoutMs?: number
  /** It keeps a cache of nodes itself: only names are sent, and of victims only their uids. */
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
  /** Of the nodes where removing victims helps, those it agrees to, perhaps with other victims. */
  readonly preempt?: (pod: Pod, candidates: ReadonlyArray<Candidate>, snapshot: Snapshot) => Promise<ReadonlyArray<Candidate>>
  readonly bind?: (pod: Pod, nodeName: string) => Promise<void>
}

const defaultTimeoutMs = 5000
/** Extenders score from 0 to 10, plugins from 0 to 100. */
const scale = 10

/** A field of an answer, however its name is written: upstream's decoder does not care either. */
const field = (answer: unknown, name: string): unknown => {
  const wanted = name.toLowerCase()
  return Object.entries(answer ?? {}).find(([key]) => key.toLowerCase() === wanted)?.[1] ?? undefined
}

const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])
const textsOf = (value: unknown): Readonly<Record<string, string>> => (value ?? {}) as Readonly<Record<string, string>>

const failIfSaid = (answer: unknown): void => {
  const error = field(answer, "Error")
  if (error) throw new Error(String(error))
}

const filterResult = (answer: unknown): ExtenderFilterResult => {
  failIfSaid(answer)
  const names = field(answer, "NodeNames")
  const nodes = listOf(field(field(answer, "Nodes"), "items")) as ReadonlyArray<Node>
  return {
    nodeNames: names === undefined ? nodes.map(({ metadata }) => metadata?.name ?? "") : listOf(names).map(String),
    refused: textsOf(field(answer, "FailedNodes")),
    unresolvable: textsOf(field(answer, "FailedAndUnresolvableNodes"))
  }
}

const candidatesOf = (answer: unknown, snapshot: Snapshot): ReadonlyArray<Candidate> =>
  Object.entries((field(answer, "NodeNameToMetaVictims") ?? {}) as Readonly<Record<string, unknown>>).map(([nodeName, meta]) => {
    const victims = listOf(field(meta, "Pods")).map((each) => {
      const uid = String(field(each, "UID"))
      const victim = snapshot.nodes.get(nodeName)?.pods.get(uid)
      if (victim === undefined) throw new Error(`extender: victim ${uid} is not on node ${nodeName}`)
      return victim
    })
    return { nodeName, victims, violations: Number(field(meta, "NumPDBViolations") ?? 0) }
  })

/** Asks an extender by HTTP, by a Fetch of your own where it needs certificates. */
export const httpExtender = (settings: ExtenderSettings, send: Fetch = fetch): Extender => {
  const { urlPrefix, filterVerb, prioritizeVerb, preemptVerb, bindVerb, weight = 1, managedResources = [] } = settings
  const namesOnly = settings.nodeCacheCapable === true
  const post = async (verb: string, body: unknown): Promise<unknown> => {
    const url = `${urlPrefix.replace(/\/$/, "")}/${verb}`
    const signal = AbortSignal.timeout(settings.httpTimeoutMs ?? defaultTimeoutMs)
    const headers = { "content-type": "application/json" }
    const response = await send(new Request(url, { method: "POST", headers, body: JSON.stringify(body), signal }))
    if (!response.ok) throw new Error(`failed ${verb} with extender at URL ${url}, code ${response.status}`)
    return await response.json()
  }
  const args = (pod: Pod, nodes: ReadonlyArray<Node>): unknown =>
    namesOnly
      ? { Pod: pod, Nodes: null, NodeNames: nodes.map(({ metadata }) => metadata?.name) }
      : { Pod: pod, Nodes: { apiVersion: "v1", kind: "NodeList", items: nodes }, NodeNames: null }
  const victimsArgs = (pod: Pod, candidates: ReadonlyArray<Candidate>): unknown => {
    const by = (show: (victim: PodInfo) => unknown) =>
      Object.fromEntries(
        candidates.map(({ nodeName, victims, violations }) => [
          nodeName,
          { Pods: victims.map(show), NumPDBViolations: violations }
        ])
      )
    return namesOnly
      ? { Pod: pod, NodeNameToVictims: null, NodeNameToMetaVictims: by(({ uid }) => ({ UID: uid })) }
      : { Pod: pod, NodeNameToVictims: by((victim) => victim.pod), NodeNameToMetaVictims: null }
  }
  return {
    name: urlPrefix,
    ignorable: settings.ignorable ?? false,
    isInterested: ({ requests }) =>
      managedResources.length === 0 ||
      managedResources.some(
        (name) =>
          requests.extended.has(name) || (name === "cpu" && requests.cpuMilli > 0) || (name === "memory" && requests.memory > 0)
      ),
    ...(filterVerb === undefined ? {} : { filter: async (pod, nodes) => filterResult(await post(filterVerb, args(pod, nodes))) }),
    ...(prioritizeVerb === undefined
      ? {}
      : {
          prioritize: async (pod, nodes) => {
            const answer = listOf(await post(prioritizeVerb, args(pod, nodes)))
            return new Map(answer.map((each) => [String(field(each, "Host")), Number(field(each, "Score")) * weight * scale]))
          }
        }),
    ...(preemptVerb === undefined
      ? {}
      : {
          preempt: async (pod, candidates, snapshot) =>
            candidatesOf(await post(preemptVerb, victimsArgs(pod, candidates)), snapshot)
        }),
    ...(bindVerb === undefined
      ? {}
      : {
          bind: async ({ metadata }, node) => {
            const { name, namespace, uid } = metadata ?? {}
            failIfSaid(await post(bindVerb, { PodName: name, PodNamespace: namespace, PodUID: uid, Node: node }))
          }
        })
  }
}
