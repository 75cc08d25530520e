/** A pod needs room on its node; which of the fitting nodes is preferred depends on the strategy. @module */

import type { NodeState } from "../node-state.ts"
import { definePlugin, maxScore, type Plugin, type Refusal } from "../plugin.ts"
import type { PodInfo } from "../pod-info.ts"
import type { Resources } from "../resources.ts"

/** A resource that scoring looks at. */
export interface ResourceWeight {
  readonly name: string
  readonly weight?: number
}

/** A point of the function of RequestedToCapacityRatio: `utilization` 0 to 100, `score` 0 to 10. */
export interface ShapePoint {
  readonly utilization: number
  readonly score: number
}

/** Arguments of the plugin. */
export interface NodeResourcesFitArgs {
  /** Extended resources that the filter does not look at, by name or by group (`example.com`). */
  readonly ignoredResources?: ReadonlyArray<string>
  readonly ignoredResourceGroups?: ReadonlyArray<string>
  readonly scoringStrategy?: {
    readonly type?: "LeastAllocated" | "MostAllocated" | "RequestedToCapacityRatio"
    readonly resources?: ReadonlyArray<ResourceWeight>
    readonly requestedToCapacityRatio?: { readonly shape?: ReadonlyArray<ShapePoint> }
  }
}

/** What scoring looks at when the arguments say nothing. */
export const defaultScoredResources: ReadonlyArray<ResourceWeight> = [
  { name: "cpu", weight: 1 },
  { name: "memory", weight: 1 }
]

interface Shortage {
  readonly reason: string
  /** Removing pods can help only where the node would be large enough when empty. */
  readonly resolvable: boolean
}

const asksForNothing = (requests: Resources): boolean =>
  requests.cpuMilli === 0 && requests.memory === 0 && requests.ephemeralStorage === 0 && requests.extended.size === 0

const keepAll = (): boolean => false

/** Every resource of which the node has too little. */
export const shortages = (
  { requests }: PodInfo,
  node: NodeState,
  ignores: (name: string) => boolean = keepAll
): ReadonlyArray<Shortage> => {
  const found: Array<Shortage> = []
  if (node.pods.size + 1 > node.podLimit) found.push({ reason: "Too many pods", resolvable: true })
  if (asksForNothing(requests)) return found
  const { allocatable, requested } = node
  const check = (name: string, wanted: number, used: number, total: number): void => {
    if (wanted > 0 && wanted > total - used) found.push({ reason: `Insufficient ${name}`, resolvable: wanted <= total })
  }
  check("cpu", requests.cpuMilli, requested.cpuMilli, allocatable.cpuMilli)
  check("memory", requests.memory, requested.memory, allocatable.memory)
  check("ephemeral-storage", requests.ephemeralStorage, requested.ephemeralStorage, allocatable.ephemeralStorage)
  for (const [name, amount] of requests.extended) {
    if (!ignores(name)) check(name, amount, requested.extended.get(name) ?? 0, allocatable.extended.get(name) ?? 0)
  }
  return found
}

/** Wanted with the pod, and there, of a resource; undefined where the pod does not ask for an extended one. */
const amountsOf = (
  name: string,
  { requests, scoring }: PodInfo,
  node: NodeState
): readonly [wanted: number, capacity: number] => {
  const { allocatable, requested } = node
  if (name === "cpu") return [node.scoring.cpuMilli + scoring.cpuMilli, allocatable.cpuMilli]
  if (name === "memory") return [node.scoring.memory + scoring.memory, allocatable.memory]
  if (name === "ephemeral-storage") return [requested.ephemeralStorage + requests.ephemeralStorage, allocatable.ephemeralStorage]
  const asked = requests.extended.get(name) ?? 0
  if (asked === 0) return [0, 0]
  return [(requested.extended.get(name) ?? 0) + asked, allocatable.extended.get(name) ?? 0]
}

const leastAllocated = (wanted: number, capacity: number): number =>
  wanted > capacity ? 0 : Math.floor(((capacity - wanted) * maxScore) / capacity)

