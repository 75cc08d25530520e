/** Which pods would have to go so that a more important one fits. Pure: the snapshot is as it was afterwards. @module */
import { labelSelectorFrom, matchesLabels } from "@tsukube/api"
import type { PodDisruptionBudget } from "@tsukube/api/policy-v1"
import type { NodeState } from "./node-state.ts"
import type { Trial } from "./plugin.ts"
import type { PodInfo } from "./pod-info.ts"
import type { Snapshot } from "./snapshot.ts"

/** A node and the pods to remove from it. */
export interface Candidate {
  readonly nodeName: string
  readonly victims: ReadonlyArray<PodInfo>
  /** Victims whose disruption budget allows no disruption. */
  readonly violations: number
}

/** The priority of a pod; 0 where it has none. */
export const priorityOf = ({ pod }: PodInfo): number => pod.spec?.priority ?? 0

const startOf = ({ pod }: PodInfo): string => pod.status?.startTime ?? pod.metadata?.creationTimestamp ?? ""

const compareTexts = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

/** More important first: higher priority, then longer running; the name of equal ones only makes the answer certain. */
const byImportance = (left: PodInfo, right: PodInfo): number =>
  priorityOf(right) - priorityOf(left) || compareTexts(startOf(left), startOf(right)) || compareTexts(left.uid, right.uid)

/** Parts the pods by whether removing them, in this order, would break a budget. */
const splitByBudget = (
  pods: ReadonlyArray<PodInfo>,
  budgets: ReadonlyArray<PodDisruptionBudget>
): { readonly breaking: ReadonlyArray<PodInfo>; readonly free: ReadonlyArray<PodInfo> } => {
  const parsed = budgets.map(({ metadata, spec, status }) => ({
    namespace: metadata?.namespace,
    selector: labelSelectorFrom(spec?.selector),
    left: status?.disruptionsAllowed ?? 0
  }))
  const breaking: Array<PodInfo> = []
  const free: Array<PodInfo> = []
  for (const pod of pods) {
    let breaks = false
    for (const budget of parsed) {
      const isEmpty = budget.selector.requirements.length === 0
      if (budget.namespace !== pod.namespace || isEmpty || !matchesLabels(budget.selector, pod.labels)) continue
      budget.left--
      if (budget.left < 0) breaks = true
    }
    ;(breaks ? breaking : free).push(pod)
  }
  return { breaking, free }
}

/** The fewest and least important pods of a node that have to go; the reasons when even all of them are not enough. */
export const selectVictims = (
  pod: PodInfo,
  node: NodeState,
  snapshot: Snapshot,
  trial: Trial
): Candidate | ReadonlyArray<string> => {
  const lower = [...node.pods.values()].filter((other) => priorityOf(other) < priorityOf(pod))
  if (lower.length === 0) return ["No preemption victims found for incoming pod"]
  for (const other of lower) trial.removePod(other)
  try {
    const refusal = trial.refuses(node.name)
    if (refusal !== undefined) return refusal.reasons
    const victims: Array<PodInfo> = []
    let violations = 0
    const { breaking, free } = splitByBudget(lower.sort(byImportance), snapshot.budgets())
    for (const [index, other] of [...breaking, ...free].entries()) {
      trial.addPod(other, node.name)
      if (trial.refuses(node.name) === undefined) continue
      trial.removePod(other)
      victims.push(other)
      if (index < breaking.length) violations++
    }
    return { nodeName: node.name, victims: victims.sort(byImportance), violations }
  } finally {
    for (const other of lower) if (snapshot.nodeOf(other.uid) === undefined) trial.addPod(other, node.name)
  }
}

/** Priorities may be negative; shifted, more victims always weigh more. */
const shift = 2 ** 31

const earliestStart = ({ victims }: Candidate): string => {
  const highest = priorityOf(victims[0]!)
  return (
    victims
      .filter((victim) => priorityOf(victim) === highest)
      .map(startOf)
      .sort()[0] ?? ""
  )
}

const comparisons: ReadonlyArray<(left: Candidate, right: Candidate) => number> = [
  (left, right) => left.violations - right.violations,
  (left, right) => priorityOf(left.victims[0]!) - priorityOf(right.victims[0]!),
  (left, right) => {
    const sum = ({ victims }: Candidate): number => victims.reduce((total, victim) => total + priorityOf(victim) + shift, 0)
    return sum(left) - sum(right)
  },
  (left, right) => left.victims.length - right.victims.length,
  // Whoever started last has lost least.
  (left, right) => compareTexts(earliestStart(right), earliestStart(left))
]

/** The candidate that hurts least. */
export const chooseCandidate = (candidates: ReadonlyArray<Candidate>): Candidate | undefined => {
  const order = (left: Candidate, right: Candidate): number => {
    for (const compare of comparisons) {
      const difference = compare(left, right)
      if (difference !== 0) return difference
    }
    return 0
  }
  return candidates.find(({ victims }) => victims.length === 0) ?? [...candidates].sort(order)[0]
}
