/** The cycle for many pods: pods that are alike share a ranking of the nodes, and only what changed is looked at again. @module */
import { type Decision, type Nominated, type Sampling, schedule, scoreNodes } from "./cycle.ts"
import type { NodeState } from "./node-state.ts"
import type { Candidates, Plugin, PreFilterResult } from "./plugin.ts"
import type { PodInfo } from "./pod-info.ts"
import { priorityOf } from "./preemption.ts"
import { nodeAt, Ranking } from "./ranking.ts"
import type { Snapshot } from "./snapshot.ts"

/** Rankings of this many nodes in all are kept; the one not used for longest goes first. */
const rankedNodeLimit = 4_000_000
const nothing: Candidates = { indices: new Int32Array(0), size: 0 }

interface Prepared {
  readonly plugin: Plugin
  readonly state: unknown
}

/** What the plugins say about a pod before any node is looked at. */
interface Preparation {
  /** Equal for pods that share a ranking. */
  readonly key: string
  /** Plugins whose part is in the ranking. */
  readonly shared: ReadonlyArray<Plugin>
  /** Filters that look beyond the node, and have something to say. */
  readonly filters: ReadonlyArray<Prepared>
  readonly scorers: ReadonlyArray<Plugin>
  /** The only nodes that come into question. */
  readonly names: ReadonlySet<string> | undefined
}

const intersect = (left: ReadonlySet<string> | undefined, right: ReadonlySet<string>): ReadonlySet<string> =>
  left === undefined ? right : new Set([...left].filter((name) => right.has(name)))

const isSilent = (plugin: Plugin, pod: PodInfo, snapshot: Snapshot): boolean =>
  plugin.scoreMany !== undefined &&
  (plugin.preScoreMany?.(pod, nothing, snapshot) ?? plugin.preScore?.(pod, [], snapshot))?.skip === true

/** Undefined when a plugin refused the pod. */
const prepare = (pod: PodInfo, snapshot: Snapshot, plugins: ReadonlyArray<Plugin>): Preparation | undefined => {
  let key = ""
  const shared: Array<Plugin> = []
  const filters: Array<Prepared> = []
  const scorers: Array<Plugin> = []
  let names: ReadonlySet<string> | undefined
  for (const plugin of plugins) {
    const result: PreFilterResult<unknown> | undefined = plugin.preFilter?.(pod, snapshot)
    if (result?.refusal !== undefined) return undefined
    if (result?.nodes !== undefined) names = intersect(names, result.nodes)
    if (plugin.filter === undefined && plugin.score === undefined) continue
    const signature = plugin.sign?.(pod)
    if (signature !== undefined) {
      key += `${signature}\n${plugin.signCluster?.(pod, snapshot) ?? ""}\n`
      shared.push(plugin)
      continue
    }
    if (plugin.filter !== undefined && result?.skip !== true) filters.push({ plugin, state: result?.state })
    if (plugin.score !== undefined && !isSilent(plugin, pod, snapshot)) scorers.push(plugin)
  }
  return { key, shared, filters, scorers, names }
}

const keepPassing = (pod: PodInfo, snapshot: Snapshot, candidates: Candidates, filters: ReadonlyArray<Prepared>): void => {
  for (const { plugin, state } of filters) {
    if (plugin.filterMany !== undefined) {
      plugin.filterMany(pod, candidates, state)
      continue
    }
    const { indices } = candidates
    let kept = 0
    for (let place = 0; place < candidates.size; place++) {
      const index = indices[place]!
      if (plugin.filter!(pod, nodeAt(snapshot, index), state) === undefined) indices[kept++] = index
    }
    candidates.size = kept
  }
}

const addScores = (
  pod: PodInfo,
  snapshot: Snapshot,
  candidates: Candidates,
  scorers: ReadonlyArray<Plugin>,
  totals: Float64Array
): void => {
  const { indices, size } = candidates
  let nodes: ReadonlyArray<NodeState> | undefined
  for (const plugin of scorers) {
    if (plugin.scoreMany !== undefined) {
      const prepared = (plugin.preScoreMany ?? ((each, _, snap) => plugin.preScore?.(each, [], snap)))(pod, candidates, snapshot)
      if (prepared?.skip === true) continue
      const scores = new Float64Array(size)
      plugin.scoreMany(pod, candidates, prepared?.state, scores)
      const weight = plugin.weight ?? 1
      for (let place = 0; place < size; place++) totals[place] = totals[place]! + weight * scores[place]!
      continue
    }
    nodes ??= Array.from(indices.subarray(0, size), (index) => nodeAt(snapshot, index))
    const scores = scoreNodes(pod, nodes, snapshot, [plugin])
    for (let place = 0; place < size; place++) totals[place] = totals[place]! + scores[place]!
  }
}

