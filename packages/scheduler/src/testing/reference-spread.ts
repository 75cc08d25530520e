/** PodTopologySpread the slow and obvious way: every pod is counted for every pod. The tests compare with it. @module */
import { isTolerated, labelSelectorFrom, matchesLabels, matchesRequiredAffinity } from "@tsukube/api"
import type { TopologySpreadConstraint } from "@tsukube/api/core-v1"
import type { NodeState } from "../node-state.ts"
import { definePlugin, maxScore, type Plugin, type Refusal } from "../plugin.ts"
import type { PodInfo } from "../pod-info.ts"
import type { Snapshot } from "../snapshot.ts"

const missingLabel: Refusal = {
  reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"],
  resolvable: false
}
const skewed: Refusal = { reasons: ["node(s) didn't match pod topology spread constraints"], resolvable: true }

interface Constraint {
  readonly key: string
  readonly maxSkew: number
  readonly minDomains: number
  readonly honourAffinity: boolean
  readonly honourTaints: boolean
  readonly matches: (labels: Readonly<Record<string, string>>) => boolean
}

const parse = (constraint: TopologySpreadConstraint, pod: PodInfo): Constraint => {
  const { labelSelector, matchLabelKeys = [] } = constraint
  const own = matchLabelKeys.flatMap((key) => {
    const value = pod.labels[key]
    return value === undefined ? [] : [{ key, operator: "In", values: [value] }]
  })
  const selector =
    labelSelector === undefined
      ? undefined
      : labelSelectorFrom({ ...labelSelector, matchExpressions: [...(labelSelector.matchExpressions ?? []), ...own] })
  return {
    key: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    honourAffinity: (constraint.nodeAffinityPolicy ?? "Honor") === "Honor",
    honourTaints: constraint.nodeTaintsPolicy === "Honor",
    matches: (labels) => selector !== undefined && matchesLabels(selector, labels)
  }
}

const constraintsOf = (pod: PodInfo, whenUnsatisfiable: string): ReadonlyArray<Constraint> =>
  (pod.pod.spec?.topologySpreadConstraints ?? [])
    .filter((constraint) => constraint.whenUnsatisfiable === whenUnsatisfiable)
    .map((constraint) => parse(constraint, pod))

/** Nodes the pod could not use anyway do not count as places it should be spread over. */
const counts = ({ honourAffinity, honourTaints }: Constraint, { pod }: PodInfo, node: NodeState): boolean => {
  if (honourAffinity && !matchesRequiredAffinity(pod, node)) return false
  if (!honourTaints) return true
  return (node.node.spec?.taints ?? []).every(
    (taint) => taint.effect === "PreferNoSchedule" || isTolerated(pod.spec?.tolerations, taint)
  )
}

const matchingOn = (node: NodeState, constraint: Constraint, namespace: string): number => {
  let found = 0
  for (const other of node.pods.values()) {
    const going = other.pod.metadata?.deletionTimestamp !== undefined
    if (!going && other.namespace === namespace && constraint.matches(other.labels)) found++
  }
  return found
}

const hasAllKeys = (node: NodeState, constraints: ReadonlyArray<Constraint>): boolean =>
  constraints.every(({ key }) => node.labels[key] !== undefined)

/** Matching pods by domain, for each constraint. */
type Domains = ReadonlyArray<Map<string, number>>

const countDomains = (
  pod: PodInfo,
  constraints: ReadonlyArray<Constraint>,
  nodes: Iterable<NodeState>,
  needsAllKeys = true
): Domains => {
  const domains = constraints.map(() => new Map<string, number>())
  for (const node of nodes) {
    if (needsAllKeys && !hasAllKeys(node, constraints)) continue
    constraints.forEach((constraint, index) => {
      const value = node.labels[constraint.key]
      if (value === undefined || !counts(constraint, pod, node)) return
      const domain = domains[index]!
      domain.set(value, (domain.get(value) ?? 0) + matchingOn(node, constraint, pod.namespace))
    })
  }
  return domains
}

interface FilterState {
  readonly constraints: ReadonlyArray<Constraint>
  readonly domains: Domains
  readonly least: ReadonlyArray<number>
}