const mostAllocated = (wanted: number, capacity: number): number => Math.floor((Math.min(wanted, capacity) * maxScore) / capacity)

/** A line from point to point, level before the first and after the last. */
const broken =
  (shape: ReadonlyArray<ShapePoint>) =>
  (utilization: number): number => {
    for (let index = 0; index < shape.length; index++) {
      const right = shape[index]!
      if (utilization > right.utilization) continue
      const left = shape[index - 1]
      if (left === undefined) return right.score * 10
      const slope = ((right.score - left.score) * 10 * (utilization - left.utilization)) / (right.utilization - left.utilization)
      return left.score * 10 + Math.trunc(slope)
    }
    return shape[shape.length - 1]!.score * 10
  }

type Scorer = (pod: PodInfo, node: NodeState) => number

const weighted = (resources: ReadonlyArray<ResourceWeight>, scoreOf: (wanted: number, capacity: number) => number): Scorer => {
  const all = resources.map(({ name, weight = 1 }) => ({ name, weight }))
  return (pod, node) => {
    let sum = 0
    let weights = 0
    for (const { name, weight } of all) {
      const [wanted, capacity] = amountsOf(name, pod, node)
      if (capacity === 0) continue
      sum += scoreOf(wanted, capacity) * weight
      weights += weight
    }
    return weights === 0 ? 0 : Math.floor(sum / weights)
  }
}

const byRatio = (resources: ReadonlyArray<ResourceWeight>, shape: ReadonlyArray<ShapePoint>): Scorer => {
  const scoreAt = broken(shape)
  return (pod, node) => {
    let sum = 0
    let weights = 0
    for (const { name, weight = 1 } of resources) {
      const [wanted, capacity] = amountsOf(name, pod, node)
      if (capacity === 0) continue
      const score = scoreAt(wanted > capacity ? 100 : Math.floor((wanted * 100) / capacity))
      if (score <= 0) continue
      sum += score * weight
      weights += weight
    }
    return weights === 0 ? 0 : Math.round(sum / weights)
  }
}

const scorerOf = ({ scoringStrategy = {} }: NodeResourcesFitArgs): Scorer => {
  const { type = "LeastAllocated", resources = defaultScoredResources, requestedToCapacityRatio } = scoringStrategy
  if (type === "RequestedToCapacityRatio") return byRatio(resources, requestedToCapacityRatio?.shape ?? [])
  return weighted(resources, type === "MostAllocated" ? mostAllocated : leastAllocated)
}

/** Everything the resource plugins read of a pod, as a text. */
export const signResources = ({ requests, scoring }: PodInfo): string => {
  const { cpuMilli, memory, ephemeralStorage, extended } = requests
  const plain = `${cpuMilli} ${memory} ${ephemeralStorage} ${scoring.cpuMilli} ${scoring.memory}`
  return extended.size === 0 ? plain : `${plain}${JSON.stringify([...extended].sort())}`
}

/** Upstream's NodeResourcesFit. */
export const makeNodeResourcesFit = (args: NodeResourcesFitArgs = {}): Plugin => {
  const { ignoredResources = [], ignoredResourceGroups = [] } = args
  const ignores = (name: string): boolean =>
    ignoredResources.includes(name) || ignoredResourceGroups.includes(name.split("/")[0] ?? "")
  const scoreOf = scorerOf(args)
  return definePlugin({
    name: "NodeResourcesFit",
    events: ["NodeAdded", "NodeAllocatableChanged", "PodRemoved", "PodChanged"],
    hint: (_, { event, object }) =>
      event !== "NodeAdded" || (object as NodeState["node"] | undefined)?.status?.allocatable !== undefined,
    sign: signResources,
    filter: (pod, node): Refusal | undefined => {
      const found = shortages(pod, node, ignores)
      if (found.length === 0) return undefined
      return { reasons: found.map(({ reason }) => reason), resolvable: found.every(({ resolvable }) => resolvable) }
    },
    score: scoreOf
  })
}

/** The plugin without arguments. */
export const nodeResourcesFit: Plugin = makeNodeResourcesFit()
