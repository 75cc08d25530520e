/** The nodes and the pods on them as the scheduler sees them, kept up to date by single changes. @module */
import { equalJson } from "@tsukube/api"
import type { Node } from "@tsukube/api/core-v1"
import type { PodDisruptionBudget } from "@tsukube/api/policy-v1"
import { carriedBy, noTerms, type Terms, termsOf } from "./affinity-terms.ts"
import { ChangeLog } from "./change-log.ts"
import { ClusterObjects } from "./cluster-objects.ts"
import { ImageIndex } from "./image-index.ts"
import { emptyNode, type MutableNode, type NodeState, podLimitOf } from "./node-state.ts"
import { PodGroups } from "./pod-groups.ts"
import { noLabels, type PodInfo } from "./pod-info.ts"
import { addResources, resourcesOf } from "./resources.ts"
import type { GroupOf } from "./spread-group.ts"
import { type CarriedTerm, Topology } from "./topology.ts"
import { UndoLog } from "./undo-log.ts"

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
  /** The pods of each PodGroup, waiting ones too; none, unless someone who knows adds them. */
  readonly groups: PodGroups = new PodGroups()
  private readonly labelsOfNamespaces = new Map<string, Readonly<Record<string, string>>>()
  /** Volumes, claims and devices, for the plugins that care. */
  readonly objects: ClusterObjects = new ClusterObjects()
  /** Where nodes stand, and counts of pods there. */
  readonly topology: Topology
  /** Image names with the nodes that have them. */
  readonly images: ImageIndex = new ImageIndex()
  /** Known nodes by index; undefined where an index is free. */
  readonly rows: Array<NodeState | undefined> = []
  /** Which nodes changed. */
  readonly changes: ChangeLog = new ChangeLog()
  private readonly free: Array<number> = []
  private readonly undo: UndoLog = new UndoLog()
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
    this.undo.fork([restore(promisedVolumes), restore(promisedNodes), restore(promisedDevices)])
  }

  /** Keeps what happened since the last fork; it can still be taken back by an outer one. */
  commit(): void {
    this.undo.commit()
  }

  /** Takes back what happened since the last fork. */
  revert(): void {
    this.undo.revert()
  }

  /** Runs something that leaves the snapshot as it was: what it changed meanwhile counts as no change. */
  unchanged<A>(run: () => A): A {
    return this.changes.unchanged(run)
  }

  /** Grows with every change of a node or its pods. */
  get version(): number {
    return this.changes.version
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
    this.undo.remember(() => this.setNamespace(name, before))
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
    this.undo.remember(() => (isNew ? this.removeNode(name) : this.setNode(before)))
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
    this.changes.add(state.index, this.rows.length)
  }

  /** Forgets a node. Pods still bound to it are remembered, should it come back. */
  removeNode(name: string): void {
    const state = this.known.get(name)
    if (state === undefined) return
    const before = state.node
    this.undo.remember(() => this.setNode(before))
    this.known.delete(name)
    this.withAffinity.delete(state)
    const { index } = state
    this.rows[index] = undefined
    this.free.push(index)
    state.index = -1
    this.topology.reshape(index, undefined)
    this.images.set(name, undefined, this.known.size)
    this.changes.add(index, this.rows.length)
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
    this.undo.remember(() => this.removePod(info.uid))
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
    this.undo.remember(() => this.addPod(info, name))
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
    this.changes.add(state.index, this.rows.length)
  }
}
