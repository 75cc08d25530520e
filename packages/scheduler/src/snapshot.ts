/** The nodes and the pods on them as the scheduler sees them, kept up to date by single changes. @module */
import { equalJson } from "@tsukube/api"
import type { Node, Pod } from "@tsukube/api/core-v1"
import type { PodDisruptionBudget } from "@tsukube/api/policy-v1"
import { carriedBy, noTerms, type Terms, termsOf } from "./affinity-terms.ts"
import { ClusterObjects } from "./cluster-objects.ts"
import { ImageIndex } from "./image-index.ts"
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
import { type CarriedTerm, Topology } from "./topology.ts"

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
  /** Namespace and labels as one text: pods with the same look alike to selectors. */
  readonly identity: string
  /** True once the pod is being deleted. */
  readonly isTerminating: boolean
  /** True when the pod has affinity or anti-affinity to other pods, of any strength. */
  readonly hasPodAffinity: boolean
}

/** A node with the sum of what its pods take. Plugins read it and never change it. */
export interface NodeState {
  readonly name: string
  /** Its row in columns; small numbers, given again when a node has gone. */
  readonly index: number
  readonly node: Node
  readonly labels: Readonly<Record<string, string>>
  readonly allocatable: Resources
  readonly podLimit: number
  readonly requested: Resources
  readonly scoring: ScoringRequest
  readonly pods: ReadonlyMap<string, PodInfo>
  /** Volumes of its pods, of all kinds. */
  readonly volumeCount: number
  /** Grows with every change of the node or its pods. */
  readonly revision: number
  /** Those of `pods` that care about other pods. */
  readonly podsWithAffinity: ReadonlyMap<string, PodInfo>
}

