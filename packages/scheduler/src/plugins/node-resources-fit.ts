/** A pod needs room on its node; the emptier node is preferred (LeastAllocated). @module */
import { definePlugin, maxScore, type Plugin, type Refusal } from "../plugin.ts"
import type { Resources } from "../resources.ts"
import type { NodeState, PodInfo } from "../snapshot.ts"

interface Shortage {
  readonly reason: string
  /** Removing pods can help only where the node would be large enough when empty. */
  readonly resolvable: boolean
}

const shortageOf = (name: string, wanted: number, used: number, allocatable: number): Shortage | undefined =>
  wanted > 0 && wanted > allocatable - used ? { reason: `Insufficient ${name}`, resolvable: wanted <= allocatable } : undefined

const asksForNothing = (requests: Resources): boolean =>
  requests.cpuMilli === 0 && requests.memory === 0 && requests.ephemeralStorage === 0 && requests.extended.size === 0

/** Every resource of which the node has too little. */
export const shortages = ({ requests }: PodInfo, node: NodeState): ReadonlyArray<Shortage> => {
  const found: Array<Shortage> = []
  if (node.pods.size + 1 > node.podLimit) found.push({ reason: "Too many pods", resolvable: true })
  if (asksForNothing(requests)) return found
  const { allocatable, requested } = node
  const check = (name: string, wanted: number, used: number, total: number): void => {
    const shortage = shortageOf(name, wanted, used, total)
    if (shortage !== undefined) found.push(shortage)
  }
  check("cpu", requests.cpuMilli, requested.cpuMilli, allocatable.cpuMilli)
  check("memory", requests.memory, requested.memory, allocatable.memory)
  check("ephemeral-storage", requests.ephemeralStorage, requested.ephemeralStorage, allocatable.ephemeralStorage)
  for (const [name, amount] of requests.extended) {
    check(name, amount, requested.extended.get(name) ?? 0, allocatable.extended.get(name) ?? 0)
  }
  return found
}

const freeShare = (wanted: number, allocatable: number): number =>
  wanted > allocatable ? 0 : Math.floor(((allocatable - wanted) * maxScore) / allocatable)

/** Upstream's NodeResourcesFit with its default strategy. */
export const nodeResourcesFit: Plugin = definePlugin({
  name: "NodeResourcesFit",
  events: ["NodeAdded", "NodeAllocatableChanged", "PodRemoved", "PodChanged"],
  filter: (pod, node): Refusal | undefined => {
    const found = shortages(pod, node)
    if (found.length === 0) return undefined
    return { reasons: found.map(({ reason }) => reason), resolvable: found.every(({ resolvable }) => resolvable) }
  },
  score: ({ scoring }, node) => {
    const { cpuMilli, memory } = node.allocatable
    const shares: Array<number> = []
    if (cpuMilli > 0) shares.push(freeShare(node.scoring.cpuMilli + scoring.cpuMilli, cpuMilli))
    if (memory > 0) shares.push(freeShare(node.scoring.memory + scoring.memory, memory))
    return shares.length === 0 ? 0 : Math.floor(shares.reduce((left, right) => left + right, 0) / shares.length)
  }
})