const pickBest = (totals: Float64Array, random: () => number): number => {
  let best = 0
  let ties = 1
  for (let place = 1; place < totals.length; place++) {
    if (totals[place]! > totals[best]!) {
      best = place
      ties = 1
    } else if (totals[place] === totals[best]) ties++
  }
  let left = ties === 1 ? 0 : Math.min(ties - 1, Math.floor(random() * ties))
  for (let place = best; left > 0; ) {
    place++
    if (totals[place] !== totals[best]) continue
    left--
    if (left === 0) return place
  }
  return best
}

interface Remembered {
  readonly version: number
  readonly decision: Decision
}

/** Nodes that fit, with their scores; for explanations and tests. */
export interface Ranked {
  readonly nodes: ReadonlyArray<NodeState>
  readonly totals: Float64Array
}

/** Decides like `schedule`, faster; it belongs to one snapshot and one list of plugins. */
export class Engine {
  readonly #snapshot: Snapshot
  readonly #plugins: ReadonlyArray<Plugin>
  readonly #sampling: Sampling | undefined
  readonly #rankings = new Map<string, Ranking>()
  readonly #refused = new Map<string, Remembered>()

  constructor(snapshot: Snapshot, plugins: ReadonlyArray<Plugin>, sampling?: Sampling) {
    this.#snapshot = snapshot
    this.#plugins = plugins
    this.#sampling = sampling
  }

