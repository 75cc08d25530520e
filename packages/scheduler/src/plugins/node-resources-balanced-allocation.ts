/** Prefers nodes whose resources would be used to a like degree. @module */

import type { NodeState } from "../node-state.ts"
import { definePlugin, maxScore, type Plugin } from "../plugin.ts"
import type { PodInfo } from "../pod-info.ts"
import type { Resources } from "../resources.ts"
import { defaultScoredResources, type ResourceWeight, signResources } from "./node-resources-fit.ts"

/** Arguments of the plugin. */
export interface NodeResourcesBalancedAllocationArgs {
  readonly resources?: ReadonlyArray<ResourceWeight>
}

const amountOf = (amounts: Resources, name: string): number => {
  if (name === "cpu") return amounts.cpuMilli
  if (name === "memory") return amounts.memory
  return name === "ephemeral-storage" ? amounts.ephemeralStorage : (amounts.extended.get(name) ?? 0)
}

/** One less the standard deviation of the shares in use. */
const balance = (shares: ReadonlyArray<number>): number => {
  if (shares.length < 2) return maxScore
  if (shares.length === 2) return Math.trunc((1 - Math.abs(shares[0]! - shares[1]!) / 2) * maxScore)
  const mean = shares.reduce((left, right) => left + right, 0) / shares.length
  const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length
  return Math.trunc((1 - Math.sqrt(variance)) * maxScore)
}

const standardBalance = (cpuMilli: number, memory: number, { allocatable }: NodeState): number => {
  if (allocatable.cpuMilli === 0 || allocatable.memory === 0) return maxScore
  const cpuShare = Math.min(1, cpuMilli / allocatable.cpuMilli)
  const memoryShare = Math.min(1, memory / allocatable.memory)
  return Math.trunc((1 - Math.abs(cpuShare - memoryShare) / 2) * maxScore)
}

const changeOf = ({ requests }: PodInfo, node: NodeState, names: ReadonlyArray<string>): number => {
  const shares = (withPod: boolean): ReadonlyArray<number> =>
    names.flatMap((name) => {
      const capacity = amountOf(node.allocatable, name)
      const isExtended = requests.extended.has(name) || node.allocatable.extended.has(name)
      if (capacity === 0 || (isExtended && amountOf(requests, name) === 0)) return []
      const used = amountOf(node.requested, name) + (withPod ? amountOf(requests, name) : 0)
      return [Math.min(1, used / capacity)]
    })
  return balance(shares(true)) - balance(shares(false))
}

/** Upstream's NodeResourcesBalancedAllocation: what counts is how much the pod betters or worsens the balance. */
export const makeNodeResourcesBalancedAllocation = (args: NodeResourcesBalancedAllocationArgs = {}): Plugin => {
  const names = (args.resources ?? defaultScoredResources).map(({ name }) => name)
  const isStandard = names.length === 2 && names.includes("cpu") && names.includes("memory")
  return definePlugin({
    name: "NodeResourcesBalancedAllocation",
    sign: signResources,
    preScore: ({ requests }) => ({ skip: names.every((name) => amountOf(requests, name) === 0) }),
    score: (pod, node) => {
      const { cpuMilli, memory } = node.requested
      const { requests } = pod
      const change = isStandard
        ? standardBalance(cpuMilli + requests.cpuMilli, memory + requests.memory, node) - standardBalance(cpuMilli, memory, node)
        : changeOf(pod, node, names)
      return maxScore / 2 + Math.trunc((maxScore / 2 + change) / 2)
    }
  })
}

/** The plugin without arguments. */
export const nodeResourcesBalancedAllocation: Plugin = makeNodeResourcesBalancedAllocation()
