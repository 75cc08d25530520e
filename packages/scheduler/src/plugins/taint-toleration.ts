/** Taints keep pods away; soft taints only make a node less liked. @module */
import { isTolerated } from "@tsukube/api"
import type { Toleration } from "@tsukube/api/core-v1"
import { definePlugin, type Plugin, type Refusal } from "../plugin.ts"

const refusal: Refusal = { reasons: ["node(s) had untolerated taint(s)"], resolvable: false }

/** Upstream's TaintToleration. */
export const taintToleration: Plugin = definePlugin<undefined, ReadonlyArray<Toleration>>({
  name: "TaintToleration",
  weight: 3,
  events: ["NodeAdded", "NodeTaintsChanged", "PodChanged"],
  sign: ({ pod }) => (pod.spec?.tolerations === undefined ? "" : JSON.stringify(pod.spec.tolerations)),
  filter: ({ pod }, { node }) => {
    for (const taint of node.spec?.taints ?? []) {
      if (taint.effect !== "PreferNoSchedule" && !isTolerated(pod.spec?.tolerations, taint)) return refusal
    }
    return undefined
  },
  preScore: ({ pod }) => ({
    state: (pod.spec?.tolerations ?? []).filter(({ effect }) => !effect || effect === "PreferNoSchedule")
  }),
  score: (_, { node }, soft) =>
    (node.spec?.taints ?? []).filter((taint) => taint.effect === "PreferNoSchedule" && !isTolerated(soft, taint)).length,
  scale: "reversed"
})
