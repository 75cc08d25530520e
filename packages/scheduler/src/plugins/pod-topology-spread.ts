/** Spreads pods that match a selector over zones, hosts or any other topology. @module */
import { isTolerated, labelSelectorFrom, matchesLabels, matchesRequiredAffinity } from "@tsukube/api"
import type { TopologySpreadConstraint } from "@tsukube/api/core-v1"
import type { NodeState } from "../node-state.ts"
import { definePlugin, maxScore, type Plugin, type Refusal } from "../plugin.ts"
import type { PodInfo } from "../pod-info.ts"
import type { Snapshot } from "../snapshot.ts"
import type { Tally } from "../topology.ts"

const missingLabel: Refusal = {
  reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"],
  resolvable: false
}
const skewed: Refusal = { reasons: ["node(s) didn't match pod topology spread constraints"], resolvable: true }

/** A constraint without a selector of its own, as the plugin's arguments hold it. */
export type DefaultConstraint = Pick<TopologySpreadConstraint, "maxSkew" | "topologyKey" | "whenUnsatisfiable">

/** Arguments of the plugin. */
export interface PodTopologySpreadArgs {
  /** `System` spreads pods of one Service or controller a little over hosts and zones; `List` uses `defaultConstraints`. */
  readonly defaultingType?: "List" | "System"
  readonly defaultConstraints?: ReadonlyArray<DefaultConstraint>
}

const systemConstraints: ReadonlyArray<DefaultConstraint> = [
  { topologyKey: "kubernetes.io/hostname", maxSkew: 3, whenUnsatisfiable: "ScheduleAnyway" },
  { topologyKey: "topology.kubernetes.io/zone", maxSkew: 5, whenUnsatisfiable: "ScheduleAnyway" }
]

interface Constraint {
  readonly key: string
  readonly maxSkew: number
  readonly minDomains: number
  readonly honourAffinity: boolean
  readonly honourTaints: boolean
  /** Equal for equal selectors. */
  readonly signature: string
  readonly matches: (labels: Readonly<Record<string, string>>) => boolean
}

const parse = (constraint: TopologySpreadConstraint, pod: PodInfo): Constraint => {
  const { labelSelector, matchLabelKeys = [] } = constraint
  const own = matchLabelKeys.flatMap((key) => {
    const value = pod.labels[key]
    return value === undefined ? [] : [{ key, operator: "In", values: [value] }]
  })
  const whole =
    labelSelector === undefined
      ? undefined
      : { ...labelSelector, matchExpressions: [...(labelSelector.matchExpressions ?? []), ...own] }
  const selector = whole === undefined ? undefined : labelSelectorFrom(whole)
  return {
    key: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    honourAffinity: (constraint.nodeAffinityPolicy ?? "Honor") === "Honor",
    honourTaints: constraint.nodeTaintsPolicy === "Honor",
    signature: JSON.stringify(whole ?? null),
    matches: (labels) => selector !== undefined && matchesLabels(selector, labels)
  }
}

/** What constraints are for a pod: its own, or those of its group when it says nothing itself. */
const constraintsOf = (
  pod: PodInfo,
  whenUnsatisfiable: string,
  snapshot: Snapshot,
  defaults: ReadonlyArray<DefaultConstraint>
): ReadonlyArray<Constraint> => {
  const own = pod.pod.spec?.topologySpreadConstraints ?? []
  if (own.length > 0) return own.filter((each) => each.whenUnsatisfiable === whenUnsatisfiable).map((each) => parse(each, pod))
  const wanted = defaults.filter((each) => each.whenUnsatisfiable === whenUnsatisfiable)
  const group = wanted.length === 0 ? undefined : snapshot.groupOf(pod)
  if (group === undefined) return []
  const common = { minDomains: 1, honourAffinity: true, honourTaints: false, ...group }
  return wanted.map(({ topologyKey, maxSkew }) => ({ ...common, key: topologyKey, maxSkew }))
}

