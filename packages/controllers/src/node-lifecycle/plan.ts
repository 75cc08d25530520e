/** What a node's silence and conditions mean: which conditions turn Unknown, which taints it carries. Pure. @module */
import type { Node, NodeCondition, Taint } from "@tsukube/api/core-v1"
import { conditionOf } from "../condition.ts"
import { formatTime, timeOf } from "../object.ts"

const notReady = "node.kubernetes.io/not-ready"
const unreachable = "node.kubernetes.io/unreachable"

/** Conditions that nobody vouches for once the kubelet is silent. */
const watched = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"]

/** By condition and status, the taint that keeps new pods away. */
const schedulingTaints: ReadonlyArray<readonly [type: string, status: string, key: string]> = [
  ["Ready", "False", notReady],
  ["Ready", "Unknown", unreachable],
  ["MemoryPressure", "True", "node.kubernetes.io/memory-pressure"],
  ["DiskPressure", "True", "node.kubernetes.io/disk-pressure"],
  ["NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"],
  ["PIDPressure", "True", "node.kubernetes.io/pid-pressure"]
]
const unschedulable = "node.kubernetes.io/unschedulable"
const ownKeys = new Set([...schedulingTaints.map(([, , key]) => key), unschedulable])

/** The Ready status; Unknown for a node that never said anything. */
export const readiness = (node: Node): string => conditionOf(node.status?.conditions, "Ready")?.status ?? "Unknown"

/** The node's conditions after too long a silence; undefined when they say so already. */
export const silenced = (node: Node, nowMs: number): ReadonlyArray<NodeCondition> | undefined => {
  const conditions = node.status?.conditions ?? []
  const now = formatTime(nowMs)
  let isNew = false
  const next = [...conditions]
  for (const type of watched) {
    const at = next.findIndex((condition) => condition.type === type)
    const current = next[at]
    if (current?.status === "Unknown") continue
    isNew = true
    if (current === undefined) {
      next.push({
        type,
        status: "Unknown",
        reason: "NodeStatusNeverUpdated",
        message: "Kubelet never posted node status.",
        lastHeartbeatTime: node.metadata?.creationTimestamp ?? now,
        lastTransitionTime: now
      })
    } else {
      next[at] = {
        ...current,
        status: "Unknown",
        reason: "NodeStatusUnknown",
        message: "Kubelet stopped posting node status.",
        lastTransitionTime: now
      }
    }
  }
  return isNew ? next : undefined
}

const isOwn = ({ key, effect }: Taint): boolean =>
  (effect === "NoSchedule" && ownKeys.has(key)) || (effect === "NoExecute" && (key === notReady || key === unreachable))

/**
 * The taints the node should carry; undefined when they are right. `mayEvict` is false while evicting would make things
 * worse; NoExecute taints are then left off.
 */
export const taintsOf = (node: Node, mayEvict: boolean, nowMs: number): ReadonlyArray<Taint> | undefined => {
  const current = node.spec?.taints ?? []
  const status = (type: string): string | undefined => conditionOf(node.status?.conditions, type)?.status
  const wanted: Array<Taint> = []
  const add = (key: string, effect: Taint["effect"]): void => {
    const found = current.find((taint) => taint.key === key && taint.effect === effect)
    wanted.push(found ?? { key, effect, timeAdded: formatTime(nowMs) })
  }
  for (const [type, bad, key] of schedulingTaints) if (status(type) === bad) add(key, "NoSchedule")
  if (node.spec?.unschedulable === true) add(unschedulable, "NoSchedule")
  if (mayEvict && status("Ready") === "False") add(notReady, "NoExecute")
  if (mayEvict && status("Ready") === "Unknown") add(unreachable, "NoExecute")
  const next = [...current.filter((taint) => !isOwn(taint)), ...wanted]
  const names = (taints: ReadonlyArray<Taint>): string =>
    taints
      .map(({ key, effect, value = "" }) => `${key}=${value}:${effect}`)
      .sort()
      .join()
  return names(next) === names(current) ? undefined : next
}

/** The newest sign of life that the API shows: renewals and heartbeats, as text to compare. */
export const signOfLife = (node: Node, renewTime: string | undefined): string =>
  `${renewTime ?? ""} ${conditionOf(node.status?.conditions, "Ready")?.lastHeartbeatTime ?? ""}`

/** When the node last gave a sign of life by its own clock; for the first look, before any change was seen. */
export const bornMs = (node: Node): number => timeOf(node.metadata?.creationTimestamp)
