/** Says what preemption would find; it does not preempt. @module */
import { unavailableMessage } from "../cycle.ts"
import { definePlugin, type Plugin } from "../plugin.ts"

/** The words of upstream's PostFilter plugins, so that messages and tools that read them agree. */
export const preemptionNotice: Plugin = definePlugin({
  name: "DefaultPreemption",
  postFilter: ({ pod }, snapshot, refusals) => {
    if (pod.spec?.preemptionPolicy === "Never") return { message: "preemption: not eligible due to preemptionPolicy=Never." }
    const reasons = Array.from(snapshot.nodes.keys(), (name) =>
      refusals.get(name)?.resolvable === true
        ? "No preemption victims found for incoming pod"
        : "Preemption is not helpful for scheduling"
    )
    return { message: `preemption: ${unavailableMessage(snapshot.nodes.size, reasons)}` }
  }
})
