/** What a pod counts for in a quota. @module */
import { canonicalQuantity } from "../quantity.ts"
import type { Container, Pod, ResourceRequirements } from "../types/core-v1.ts"
import { type Amounts, addAmounts, greatest } from "./amounts.ts"

type Part = "requests" | "limits"

const amountsOf = (resources: ResourceRequirements | undefined, part: Part): Amounts =>
  Object.fromEntries(Object.entries(resources?.[part] ?? {}).map(([name, amount]) => [name, canonicalQuantity(String(amount))]))

const isSidecar = ({ restartPolicy }: Container): boolean => restartPolicy === "Always"

/** What the pod may need at once: its containers and sidecars together, or one init container beside the sidecars before it (KEP-753). */
export const podAmounts = ({ spec }: Pod, part: Part): Amounts => {
  const { containers = [], initContainers = [], overhead = {}, resources } = spec ?? {}
  let together: Amounts = {}
  for (const container of containers) together = addAmounts(together, amountsOf(container.resources, part))
  let sidecars: Amounts = {}
  let starting: Amounts = {}
  for (const container of initContainers) {
    const own = amountsOf(container.resources, part)
    if (isSidecar(container)) sidecars = addAmounts(sidecars, own)
    starting = greatest(starting, isSidecar(container) ? sidecars : addAmounts(sidecars, own))
  }
  let total = greatest(addAmounts(together, sidecars), starting)
  // What is said of the whole pod holds instead of the sum (KEP-2837).
  total = { ...total, ...amountsOf(resources, part) }
  const extra = Object.entries(overhead).filter(([name]) => part === "requests" || total[name] !== undefined)
  return addAmounts(total, Object.fromEntries(extra.map(([name, amount]) => [name, canonicalQuantity(String(amount))])))
}

const compute = new Set(["cpu", "memory", "ephemeral-storage"])

/** Whether the pod has ended, or should have: it needs nothing any more. */
const isOver = ({ metadata, status }: Pod, now: number): boolean => {
  if (status?.phase === "Failed" || status?.phase === "Succeeded") return true
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata ?? {}
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return false
  return now > Date.parse(deletionTimestamp)
}

/** The usage of one pod at a time. */
export const podUsage = (pod: Pod, now: number): Amounts => {
  if (isOver(pod, now)) return { "count/pods": "1" }
  const usage: Record<string, string> = { "count/pods": "1", pods: "1" }
  for (const [name, amount] of Object.entries(podAmounts(pod, "requests"))) {
    usage[`requests.${name}`] = amount
    if (compute.has(name) || name.startsWith("hugepages-")) usage[name] = amount
  }
  for (const [name, amount] of Object.entries(podAmounts(pod, "limits"))) if (compute.has(name)) usage[`limits.${name}`] = amount
  return usage
}

const constrained: ReadonlyArray<readonly [resource: string, part: Part, name: string]> = [
  ["cpu", "requests", "cpu"],
  ["limits.cpu", "limits", "cpu"],
  ["limits.memory", "limits", "memory"],
  ["memory", "requests", "memory"],
  ["requests.cpu", "requests", "cpu"],
  ["requests.memory", "requests", "memory"]
]

/** What containers leave unsaid although a quota limits it, as upstream words it; `undefined` when nothing is missing. */
export const podShortcomings = ({ spec }: Pod, limited: ReadonlySet<string>): string | undefined => {
  const { containers = [], initContainers = [], resources } = spec ?? {}
  const missing = constrained.flatMap(([resource, part, name]) => {
    if (!limited.has(resource) || resources?.[part]?.[name] !== undefined) return []
    const silent = [...containers, ...initContainers].filter((container) => container.resources?.[part]?.[name] === undefined)
    return silent.length === 0
      ? []
      : [
          `${resource} for: ${silent
            .map((container) => container.name)
            .sort()
            .join(",")}`
        ]
  })
  return missing.length === 0 ? undefined : `must specify ${missing.join("; ")}`
}