  /** Decides where a pod goes; `schedule` says what the arguments are. */
  schedule(pod: PodInfo, random: () => number = Math.random, nominated: ReadonlyArray<Nominated> = []): Decision {
    const slowly = () => schedule(pod, this.#snapshot, this.#plugins, random, nominated, this.#sampling)
    if (this.#sampling !== undefined) return slowly()
    const preparation = prepare(pod, this.#snapshot, this.#plugins)
    if (preparation === undefined) return slowly()
    const own = nominated.find(({ info }) => info.uid === pod.uid)?.nodeName
    const ours = priorityOf(pod)
    const others =
      nominated.length === 0 ? nominated : nominated.filter(({ info }) => info.uid !== pod.uid && priorityOf(info) >= ours)
    const { filters, scorers, names } = preparation
    if (own !== undefined) {
      if (names !== undefined || others.some(({ nodeName }) => nodeName === own)) return slowly()
      const placed = this.#amongFew(pod, preparation, new Set([own]), random)
      if (placed !== undefined) return others.some(({ info }) => info.hasPodAffinity) || filters.length > 0 ? slowly() : placed
    }
    if (names !== undefined)
      return (others.length === 0 ? this.#amongFew(pod, preparation, names, random) : undefined) ?? slowly()
    if (others.length > 0 && (filters.length > 0 || others.some(({ info }) => info.hasPodAffinity))) return slowly()
    const ranking = this.#ranking(pod, preparation)
    if (ranking.fitting === 0) return this.#refuse(pod, preparation, nominated, slowly)
    if (filters.length === 0 && scorers.length === 0 && (others.length === 0 || ranking.isEven))
      return this.#best(pod, ranking, others, random) ?? slowly()
    const barred = this.#barred(pod, ranking, others)
    return this.#amongMany(pod, preparation, ranking, barred, random) ?? slowly()
  }

  /** The nodes that fit and their scores, where the fast way can tell. */
  rank(pod: PodInfo): Ranked | undefined {
    const preparation = prepare(pod, this.#snapshot, this.#plugins)
    if (preparation === undefined || preparation.names !== undefined) return undefined
    const ranking = this.#ranking(pod, preparation)
    const { candidates, totals } = this.#scored(pod, preparation, ranking, [])
    const nodes = Array.from(candidates.indices.subarray(0, candidates.size), (index) => nodeAt(this.#snapshot, index))
    return { nodes, totals }
  }

  #ranking(pod: PodInfo, { key, shared }: Preparation): Ranking {
    let ranking = this.#rankings.get(key)
    if (ranking !== undefined) this.#rankings.delete(key)
    else {
      const limit = Math.max(4, Math.floor(rankedNodeLimit / Math.max(1, this.#snapshot.rows.length)))
      while (this.#rankings.size >= Math.min(limit, 1000)) this.#rankings.delete(this.#rankings.keys().next().value ?? "")
      ranking = new Ranking(pod, this.#snapshot, shared)
    }
    this.#rankings.set(key, ranking)
    ranking.refresh()
    return ranking
  }

  /** The best node of the ranking; of the nodes kept for other pods only those are looked at that would be it. */
  #best(pod: PodInfo, ranking: Ranking, others: ReadonlyArray<Nominated>, random: () => number): Decision | undefined {
    const barred: Array<number> = []
    for (;;) {
      const index = ranking.best(random, barred)
      if (index === undefined) return undefined
      const { name } = nodeAt(this.#snapshot, index)
      const there = this.#waitingFor(name, others)
      if (there.length === 0 || this.#barred(pod, ranking, there).length === 0)
        return { type: "placed", nodeName: name, feasible: ranking.fitting - barred.length }
      barred.push(index)
    }
  }

  #waitingFor(name: string, others: ReadonlyArray<Nominated>): ReadonlyArray<Nominated> {
    return others.filter(({ nodeName, info }) => nodeName === name && this.#snapshot.nodeOf(info.uid) === undefined)
  }

  /** Nodes that have no room for the pod beside the pods nominated to them. */
  #barred(pod: PodInfo, ranking: Ranking, others: ReadonlyArray<Nominated>): ReadonlyArray<number> {
    const barred: Array<number> = []
    if (others.length === 0) return barred
    const filters = this.#plugins.flatMap((plugin) => {
      if (plugin.filter === undefined || plugin.sign === undefined) return []
      const prepared = plugin.preFilter?.(pod, this.#snapshot)
      return prepared?.skip === true ? [] : [{ plugin, state: prepared?.state }]
    })
    for (const name of new Set(others.map(({ nodeName }) => nodeName))) {
      const node = this.#snapshot.nodes.get(name)
      if (node === undefined || !ranking.fits(node.index)) continue
      const there = this.#waitingFor(name, others)
      if (there.length === 0) continue
      const uids = there.map(({ info }) => info.uid).join()
      const known = ranking.barred.get(node.index)
      if (known?.revision === node.revision && known.uids === uids) {
        if (known.isBarred) barred.push(node.index)
        continue
      }
      const isBarred = this.#snapshot.unchanged(() => {
        for (const { info } of there) this.#snapshot.addPod(info, name)
        const refused = filters.some(({ plugin, state }) => plugin.filter!(pod, node, state) !== undefined)
        for (const { info } of there) this.#snapshot.removePod(info.uid)
        return refused
      })
      ranking.barred.set(node.index, { revision: node.revision, uids, isBarred })
      if (isBarred) barred.push(node.index)
    }
    return barred
  }

  #scored(
    pod: PodInfo,
    { filters, scorers }: Preparation,
    ranking: Ranking,
    barred: ReadonlyArray<number>
  ): { readonly candidates: Candidates; readonly totals: Float64Array } {
    const indices = ranking.candidates()
    const candidates: Candidates = { indices, size: indices.length }
    if (barred.length > 0) {
      const kept = indices.filter((index) => !barred.includes(index))
      indices.set(kept)
      candidates.size = kept.length
    }
    keepPassing(pod, this.#snapshot, candidates, filters)
    const totals = new Float64Array(candidates.size)
    if (candidates.size > 0) {
      ranking.score(candidates.indices, candidates.size, totals)
      addScores(pod, this.#snapshot, candidates, scorers, totals)
    }
    return { candidates, totals }
  }

  #amongMany(
    pod: PodInfo,
    preparation: Preparation,
    ranking: Ranking,
    barred: ReadonlyArray<number>,
    random: () => number
  ): Decision | undefined {
    const { candidates, totals } = this.#scored(pod, preparation, ranking, barred)
    if (candidates.size === 0) return undefined
    const index = candidates.indices[pickBest(totals, random)]!
    return { type: "placed", nodeName: nodeAt(this.#snapshot, index).name, feasible: candidates.size }
  }

  /** A pod that may go to few nodes only asks the plugins about those, and needs no ranking. */
  #amongFew(
    pod: PodInfo,
    { filters, shared }: Preparation,
    names: ReadonlySet<string>,
    random: () => number
  ): Decision | undefined {
    const local = shared.flatMap((plugin) => {
      const prepared = plugin.preFilter?.(pod, this.#snapshot)
      return plugin.filter === undefined || prepared?.skip === true ? [] : [{ plugin, state: prepared?.state }]
    })
    const all = [...local, ...filters]
    const feasible: Array<NodeState> = []
    for (const name of names) {
      const node = this.#snapshot.nodes.get(name)
      if (node !== undefined && all.every(({ plugin, state }) => plugin.filter!(pod, node, state) === undefined))
        feasible.push(node)
    }
    if (feasible.length === 0) return undefined
    const totals = feasible.length === 1 ? [0] : scoreNodes(pod, feasible, this.#snapshot, this.#plugins)
    const best = feasible[pickBest(Float64Array.from(totals), random)]!
    return { type: "placed", nodeName: best.name, feasible: feasible.length }
  }

  /** Pods that are alike are refused alike as long as nothing changes. */
  #refuse(pod: PodInfo, { key, filters }: Preparation, nominated: ReadonlyArray<Nominated>, slowly: () => Decision): Decision {
    if (nominated.length > 0 || filters.length > 0) return slowly()
    const { spec, status } = pod.pod
    const alike = `${key}${priorityOf(pod)} ${spec?.preemptionPolicy} ${status?.nominatedNodeName}`
    const remembered = this.#refused.get(alike)
    const { version } = this.#snapshot
    if (remembered?.version === version) return remembered.decision
    const decision = slowly()
    if (this.#refused.size > 1000) this.#refused.clear()
    if (this.#snapshot.version === version) this.#refused.set(alike, { version, decision })
    return decision
  }
}
