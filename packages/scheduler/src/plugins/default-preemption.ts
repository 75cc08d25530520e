/** Makes room for important pods by removing less important ones. @module */
import { unavailableMessage } from "../cycle.ts"
import { definePlugin, type Plugin } from "../plugin.ts"
import type { PodInfo } from "../pod-info.ts"
import { type Candidate, chooseCandidate, priorityOf, selectVictims } from "../preemption.ts"
import type { Snapshot } from "../snapshot.ts"

/** Arguments of the plugin: for how many nodes victims are worked out at most. */
export interface DefaultPreemptionArgs {
  /** Percent of all nodes; default 10. */
  readonly minCandidateNodesPercentage?: number
  /** At least so many nodes; default 100. */
  readonly minCandidateNodesAbsolute?: number
}

/** Why the pod may not preempt now; undefined when it may. */
const ineligible = (pod: PodInfo, snapshot: Snapshot): string | undefined => {
  if (pod.pod.spec?.preemptionPolicy === "Never") return "not eligible due to preemptionPolicy=Never."
  const nominated = pod.pod.status?.nominatedNodeName
  const node = nominated === undefined ? undefined : snapshot.nodes.get(nominated)
  for (const other of node?.pods.values() ?? []) {
    // Its victims are still ending: room is on its way.
    const isGoing = other.pod.metadata?.deletionTimestamp !== undefined
    if (isGoing && priorityOf(other) < priorityOf(pod)) return "not eligible due to a terminating pod on the nominated node."
  }
  return undefined
}

/** Upstream's DefaultPreemption. */
export const makeDefaultPreemption = (args: DefaultPreemptionArgs = {}): Plugin => {
  const { minCandidateNodesPercentage = 10, minCandidateNodesAbsolute = 100 } = args
  return definePlugin({
    name: "DefaultPreemption",
    postFilter: (pod, snapshot, refusals, trial) => {
      const candidateLimit = Math.max(
        minCandidateNodesAbsolute,
        Math.floor((snapshot.nodes.size * minCandidateNodesPercentage) / 100)
      )
      const reason = ineligible(pod, snapshot)
      if (reason !== undefined) return { message: `preemption: ${reason}` }
      const candidates: Array<Candidate> = []
      const reasons: Array<string> = []
      for (const node of snapshot.nodes.values()) {
        if (refusals.get(node.name)?.resolvable !== true) {
          reasons.push("Preemption is not helpful for scheduling")
          continue
        }
        const found = selectVictims(pod, node, snapshot, trial)
        if ("victims" in found) candidates.push(found)
        else reasons.push(...found)
        if (candidates.length >= candidateLimit) break
      }
      const chosen = chooseCandidate(candidates)
      if (chosen === undefined) return { message: `preemption: ${unavailableMessage(snapshot.nodes.size, reasons)}` }
      return { nominatedNode: chosen.nodeName, victims: chosen.victims, candidates }
    }
  })
}

/** The plugin without arguments. */
export const defaultPreemption: Plugin = makeDefaultPreemption()
