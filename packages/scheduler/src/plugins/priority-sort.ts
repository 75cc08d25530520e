/** Higher priority first, then first come first served. @module */
import { definePlugin, type Plugin } from "../plugin.ts"

/** Upstream's PrioritySort. */
export const prioritySort: Plugin = definePlugin({
  name: "PrioritySort",
  compare: (left, right) => (right.pod.spec?.priority ?? 0) - (left.pod.spec?.priority ?? 0) || left.sinceMs - right.sinceMs
})
