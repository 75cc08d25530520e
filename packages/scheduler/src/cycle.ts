/** One pod's turn: filter the nodes, score what is left, choose. Pure: a snapshot in, a decision out. @module */

import type { NodeState } from "./node-state.ts"
import { type NodeRefusal, type Plugin, type PostFilterResult, type PreFilterResult, scaleScores, type Trial } from "./plugin.ts"
import type { PodInfo } from "./pod-info.ts"
import { type Candidate, priorityOf } from "./preemption.ts"
import type { Snapshot } from "./snapshot.ts"

/** The pod goes here. */
export interface Placement {
  readonly type: "placed"
  readonly nodeName: string
  /** Nodes that could take the pod; nodes kept for nominated pods count unless they had to be looked at. */
  readonly feasible: number
}

/** The pod can go nowhere now. */
export interface Refused {
  readonly type: "refused"
  /** As upstream words it: `0/5 nodes are available: …`. */
  readonly message: string
  /** The plugins that refused: their events bring the pod back. */
  readonly plugins: ReadonlySet<string>
  readonly nodes: ReadonlyMap<string, NodeRefusal>
  readonly nominatedNode?: string
  /** Pods to delete, so that this one fits on the nominated node. */
  readonly victims?: ReadonlyArray<PodInfo>
  /** All the nodes where removing pods would help. */
  readonly candidates?: ReadonlyArray<Candidate>
}

/** What a cycle says about a pod. */
export type Decision = Placement | Refused

/** A node with its scores, for explanations. */
export interface ScoredNode {
  readonly name: string
  readonly total: number
  /** Weighted, by plugin. */
  readonly scores: Readonly<Record<string, number>>
}

interface Ready {
  readonly plugin: Plugin
  readonly state: unknown
}

/** What the filters left. */
export interface Filtered {
  readonly feasible: ReadonlyArray<NodeState>
  readonly refusals: Map<string, NodeRefusal>
  /** Set when a plugin refused the pod before any node was looked at. */
  readonly overall?: NodeRefusal
}

/** Finds the nodes that can take the pod, and why the others cannot. */
export const filterNodes = (
  pod: PodInfo,
  snapshot: Snapshot,
  plugins: ReadonlyArray<Plugin>,
  sampling?: Sampling,
  only?: ReadonlyArray<NodeState>
): Filtered => {
  const refusals = new Map<string, NodeRefusal>()
  const filters: Array<Ready> = []
  let names: Set<string> | undefined
  const restricting: Array<string> = []
  for (const plugin of plugins) {
    const result = plugin.preFilter?.(pod, snapshot)
    if (result?.refusal !== undefined) return { feasible: [], refusals, overall: { ...result.refusal, plugin: plugin.name } }
    if (result?.nodes !== undefined) {
      const allowed = result.nodes
      names = names === undefined ? new Set(allowed) : new Set([...names].filter((name) => allowed.has(name)))
      restricting.push(plugin.name)
    }
    if (plugin.filter !== undefined && result?.skip !== true) filters.push({ plugin, state: result?.state })
  }
  const feasible: Array<NodeState> = []
  const all = only ?? [...snapshot.nodes.values()]
  const enough = enoughOf(all.length, sampling)
  const start = sampling === undefined || all.length === 0 ? 0 : sampling.start % all.length
  let looked = 0
  nodes: for (; looked < all.length && feasible.length < enough; looked++) {
    const node = all[(start + looked) % all.length]!
    if (names !== undefined && !names.has(node.name)) {
      const reasons = [`node(s) didn't satisfy plugin(s) [${restricting.join(" ")}]`]
      refusals.set(node.name, { plugin: restricting[0] ?? "", reasons, resolvable: false })
      continue
    }
    for (const { plugin, state } of filters) {
      const refusal = plugin.filter?.(pod, node, state)
      if (refusal === undefined) continue
      refusals.set(node.name, { plugin: plugin.name, reasons: refusal.reasons, resolvable: refusal.resolvable })
      continue nodes
    }
    feasible.push(node)
  }
  if (sampling !== undefined && all.length > 0) sampling.start = (start + looked) % all.length
  return { feasible, refusals }
}

