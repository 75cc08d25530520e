/** Pods that want to be near others, or far from them. @module */
import { defaultHardAffinityWeight, type Term, type Terms, termsOf } from "../affinity-terms.ts"
import type { NodeState } from "../node-state.ts"
import { type Candidates, definePlugin, maxScore, type Plugin, type Refusal } from "../plugin.ts"
import type { PodInfo } from "../pod-info.ts"
import type { Snapshot } from "../snapshot.ts"
import type { Carrier, Tally } from "../topology.ts"

const affinityRefusal: Refusal = { reasons: ["node(s) didn't match pod affinity rules"], resolvable: false }
const antiAffinityRefusal: Refusal = { reasons: ["node(s) didn't match pod anti-affinity rules"], resolvable: true }
const existingRefusal: Refusal = { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"], resolvable: true }

/** Arguments of the plugin. */
export interface InterPodAffinityArgs {
  /** What the required affinity of a pod that runs adds to the score of a pod it likes. */
  readonly hardPodAffinityWeight?: number
  /** Preferences of pods that run count only for pods with preferences of their own. */
  readonly ignorePreferredTermsOfExistingPods?: boolean
}

interface FilterState {
  /** Pods that match all required affinity terms, by each term's topology. */
  readonly near: ReadonlyArray<Tally>
  readonly far: ReadonlyArray<Tally>
  /** The pod would match its own terms. */
  readonly matchesItself: boolean
  /** Pods whose own required anti-affinity is against this pod. */
  against: ReadonlyArray<Carrier>
  readonly refresh: () => ReadonlyArray<Carrier>
}

const tallyOf = (snapshot: Snapshot, topologyKey: string, terms: ReadonlyArray<Term>): Tally =>
  snapshot.topology.tally(`pods ${topologyKey} ${terms.map(({ signature }) => signature).join()}`, () => {
    const labelsOf = (namespace: string) => snapshot.namespaceLabels(namespace)
    return { topologyKey, countsTerminating: true, matches: (pod) => terms.every((term) => term.matches(pod, labelsOf)) }
  })

const enemiesOf = (pod: PodInfo, snapshot: Snapshot): ReadonlyArray<Carrier> =>
  snapshot.nodesWithAffinity.size === 0 ? [] : snapshot.topology.against(pod).filter(({ term }) => term.kind === "far")

const filterState = (pod: PodInfo, snapshot: Snapshot, { near, far }: Terms): FilterState => {
  const labelsOf = (namespace: string) => snapshot.namespaceLabels(namespace)
  return {
    near: near.map(({ topologyKey }) => tallyOf(snapshot, topologyKey, near)),
    far: far.map((term) => tallyOf(snapshot, term.topologyKey, [term])),
    matchesItself: near.every((term) => term.matches(pod, labelsOf)),
    against: enemiesOf(pod, snapshot),
    refresh: () => enemiesOf(pod, snapshot)
  }
}

const countAt = ({ column, pods }: Tally | Carrier, index: number): number => {
  const value = column.valueOf[index]!
  return value < 0 ? 0 : pods[value]!
}

const refusalAt = (index: number, { near, far, against, matchesItself }: FilterState): Refusal | undefined => {
  let allNear = true
  let isFirst = matchesItself
  for (const tally of near) {
    if (tally.column.valueOf[index]! < 0) return affinityRefusal
    if (countAt(tally, index) <= 0) allNear = false
    if (tally.total > 0) isFirst = false
  }
  // The first of a group may start alone.
  if (!allNear && !isFirst) return affinityRefusal
  for (const tally of far) if (countAt(tally, index) > 0) return antiAffinityRefusal
  for (const carrier of against) if (countAt(carrier, index) > 0) return existingRefusal
  return undefined
}

const filterMany = (candidates: Candidates, state: FilterState): void => {
  const { indices } = candidates
  let kept = 0
  for (let place = 0; place < candidates.size; place++) {
    const index = indices[place]!
    if (refusalAt(index, state) === undefined) indices[kept++] = index
  }
  candidates.size = kept
}

/** Counts that add to the score, with what one pod adds. */
type ScoreState = ReadonlyArray<{ readonly counts: Tally | Carrier; readonly points: number }>

const scoreState = (pod: PodInfo, snapshot: Snapshot, terms: Terms, hardWeight: number): ScoreState => {
  const wishes = (list: ReadonlyArray<Term>, sign: number) =>
    list.map((term) => ({ counts: tallyOf(snapshot, term.topologyKey, [term]), points: sign * term.weight }))
  const carried = (snapshot.nodesWithAffinity.size === 0 ? [] : snapshot.topology.against(pod))
    .filter(({ term }) => term.kind !== "far")
    .map((counts) => ({ counts, points: counts.term.kind === "near" ? hardWeight : counts.term.points }))
  return [...wishes(terms.preferNear, 1), ...wishes(terms.preferFar, -1), ...carried].filter(
    ({ counts, points }) => counts.total > 0 && points !== 0
  )
}

const scoreAt = (index: number, state: ScoreState): number => {
  let sum = 0
  for (const { counts, points } of state) sum += points * countAt(counts, index)
  return sum
}

const normalize = (scores: Array<number> | Float64Array, size: number): void => {
  let most = Number.NEGATIVE_INFINITY
  let least = Number.POSITIVE_INFINITY
  for (let place = 0; place < size; place++) {
    const score = scores[place]!
    if (score > most) most = score
    if (score < least) least = score
  }
  for (let place = 0; place < size; place++)
    scores[place] = most === least ? 0 : Math.trunc((maxScore * (scores[place]! - least)) / (most - least))
}

/** Upstream's InterPodAffinity. */
export const makeInterPodAffinity = (args: InterPodAffinityArgs = {}): Plugin => {
  const { hardPodAffinityWeight = defaultHardAffinityWeight, ignorePreferredTermsOfExistingPods = false } = args
  const refresh = (_: PodInfo, state: FilterState): void => {
    state.against = state.refresh()
  }
  return definePlugin<FilterState, ScoreState>({
    name: "InterPodAffinity",
    weight: 2,
    events: ["NodeAdded", "NodeLabelsChanged", "PodAdded", "PodChanged", "PodRemoved", "NamespaceChanged"],
    preFilter: (pod, snapshot) => {
      const terms = termsOf(pod)
      const hasTerms = terms.near.length > 0 || terms.far.length > 0
      if (!hasTerms && enemiesOf(pod, snapshot).length === 0) return { skip: true }
      return { state: filterState(pod, snapshot, terms) }
    },
    // The counts are those of the snapshot itself; only who is among them may be new.
    addPod: refresh,
    removePod: () => {},
    filter: (_, node, state) => refusalAt(node.index, state),
    filterMany: (_, candidates, state) => filterMany(candidates, state),
    preScore: (pod, _, snapshot) => {
      const terms = termsOf(pod)
      const hasWishes = terms.preferNear.length > 0 || terms.preferFar.length > 0
      if (!hasWishes && (ignorePreferredTermsOfExistingPods || snapshot.nodesWithAffinity.size === 0)) return { skip: true }
      const state = scoreState(pod, snapshot, terms, hardPodAffinityWeight)
      return state.length === 0 ? { skip: true } : { state }
    },
    score: (_, node: NodeState, state) => scoreAt(node.index, state),
    normalize: (scores) => normalize(scores, scores.length),
    scoreMany: (_, { indices, size }, state, scores) => {
      for (let place = 0; place < size; place++) scores[place] = scoreAt(indices[place]!, state)
      normalize(scores, size)
    }
  })
}

/** The plugin without arguments. */
export const interPodAffinity: Plugin = makeInterPodAffinity()