interface MutableNode extends NodeState {
  index: number
  node: Node
  labels: Readonly<Record<string, string>>
  allocatable: Resources
  podLimit: number
  volumeCount: number
  revision: number
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

interface Footprint {
  readonly requests: Resources
  readonly scoring: ScoringRequest
  readonly ports: ReadonlyArray<HostPort>
}

/** Pods of one template ask for the same: worked out once for all of them, and kept once in memory. */
const footprints = new Map<string, Footprint>()
const footprintLimit = 5000

const footprintText = ({ spec, status }: Pod): string => {
  let text = ""
  for (const { name, resources, ports, restartPolicy } of spec?.initContainers ?? [])
    text += `${name}${restartPolicy ?? ""}${JSON.stringify([resources?.requests, ports])}`
  text += "|"
  for (const { name, resources, ports } of spec?.containers ?? [])
    text += `${name}${JSON.stringify([resources?.requests, ports])}`
  if (spec?.overhead !== undefined || spec?.resources !== undefined) text += JSON.stringify([spec.overhead, spec.resources])
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
  for (const { name, resources, allocatedResources } of statuses) {
    if (resources?.requests === undefined && allocatedResources === undefined) continue
    text += `|${name}${JSON.stringify([resources?.requests, allocatedResources])}`
  }
  if (status?.conditions?.some(({ type, reason }) => type === "PodResizePending" && reason === "Infeasible"))
    text += "|infeasible"
  return text
}

const footprintOf = (pod: Pod): Footprint => {
  const text = footprintText(pod)
  let footprint = footprints.get(text)
  if (footprint === undefined) {
    if (footprints.size >= footprintLimit) footprints.clear()
    footprint = { requests: podRequests(pod), scoring: scoringRequest(pod), ports: portsOf(pod) }
    footprints.set(text, footprint)
  }
  return footprint
}

/** Equal texts are kept once in memory. */
const identities = new Map<string, string>()

const identityOf = (namespace: string, labels: Readonly<Record<string, string>> | undefined): string => {
  let text = namespace
  for (const key in labels) text += `\n${key}\t${labels[key]}`
  const known = identities.get(text)
  if (known !== undefined) return known
  if (identities.size >= 10 * footprintLimit) identities.clear()
  identities.set(text, text)
  return text
}

const noLabels: Readonly<Record<string, string>> = {}

/** Works out what scheduling needs of a pod. Throws `ParseError` where an amount cannot be read. */
export const podInfo = (pod: Pod): PodInfo => {
  const { requests, scoring, ports } = footprintOf(pod)
  const namespace = pod.metadata?.namespace ?? "default"
  return {
    pod,
    uid: podKey(pod),
    namespace,
    labels: pod.metadata?.labels ?? noLabels,
    requests,
    scoring,
    ports,
    identity: identityOf(namespace, pod.metadata?.labels),
    isTerminating: pod.metadata?.deletionTimestamp !== undefined,
    hasPodAffinity: pod.spec?.affinity?.podAffinity !== undefined || pod.spec?.affinity?.podAntiAffinity !== undefined
  }
}

/** True while a pod holds resources of its node. */
export const holdsResources = (pod: Pod): boolean => pod.status?.phase !== "Succeeded" && pod.status?.phase !== "Failed"

const podLimitOf = (node: Node): number => Number(node.status?.allocatable?.["pods"] ?? 0)

const emptyNode = (name: string): MutableNode => ({
  name,
  index: -1,
  node: { metadata: { name } },
  labels: {},
  allocatable: noResources(),
  podLimit: 0,
  requested: noResources(),
  scoring: { cpuMilli: 0, memory: 0 },
  pods: new Map(),
  volumeCount: 0,
  revision: 0,
  podsWithAffinity: new Map()
})

/** Wishes that cannot be read (a malformed selector) bind nobody. */
const readableTermsOf = (pod: PodInfo): Terms => {
  try {
    return termsOf(pod)
  } catch {
    return noTerms
  }
}

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
  /** Volumes, claims and devices, for the plugins that care. */
  readonly objects: ClusterObjects = new ClusterObjects()
  /** Where nodes stand, and counts of pods there. */
  readonly topology: Topology
  /** Image names with the nodes that have them. */
  readonly images: ImageIndex = new ImageIndex()
  /** Known nodes by index; undefined where an index is free. */
  readonly rows: Array<NodeState | undefined> = []
  /** Indices of nodes that changed, the latest last; `changesBefore` older ones were dropped. */
  readonly changes: Array<number> = []
  /** How many changes came before the first of `changes`. */
  changesBefore = 0
  private readonly free: Array<number> = []
  /** How to undo what happened since each fork, the innermost fork last. */
  private readonly forks: Array<Array<() => void>> = []
  private isUndoing = false
  private readonly carried = new WeakMap<Terms, ReadonlyArray<CarriedTerm>>()

  constructor() {
    const labelsOf = (namespace: string) => this.namespaceLabels(namespace)
    const carriedTerms = (pod: PodInfo): ReadonlyArray<CarriedTerm> => {
      const terms = readableTermsOf(pod)
      let carried = this.carried.get(terms)
      if (carried === undefined) {
        carried = carriedBy(terms, labelsOf)
        this.carried.set(terms, carried)
      }
      return carried
    }
    this.topology = new Topology(
      () => this.known.values(),
      () => this.rows.length,
      carriedTerms
    )
  }

  /** What happens from here on can be taken back; forks nest. */
  fork(): void {
    const { promisedVolumes, promisedNodes, promisedDevices } = this.objects
    const restore = <K, V>(map: Map<K, V>): (() => void) => {
      const before = [...map]
      return () => {
        map.clear()
        for (const [key, value] of before) map.set(key, value)
      }
    }
    this.forks.push([restore(promisedVolumes), restore(promisedNodes), restore(promisedDevices)])
  }

  /** Keeps what happened since the last fork; it can still be taken back by an outer one. */
  commit(): void {
    const undo = this.forks.pop()
    if (undo === undefined) throw new Error("commit without fork")
    this.forks.at(-1)?.push(...undo)
  }