/** Nodes the pod could not use anyway do not count as places it should be spread over. */
const counts = ({ honourAffinity, honourTaints }: Constraint, { pod }: PodInfo, node: NodeState): boolean => {
  if (honourAffinity && !matchesRequiredAffinity(pod, node)) return false
  if (!honourTaints) return true
  return (node.node.spec?.taints ?? []).every(
    (taint) => taint.effect === "PreferNoSchedule" || isTolerated(pod.spec?.tolerations, taint)
  )
}

const tallyOf = (pod: PodInfo, constraint: Constraint, snapshot: Snapshot, keys: ReadonlyArray<string>): Tally => {
  const { spec } = pod.pod
  const nodes = [
    constraint.honourAffinity
      ? [spec?.nodeSelector, spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution]
      : null,
    constraint.honourTaints ? (spec?.tolerations ?? []) : null,
    keys
  ]
  const signature = `spread ${pod.namespace} ${constraint.key} ${constraint.signature}${JSON.stringify(nodes)}`
  return snapshot.topology.tally(signature, () => ({
    topologyKey: constraint.key,
    countsTerminating: false,
    matches: ({ namespace, labels }) => namespace === pod.namespace && constraint.matches(labels),
    counts: (node) => keys.every((key) => node.labels[key] !== undefined) && counts(constraint, pod, node)
  }))
}

interface Hard {
  readonly constraint: Constraint
  readonly tally: Tally
  readonly self: number
  /** The most matching pods a domain may have now, so that one more is not too many. */
  limit: number
}

/** Domains that do not exist yet count as empty ones. */
const limitOf = ({ maxSkew, minDomains }: Constraint, tally: Tally, self: number): number => {
  const { least, domains } = tally.least()
  return maxSkew + (domains < minDomains ? 0 : least) - self
}

const filterState = (pod: PodInfo, snapshot: Snapshot, constraints: ReadonlyArray<Constraint>): ReadonlyArray<Hard> => {
  const keys = constraints.map(({ key }) => key)
  return constraints.map((constraint) => {
    const tally = tallyOf(pod, constraint, snapshot, keys)
    const self = constraint.matches(pod.labels) ? 1 : 0
    return { constraint, tally, self, limit: limitOf(constraint, tally, self) }
  })
}

const refusalAt = (index: number, state: ReadonlyArray<Hard>): Refusal | undefined => {
  for (const { tally, limit } of state) {
    const value = tally.column.valueOf[index]!
    if (value < 0) return missingLabel
    // A node that does not count belongs to no domain, as upstream has it.
    if (tally.pods[value]! > limit) return skewed
  }
  return undefined
}

interface ScoreState {
  readonly constraints: ReadonlyArray<{ readonly tally: Tally; readonly maxSkew: number; readonly weight: number }>
  /** True when nodes without all topology keys get nothing. */
  readonly needsAllKeys: boolean
}

const scoreState = (
  pod: PodInfo,
  snapshot: Snapshot,
  constraints: ReadonlyArray<Constraint>,
  needsAllKeys: boolean,
  indices: Int32Array,
  size: number
): ScoreState => {
  const keys = needsAllKeys ? constraints.map(({ key }) => key) : []
  const tallies = constraints.map((constraint) => tallyOf(pod, constraint, snapshot, keys))
  const seen = tallies.map(({ column }) => new Uint8Array(column.size))
  const distinct = new Int32Array(tallies.length)
  nodes: for (let place = 0; place < size; place++) {
    const index = indices[place]!
    if (needsAllKeys) for (const { column } of tallies) if (column.valueOf[index]! < 0) continue nodes
    for (let which = 0; which < tallies.length; which++) {
      const value = tallies[which]!.column.valueOf[index]!
      if (value < 0 || seen[which]![value] === 1) continue
      seen[which]![value] = 1
      distinct[which]!++
    }
  }
  return {
    needsAllKeys,
    // More domains mean smaller counts in each: the weight keeps constraints of unlike size comparable.
    constraints: constraints.map(({ maxSkew }, which) => ({
      tally: tallies[which]!,
      maxSkew,
      weight: Math.log(distinct[which]! + 2)
    }))
  }
}

