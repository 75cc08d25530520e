/** Prefers nodes whose cpu and memory would be used to a like degree. @module */
import { definePlugin, maxScore, type Plugin } from "../plugin.ts"
import type { NodeState } from "../snapshot.ts"

const balance = (cpuMilli: number, memory: number, { allocatable }: NodeState): number => {
  if (allocatable.cpuMilli === 0 || allocatable.memory === 0) return maxScore
  const cpuShare = Math.min(1, cpuMilli / allocatable.cpuMilli)
  const memoryShare = Math.min(1, memory / allocatable.memory)
  // The standard deviation of two numbers is half their distance.
  return Math.trunc((1 - Math.abs(cpuShare - memoryShare) / 2) * maxScore)
}

/** Upstream's NodeResourcesBalancedAllocation: what counts is how much the pod betters or worsens the balance. */
export const nodeResourcesBalancedAllocation: Plugin = definePlugin({
  name: "NodeResourcesBalancedAllocation",
  preScore: ({ requests }) => ({ skip: requests.cpuMilli === 0 && requests.memory === 0 }),
  score: ({ requests }, node) => {
    const { cpuMilli, memory } = node.requested
    const change = balance(cpuMilli + requests.cpuMilli, memory + requests.memory, node) - balance(cpuMilli, memory, node)
    return maxScore / 2 + Math.trunc((maxScore / 2 + change) / 2)
  }
})
