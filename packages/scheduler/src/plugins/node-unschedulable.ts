/** Cordoned nodes take only pods that tolerate it. @module */
import { isTolerated } from "@tsukube/api"
import type { Taint } from "@tsukube/api/core-v1"
import { definePlugin, type Plugin, type Refusal } from "../plugin.ts"

const refusal: Refusal = { reasons: ["node(s) were unschedulable"], resolvable: false }
const taint: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }

/** Upstream's NodeUnschedulable. */
export const nodeUnschedulable: Plugin = definePlugin({
  name: "NodeUnschedulable",
  events: ["NodeAdded", "NodeTaintsChanged", "PodChanged"],
  sign: ({ pod }) => (pod.spec?.tolerations === undefined ? "" : JSON.stringify(pod.spec.tolerations)),
  filter: ({ pod }, { node }) =>
    node.spec?.unschedulable === true && !isTolerated(pod.spec?.tolerations, taint) ? refusal : undefined
})
