/** Pods with scheduling gates stay out of the queue. @module */
import { definePlugin, type Plugin } from "../plugin.ts"

/** Upstream's SchedulingGates. */
export const schedulingGates: Plugin = definePlugin({
  name: "SchedulingGates",
  // Only a change of the pod itself opens a gate.
  events: [],
  preEnqueue: (pod) => {
    const gates = pod.spec?.schedulingGates ?? []
    return gates.length === 0 ? undefined : `waiting for scheduling gates: [${gates.map(({ name }) => name).join(" ")}]`
  }
})