  /** Takes back what happened since the last fork. */
  revert(): void {
    const undo = this.forks.pop()
    if (undo === undefined) throw new Error("revert without fork")
    this.isUndoing = true
    for (const step of undo.reverse()) step()
    this.isUndoing = false
  }

  /** Runs something that leaves the snapshot as it was: what it changed meanwhile counts as no change. */
  unchanged<A>(run: () => A): A {
    const { changesBefore } = this
    const { length } = this.changes
    const result = run()
    if (this.changesBefore === changesBefore) this.changes.length = length
    return result
  }

  private remember(undo: () => void): void {
    if (!this.isUndoing) this.forks.at(-1)?.push(undo)
  }

  /** Grows with every change of a node or its pods. */
  get version(): number {
    return this.changesBefore + this.changes.length
  }

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
    if (equalJson(labels, this.labelsOfNamespaces.get(name))) return
    const before = this.labelsOfNamespaces.get(name)
    this.remember(() => this.setNamespace(name, before))
    if (labels === undefined) this.labelsOfNamespaces.delete(name)
    else this.labelsOfNamespaces.set(name, labels)
    this.topology.forget()
  }

  /** Adds a node, or renews it; its pods stay. Throws `ParseError` where an amount cannot be read. */
  setNode(node: Node): void {
    const name = node.metadata?.name ?? ""
    const allocatable = resourcesOf(node.status?.allocatable as Readonly<Record<string, string>> | undefined)
    const state = this.known.get(name) ?? this.strangers.get(name) ?? emptyNode(name)
    const isNew = state.index < 0
    const before = state.node
    this.remember(() => (isNew ? this.removeNode(name) : this.setNode(before)))
    const isReshaped =
      isNew ||
      !equalJson(state.node.metadata?.labels, node.metadata?.labels) ||
      !equalJson(state.node.spec?.taints, node.spec?.taints)
    const hasNewImages = isNew || !equalJson(state.node.status?.images, node.status?.images)
    if (isNew) {
      state.index = this.free.pop() ?? this.rows.length
      this.rows[state.index] = state
    }
    state.node = node
    state.labels = node.metadata?.labels ?? noLabels
    state.allocatable = allocatable
    state.podLimit = podLimitOf(node)
    state.revision++
    this.strangers.delete(name)
    this.known.set(name, state)
    if (state.podsWithAffinity.size > 0) this.withAffinity.add(state)
    if (isReshaped) this.topology.reshape(state.index, state.labels)
    if (hasNewImages) this.images.set(name, node.status?.images, this.known.size)
    this.changed(state.index)
  }

  /** Forgets a node. Pods still bound to it are remembered, should it come back. */
  removeNode(name: string): void {
    const state = this.known.get(name)
    if (state === undefined) return
    const before = state.node
    this.remember(() => this.setNode(before))
    this.known.delete(name)
    this.withAffinity.delete(state)
    const { index } = state
    this.rows[index] = undefined
    this.free.push(index)
    state.index = -1
    this.topology.reshape(index, undefined)
    this.images.set(name, undefined, this.known.size)
    this.changed(index)
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
    this.remember(() => this.removePod(info.uid))
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
    const { name } = state
    this.remember(() => this.addPod(info, name))
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
    state.revision++
    state.volumeCount += sign * (info.pod.spec?.volumes?.length ?? 0)
    state.scoring.cpuMilli += sign * info.scoring.cpuMilli
    state.scoring.memory += sign * info.scoring.memory
    if (state.index < 0) return
    this.topology.count(info, state.index, sign)
    this.changed(state.index)
  }

  private changed(index: number): void {
    this.changes.push(index)
    const limit = 1000 + 4 * this.rows.length
    if (this.changes.length <= 2 * limit) return
    this.changesBefore += this.changes.length - limit
    this.changes.splice(0, this.changes.length - limit)
  }
}