/** Scores the feasible nodes with every plugin that ranks this pod. */
export const scoreNodes = (
  pod: PodInfo,
  nodes: ReadonlyArray<NodeState>,
  snapshot: Snapshot,
  plugins: ReadonlyArray<Plugin>,
  record?: (plugin: string, weighted: ReadonlyArray<number>) => void
): ReadonlyArray<number> => {
  const totals = new Array<number>(nodes.length).fill(0)
  for (const plugin of plugins) {
    if (plugin.score === undefined) continue
    const prepared = plugin.preScore?.(pod, nodes, snapshot)
    if (prepared?.skip === true) continue
    const scores = nodes.map((node) => plugin.score!(pod, node, prepared?.state))
    if (plugin.scale !== undefined) scaleScores(scores, plugin.scale === "reversed")
    else plugin.normalize?.(scores, nodes, prepared?.state)
    const weight = plugin.weight ?? 1
    for (let index = 0; index < scores.length; index++) {
      scores[index] = scores[index]! * weight
      totals[index] = totals[index]! + scores[index]!
    }
    record?.(plugin.name, scores)
  }
  return totals
}

/** Stops the search for nodes early, as upstream does in large clusters. */
export interface Sampling {
  /** Percent of the nodes that have to fit before the search stops, at least 100 nodes; 0 leaves it to the size of the cluster. */
  readonly percent: number
  /** Where the next search begins; moved on by each. */
  start: number
}

const leastSample = 100

/** Upstream's choice when nobody says: half of a small cluster, and of each 125 nodes more one percent less, down to five. */
const adaptivePercent = (count: number): number => Math.max(5, 50 - Math.trunc(count / 125))

/** How many fitting nodes are enough. */
export const enoughOf = (count: number, sampling: Sampling | undefined): number => {
  if (sampling === undefined || count < leastSample || sampling.percent >= 100) return count
  const percent = sampling.percent === 0 ? adaptivePercent(count) : sampling.percent
  return Math.max(leastSample, Math.floor((count * percent) / 100))
}

/** The best node; `random` chooses among equals. */
export const chooseBest = (nodes: ReadonlyArray<NodeState>, totals: ReadonlyArray<number>, random: () => number): NodeState => {
  const most = totals.reduce((left, right) => Math.max(left, right), Number.NEGATIVE_INFINITY)
  const best = nodes.filter((_, index) => totals[index] === most)
  return best[best.length === 1 ? 0 : Math.min(best.length - 1, Math.floor(random() * best.length))] ?? nodes[0]!
}

/** Counts reasons into upstream's sentence. */
export const unavailableMessage = (nodeCount: number, reasons: Iterable<string>): string => {
  if (nodeCount === 0) return "no nodes available to schedule pods"
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const parts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort()
  return `0/${nodeCount} nodes are available:${parts.length === 0 ? "" : ` ${parts.join(", ")}.`}`
}

/** The decision for a pod that no node can take: the message, and what the plugins that look for a way out found. */
export const refuse = (pod: PodInfo, snapshot: Snapshot, plugins: ReadonlyArray<Plugin>, filtered: Filtered): Refused => {
  const { refusals, overall } = filtered
  const names = new Set([...refusals.values()].map(({ plugin }) => plugin))
  if (overall !== undefined) names.add(overall.plugin)
  const reasons = overall === undefined ? [...refusals.values()].flatMap((refusal) => refusal.reasons) : []
  let message =
    overall === undefined
      ? unavailableMessage(snapshot.nodes.size, reasons)
      : `0/${snapshot.nodes.size} nodes are available: ${overall.reasons.join(", ")}.`
  let way: PostFilterResult | undefined
  if (snapshot.nodes.size > 0) {
    const found = snapshot.unchanged(() =>
      plugins
        .map((plugin) => plugin.postFilter?.(pod, snapshot, refusals, trialOf(pod, snapshot, plugins)))
        .filter((result) => result !== undefined)
    )
    way = found.find((result) => result.nominatedNode !== undefined)
    const notes = found.flatMap((result) => (result.message === undefined ? [] : [result.message]))
    if (notes.length > 0) message = `${message} ${notes.join(", ")}`
  }
  return {
    type: "refused",
    message,
    plugins: names,
    nodes: refusals,
    ...(way?.nominatedNode === undefined
      ? {}
      : { nominatedNode: way.nominatedNode, victims: way.victims ?? [], candidates: way.candidates ?? [] })
  }
}

