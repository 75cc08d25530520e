/** Which nodes a DaemonSet's pods belong on, and from which they have to go. Pure. @module */
import { isTolerated, matchesRequiredAffinity } from "@tsukube/api"
import type { DaemonSet } from "@tsukube/api/apps-v1"
import type { Node } from "@tsukube/api/core-v1"
import { nameOf } from "../object.ts"
import { tolerationsOf } from "./pod.ts"

/** What a node is for a DaemonSet. */
export interface Eligibility {
  readonly node: string
  /** It should have a pod. */
  readonly shouldRun: boolean
  /** A pod that is there may stay: taints that only keep new pods out do not drive it away. */
  readonly mayStay: boolean
}

/** Judges nodes for one DaemonSet. */
export const eligibility = (daemonSet: DaemonSet): ((node: Node) => Eligibility) => {
  const spec = daemonSet.spec?.template.spec
  const tolerations = tolerationsOf(daemonSet)
  const pod = { metadata: {}, ...(spec === undefined ? {} : { spec }) }
  return (node) => {
    const name = nameOf(node)
    const fits =
      (!spec?.nodeName || spec.nodeName === name) && matchesRequiredAffinity(pod, { name, labels: node.metadata?.labels ?? {} })
    const isRefused = (...effects: ReadonlyArray<string>): boolean =>
      (node.spec?.taints ?? []).some((taint) => effects.includes(taint.effect) && !isTolerated(tolerations, taint))
    return {
      node: name,
      shouldRun: fits && !isRefused("NoSchedule", "NoExecute"),
      mayStay: fits && !isRefused("NoExecute")
    }
  }
}