const filterState = (pod: PodInfo, snapshot: Snapshot, constraints: ReadonlyArray<Constraint>): FilterState => {
  const domains = countDomains(pod, constraints, snapshot.nodes.values())
  const least = constraints.map(({ minDomains }, index) => {
    const domain = domains[index]!
    // Domains that do not exist yet count as empty ones.
    return domain.size < minDomains || domain.size === 0 ? 0 : Math.min(...domain.values())
  })
  return { constraints, domains, least }
}

interface ScoreState {
  readonly constraints: ReadonlyArray<Constraint>
  readonly domains: Domains
  readonly weights: ReadonlyArray<number>
  readonly ignored: ReadonlySet<string>
}

const scoreState = (
  pod: PodInfo,
  nodes: ReadonlyArray<NodeState>,
  snapshot: Snapshot,
  constraints: ReadonlyArray<Constraint>,
  needsAllKeys: boolean
): ScoreState => {
  const usable = needsAllKeys ? nodes.filter((node) => hasAllKeys(node, constraints)) : nodes
  const used = new Set(usable)
  const ignored = new Set(nodes.filter((node) => !used.has(node)).map(({ name }) => name))
  const all = countDomains(pod, constraints, snapshot.nodes.values(), needsAllKeys)
  // More domains mean smaller counts in each: the weight keeps constraints of unlike size comparable.
  const weights = constraints.map(({ key }) => Math.log(new Set(usable.flatMap(({ labels }) => labels[key] ?? [])).size + 2))
  return { constraints, domains: all, weights, ignored }
}

/** Pods of one Service or controller are spread a little, over hosts and zones, when they say nothing themselves. */
const defaultConstraints = (pod: PodInfo, snapshot: Snapshot): ReadonlyArray<Constraint> => {
  if ((pod.pod.spec?.topologySpreadConstraints ?? []).length > 0) return []
  const group = snapshot.groupOf(pod)
  if (group === undefined) return []
  const common = { minDomains: 1, honourAffinity: true, honourTaints: false, matches: group.matches }
  return [
    { ...common, key: "kubernetes.io/hostname", maxSkew: 3 },
    { ...common, key: "topology.kubernetes.io/zone", maxSkew: 5 }
  ]
}

/** What PodTopologySpread must agree with. */
export const referenceSpread: Plugin = definePlugin<FilterState, ScoreState>({
  name: "PodTopologySpread",
  weight: 2,
  events: ["NodeAdded", "NodeLabelsChanged", "NodeTaintsChanged", "PodAdded", "PodChanged", "PodRemoved"],
  preFilter: (pod, snapshot) => {
    const constraints = constraintsOf(pod, "DoNotSchedule")
    return constraints.length === 0 ? { skip: true } : { state: filterState(pod, snapshot, constraints) }
  },
  filter: (pod, node, { constraints, domains, least }) => {
    for (const [index, constraint] of constraints.entries()) {
      const value = node.labels[constraint.key]
      if (value === undefined) return missingLabel
      const self = constraint.matches(pod.labels) ? 1 : 0
      if ((domains[index]!.get(value) ?? 0) + self - least[index]! > constraint.maxSkew) return skewed
    }
    return undefined
  },
  preScore: (pod, nodes, snapshot) => {
    const constraints = constraintsOf(pod, "ScheduleAnyway")
    if (constraints.length > 0) return { state: scoreState(pod, nodes, snapshot, constraints, true) }
    const defaults = defaultConstraints(pod, snapshot)
    return defaults.length === 0 ? { skip: true } : { state: scoreState(pod, nodes, snapshot, defaults, false) }
  },
  score: (_, node, { constraints, domains, weights, ignored }) => {
    if (ignored.has(node.name)) return Number.NaN
    const sum = constraints.reduce((total, { key, maxSkew }, index) => {
      const value = node.labels[key]
      return value === undefined ? total : total + (domains[index]!.get(value) ?? 0) * weights[index]! + maxSkew - 1
    }, 0)
    return Math.round(sum)
  },
  normalize: (scores) => {
    const real = scores.filter((score) => !Number.isNaN(score))
    const most = Math.max(0, ...real)
    const least = real.length === 0 ? 0 : Math.min(...real)
    for (let index = 0; index < scores.length; index++) {
      const score = scores[index]!
      if (Number.isNaN(score)) scores[index] = 0
      else scores[index] = most === 0 ? maxScore : Math.trunc((maxScore * (most + least - score)) / most)
    }
  }
})
