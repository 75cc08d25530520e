/** The nodes and the pods on them as the scheduler sees them, kept up to date by single changes. @module */
import type { Node, Pod } from "@tsukube/api/core-v1"
import type { PodDisruptionBudget } from "@tsukube/api/policy-v1"
import {
  addResources,
  isSidecar,
  noResources,
  podRequests,
  type Resources,
  resourcesOf,
  type ScoringRequest,
  scoringRequest
} from "./resources.ts"
import type { GroupOf } from "./spread-group.ts"

/** A port of the node that a pod occupies. */
export interface HostPort {
  readonly ip: string
  readonly protocol: string
  readonly port: number
}

/** A pod with what scheduling needs of it, worked out once. */
export interface PodInfo {
  readonly pod: Pod
  readonly uid: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly requests: Resources
  readonly scoring: ScoringRequest
  readonly ports: ReadonlyArray<HostPort>
  /** True when the pod has affinity or anti-affinity to other pods, of any strength. */
  readonly hasPodAffinity: boolean
}

/** A node with the sum of what its pods take. Plugins read it and never change it. */
export interface NodeState {
  readonly name: string
  readonly node: Node
  readonly labels: Readonly<Record<string, string>>
  readonly allocatable: Resources
  readonly podLimit: number
  readonly requested: Resources
  readonly scoring: ScoringRequest
  readonly pods: ReadonlyMap<string, PodInfo>
  /** Those of `pods` that care about other pods. */
  readonly podsWithAffinity: ReadonlyMap<string, PodInfo>
}

interface MutableNode extends NodeState {
  node: Node
  labels: Readonly<Record<string, string>>
  allocatable: Resources
  podLimit: number
  readonly pods: Map<string, PodInfo>
  readonly podsWithAffinity: Map<string, PodInfo>
}

/** The key under which a snapshot knows a pod: its uid, or its name where plain data has no uid. */
export const podKey = (pod: Pod): string =>
  pod.metadata?.uid ?? `${pod.metadata?.namespace ?? "default"}/${pod.metadata?.name ?? ""}`

const portsOf = (pod: Pod): ReadonlyArray<HostPort> => {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter(isSidecar)]
  return containers.flatMap(({ ports }) =>
    (ports ?? []).flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort ? [{ ip: hostIP || "0.0.0.0", protocol: protocol ?? "TCP", port: hostPort }] : []
    )
  )
}

/** Works out what scheduling needs of a pod. */
export const podInfo = (pod: Pod): PodInfo => ({
  pod,
  uid: podKey(pod),
  namespace: pod.metadata?.namespace ?? "default",
  labels: pod.metadata?.labels ?? {},
  requests: podRequests(pod),
  scoring: scoringRequest(pod),
  ports: portsOf(pod),
  hasPodAffinity: pod.spec?.affinity?.podAffinity !== undefined || pod.spec?.affinity?.podAntiAffinity !== undefined
})

/** True while a pod holds resources of its node. */
export const holdsResources = (pod: Pod): boolean => pod.status?.phase !== "Succeeded" && pod.status?.phase !== "Failed"

const podLimitOf = (node: Node): number => Number(node.status?.allocatable?.["pods"] ?? 0)

const emptyNode = (name: string): MutableNode => ({
  name,
  node: { metadata: { name } },
  labels: {},
  allocatable: noResources(),
  podLimit: 0,
  requested: noResources(),
  scoring: { cpuMilli: 0, memory: 0 },
  pods: new Map(),
  podsWithAffinity: new Map()
})

/** The state a cycle decides on. Changed only between cycles. */
export class Snapshot {
  /** Known nodes by name. */
  private readonly known = new Map<string, MutableNode>()
  /** Pods whose node is not known (yet): they count as soon as it appears. */
  private readonly strangers = new Map<string, MutableNode>()
  private readonly places = new Map<string, MutableNode>()
  private readonly withAffinity = new Set<MutableNode>()
  /** Which pods a pod should be spread from when it says nothing itself; nobody's, unless someone who knows sets it. */
  groupOf: GroupOf = () => undefined
  /** Disruption budgets that preemption should keep, if it can. */
  budgets: () => ReadonlyArray<PodDisruptionBudget> = () => []
  private readonly labelsOfNamespaces = new Map<string, Readonly<Record<string, string>>>()

  /** The nodes, in the order in which they came. */
  get nodes(): ReadonlyMap<string, NodeState> {
    return this.known
  }

  /** The nodes with a pod that cares about other pods. */
  get nodesWithAffinity(): ReadonlySet<NodeState> {
    return this.withAffinity
  }

  /** The labels of a namespace; none where it is not known. */
  namespaceLabels(namespace: string): Readonly<Record<string, string>> {
    return this.labelsOfNamespaces.get(namespace) ?? {}
  }

  /** Learns or renews a namespace's labels; undefined forgets it. */
  setNamespace(name: string, labels: Readonly<Record<string, string>> | undefined): void {
    if (labels === undefined) this.labelsOfNamespaces.delete(name)
    else this.labelsOfNamespaces.set(name, labels)
  }

  /** Adds a node, or renews it; its pods stay. */
  setNode(node: Node): void {
    const name = node.metadata?.name ?? ""
    const state = this.known.get(name) ?? this.strangers.get(name) ?? emptyNode(name)
    state.node = node
    state.labels = node.metadata?.labels ?? {}
    state.allocatable = resourcesOf(node.status?.allocatable as Readonly<Record<string, string>> | undefined)
    state.podLimit = podLimitOf(node)
    this.strangers.delete(name)
    this.known.set(name, state)
    if (state.podsWithAffinity.size > 0) this.withAffinity.add(state)
  }

  /** Forgets a node. Pods still bound to it are remembered, should it come back. */
  removeNode(name: string): void {
    const state = this.known.get(name)
    if (state === undefined) return
    this.known.delete(name)
    this.withAffinity.delete(state)
    if (state.pods.size > 0) this.strangers.set(name, state)
  }

  /** Puts a pod on a node; one that is somewhere already is moved or renewed. */
  addPod(info: PodInfo, nodeName: string): void {
    this.removePod(info.uid)
    let state = this.known.get(nodeName) ?? this.strangers.get(nodeName)
    if (state === undefined) {
      state = emptyNode(nodeName)
      this.strangers.set(nodeName, state)
    }
    state.pods.set(info.uid, info)
    this.places.set(info.uid, state)
    this.count(state, info, 1)
    if (!info.hasPodAffinity) return
    state.podsWithAffinity.set(info.uid, info)
    if (this.known.has(nodeName)) this.withAffinity.add(state)
  }

  /** Takes a pod off its node; does nothing for one that is nowhere. */
  removePod(uid: string): void {
    const state = this.places.get(uid)
    const info = state?.pods.get(uid)
    if (state === undefined || info === undefined) return
    this.places.delete(uid)
    state.pods.delete(uid)
    state.podsWithAffinity.delete(uid)
    this.count(state, info, -1)
    if (state.podsWithAffinity.size === 0) this.withAffinity.delete(state)
    if (state.pods.size === 0) this.strangers.delete(state.name)
  }

  /** The node a pod is on, or undefined. */
  nodeOf(uid: string): string | undefined {
    return this.places.get(uid)?.name
  }

  private count(state: MutableNode, info: PodInfo, sign: 1 | -1): void {
    addResources(state.requested, info.requests, sign)
    state.scoring.cpuMilli += sign * info.scoring.cpuMilli
    state.scoring.memory += sign * info.scoring.memory
  }
}