/** NaN for a node that gets nothing. */
const scoreAt = (index: number, { constraints, needsAllKeys }: ScoreState): number => {
  let sum = 0
  for (const { tally, maxSkew, weight } of constraints) {
    const value = tally.column.valueOf[index]!
    if (value >= 0) sum += tally.pods[value]! * weight + maxSkew - 1
    else if (needsAllKeys) return Number.NaN
  }
  return Math.round(sum)
}

const normalize = (scores: Array<number> | Float64Array, size: number): void => {
  let most = 0
  let least = Number.POSITIVE_INFINITY
  for (let place = 0; place < size; place++) {
    const score = scores[place]!
    if (score > most) most = score
    if (score < least) least = score
  }
  for (let place = 0; place < size; place++) {
    const score = scores[place]!
    if (Number.isNaN(score)) scores[place] = 0
    else scores[place] = most === 0 ? maxScore : Math.trunc((maxScore * (most + least - score)) / most)
  }
}

const indicesOf = (nodes: ReadonlyArray<NodeState>): Int32Array => Int32Array.from(nodes, ({ index }) => index)

/** Upstream's PodTopologySpread. */
export const makePodTopologySpread = (args: PodTopologySpreadArgs = {}): Plugin => {
  const defaults = args.defaultingType === "List" ? (args.defaultConstraints ?? []) : systemConstraints
  const renew = (_: PodInfo, state: ReadonlyArray<Hard>): void => {
    for (const each of state) each.limit = limitOf(each.constraint, each.tally, each.self)
  }
  const prepare = (pod: PodInfo, snapshot: Snapshot, indices: Int32Array, size: number): ScoreState | undefined => {
    const soft = constraintsOf(pod, "ScheduleAnyway", snapshot, defaults)
    if (soft.length === 0) return undefined
    const isOwn = (pod.pod.spec?.topologySpreadConstraints ?? []).length > 0
    return scoreState(pod, snapshot, soft, isOwn || args.defaultingType === "List", indices, size)
  }
  return definePlugin<ReadonlyArray<Hard>, ScoreState>({
    name: "PodTopologySpread",
    weight: 2,
    events: ["NodeAdded", "NodeLabelsChanged", "NodeTaintsChanged", "PodAdded", "PodChanged", "PodRemoved"],
    preFilter: (pod, snapshot) => {
      const constraints = constraintsOf(pod, "DoNotSchedule", snapshot, defaults)
      return constraints.length === 0 ? { skip: true } : { state: filterState(pod, snapshot, constraints) }
    },
    addPod: renew,
    removePod: renew,
    filter: (_, node, state) => refusalAt(node.index, state),
    filterMany: (_, candidates, state) => {
      const { indices } = candidates
      let kept = 0
      for (let place = 0; place < candidates.size; place++) {
        const index = indices[place]!
        if (refusalAt(index, state) === undefined) indices[kept++] = index
      }
      candidates.size = kept
    },
    preScore: (pod, nodes, snapshot) => {
      const state = prepare(pod, snapshot, indicesOf(nodes), nodes.length)
      return state === undefined ? { skip: true } : { state }
    },
    score: (_, node, state) => scoreAt(node.index, state),
    normalize: (scores) => normalize(scores, scores.length),
    preScoreMany: (pod, { indices, size }, snapshot) => {
      const state = prepare(pod, snapshot, indices, size)
      return state === undefined ? { skip: true } : { state }
    },
    scoreMany: (_, { indices, size }, state, scores) => {
      for (let place = 0; place < size; place++) scores[place] = scoreAt(indices[place]!, state)
      normalize(scores, size)
    }
  })
}

/** The plugin without arguments. */
export const podTopologySpread: Plugin = makePodTopologySpread()