/** A trial for one pod: the states of its filters follow every pod that comes or goes, or are made anew. */
const trialOf = (pod: PodInfo, snapshot: Snapshot, plugins: ReadonlyArray<Plugin>): Trial => {
  let prepared: Array<PreFilterResult<unknown>> | undefined
  /** Plugins whose state depends on other pods, by their place in `plugins`. */
  let followers: ReadonlyArray<number> = []
  const states = (): ReadonlyArray<PreFilterResult<unknown>> => {
    if (prepared !== undefined) return prepared
    const made = plugins.map((plugin) => plugin.preFilter?.(pod, snapshot) ?? {})
    followers = [...plugins.keys()].filter(
      (index) => plugins[index]!.preFilter !== undefined && plugins[index]!.sign === undefined && made[index]!.skip !== true
    )
    prepared = made
    return made
  }
  const follow = (nodeName: string, change: (plugin: Plugin, state: unknown, node: NodeState) => boolean): void => {
    const node = snapshot.nodes.get(nodeName)
    if (prepared === undefined || node === undefined) return
    for (const index of followers) {
      const plugin = plugins[index]!
      const { refusal, state } = prepared[index]!
      if (refusal !== undefined || !change(plugin, state, node)) prepared[index] = plugin.preFilter?.(pod, snapshot) ?? {}
    }
  }
  return {
    refuses: (nodeName) => {
      const node = snapshot.nodes.get(nodeName)
      if (node === undefined) return { reasons: ["node is gone"], resolvable: false }
      const all = states()
      for (const [index, plugin] of plugins.entries()) {
        const { refusal, skip, state } = all[index]!
        if (refusal !== undefined) return refusal
        const found = skip === true ? undefined : plugin.filter?.(pod, node, state)
        if (found !== undefined) return found
      }
      return undefined
    },
    removePod: (other) => {
      states()
      const nodeName = snapshot.nodeOf(other.uid) ?? ""
      snapshot.removePod(other.uid)
      follow(nodeName, (plugin, state, node) => {
        plugin.removePod?.(pod, state, other, node)
        return plugin.removePod !== undefined
      })
    },
    addPod: (other, nodeName) => {
      states()
      snapshot.addPod(other, nodeName)
      follow(nodeName, (plugin, state, node) => {
        plugin.addPod?.(pod, state, other, node)
        return plugin.addPod !== undefined
      })
    }
  }
}

/** A pod that other pods were removed for; it counts on its node for pods that are not more important. */
export interface Nominated {
  readonly info: PodInfo
  readonly nodeName: string
}

/** Filters twice: a node must do with the nominated pods there, and, for pods that like their company, without them. */
export const filterBesideNominated = (
  pod: PodInfo,
  snapshot: Snapshot,
  plugins: ReadonlyArray<Plugin>,
  nominated: ReadonlyArray<Nominated>,
  sampling?: Sampling
): Filtered => {
  const without = filterNodes(pod, snapshot, plugins, sampling)
  const ours = priorityOf(pod)
  const others = nominated.filter(
    ({ info }) => info.uid !== pod.uid && priorityOf(info) >= ours && snapshot.nodeOf(info.uid) === undefined
  )
  if (others.length === 0 || without.feasible.length === 0) return without
  const beside = snapshot.unchanged(() => {
    for (const { info, nodeName } of others) snapshot.addPod(info, nodeName)
    const filtered = filterNodes(pod, snapshot, plugins, undefined, without.feasible)
    for (const { info } of others) snapshot.removePod(info.uid)
    return filtered
  })
  if (beside.overall !== undefined) return { ...without, feasible: [], overall: beside.overall }
  for (const [name, refusal] of beside.refusals) without.refusals.set(name, refusal)
  return { feasible: beside.feasible, refusals: without.refusals }
}

/**
 * Decides where a pod goes. `random` breaks ties; the same numbers give the same decision. `nominated` are pods that wait for
 * room on a node; this one goes to its own nominated node as soon as it fits there.
 */
export const schedule = (
  pod: PodInfo,
  snapshot: Snapshot,
  plugins: ReadonlyArray<Plugin>,
  random: () => number = Math.random,
  nominated: ReadonlyArray<Nominated> = [],
  sampling?: Sampling
): Decision => {
  const filtered = filterBesideNominated(pod, snapshot, plugins, nominated, sampling)
  const { feasible } = filtered
  const own = nominated.find(({ info }) => info.uid === pod.uid)?.nodeName
  if (own !== undefined && feasible.some(({ name }) => name === own))
    return { type: "placed", nodeName: own, feasible: feasible.length }
  if (feasible.length === 0) return refuse(pod, snapshot, plugins, filtered)
  if (feasible.length === 1) return { type: "placed", nodeName: feasible[0]!.name, feasible: 1 }
  const totals = scoreNodes(pod, feasible, snapshot, plugins)
  return { type: "placed", nodeName: chooseBest(feasible, totals, random).name, feasible: feasible.length }
}
