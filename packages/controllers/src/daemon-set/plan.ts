/** Which nodes need a pod and which pods have to go, updates aside. Pure. @module */
import type { Pod } from "@tsukube/api/core-v1"
import { isDeleting } from "../object.ts"
import { isReady } from "../pod-state.ts"
import type { Eligibility } from "./eligibility.ts"
import { limitsOf } from "./limits.ts"
import { bySeniority, isAvailable, isCurrent, type Situation } from "./situation.ts"

/** What to do. */
export interface Plan {
  /** Nodes to make a pod for. */
  readonly create: ReadonlyArray<string>
  readonly remove: ReadonlyArray<Pod>
  /** Pods that ended on a node where they should run; they go, too, but failed ones not over and over. */
  readonly ended: ReadonlyArray<{ readonly pod: Pod; readonly node: string }>
}

/** Pods beyond the one that a node should have, or the two while the new one takes over from the old. */
const excessOf = (situation: Situation, running: ReadonlyArray<Pod>): ReadonlyArray<Pod> => {
  if (running.length <= 1) return []
  const pods = [...running].sort(bySeniority)
  if (limitsOf(situation).surge === 0) return pods.slice(1)
  const oldest = pods.find((pod) => !isCurrent(situation, pod))
  const newest = pods.find((pod) => isCurrent(situation, pod))
  const excess = pods.filter((pod) => pod !== oldest && pod !== newest)
  if (oldest !== undefined && newest !== undefined && (!isReady(oldest) || isAvailable(situation, newest))) excess.push(oldest)
  return excess
}

const planNode = (situation: Situation, { node, shouldRun, mayStay }: Eligibility): Plan => {
  const pods = situation.podsByNode.get(node)
  if (pods === undefined) return { create: shouldRun ? [node] : [], remove: [], ended: [] }
  const staying = pods.filter((pod) => !isDeleting(pod))
  if (!mayStay) return { create: [], remove: staying, ended: [] }
  const isEnded = ({ status }: Pod): boolean => status?.phase === "Failed" || status?.phase === "Succeeded"
  return {
    create: [],
    remove: excessOf(
      situation,
      staying.filter((pod) => !isEnded(pod))
    ),
    ended: staying.filter(isEnded).map((pod) => ({ pod, node }))
  }
}

/** Looks at every node, and at pods meant for nodes that are gone: no scheduler will ever place those. */
export const plan = (situation: Situation): Plan => {
  const plans = situation.nodes.map((node) => planNode(situation, node))
  const known = new Set(situation.nodes.map(({ node }) => node))
  const lost = [...situation.podsByNode].flatMap(([node, pods]) =>
    known.has(node) ? [] : pods.filter((pod) => !pod.spec?.nodeName && !isDeleting(pod))
  )
  return {
    create: plans.flatMap(({ create }) => create),
    remove: [...plans.flatMap(({ remove }) => remove), ...lost],
    ended: plans.flatMap(({ ended }) => ended)
  }
}
