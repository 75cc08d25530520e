/** A pod that names its node goes nowhere else. @module */
import { definePlugin, type Plugin, type Refusal } from "../plugin.ts"

const refusal: Refusal = { reasons: ["node(s) didn't match the requested node name"], resolvable: false }

/** Upstream's NodeName. */
export const nodeName: Plugin = definePlugin({
  name: "NodeName",
  events: ["NodeAdded"],
  sign: ({ pod }) => pod.spec?.nodeName ?? "",
  filter: ({ pod }, node) => (pod.spec?.nodeName && pod.spec.nodeName !== node.name ? refusal : undefined)
})
