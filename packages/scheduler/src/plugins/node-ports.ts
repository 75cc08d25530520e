/** Two pods cannot hold one port of a node. @module */
import { definePlugin, type Plugin, type Refusal } from "../plugin.ts"
import type { HostPort } from "../pod-info.ts"

const refusal: Refusal = { reasons: ["node(s) didn't have free ports for the requested pod ports"], resolvable: true }
const anyAddress = "0.0.0.0"

const conflicts = (left: HostPort, right: HostPort): boolean =>
  left.port === right.port &&
  left.protocol === right.protocol &&
  (left.ip === right.ip || left.ip === anyAddress || right.ip === anyAddress)

/** Upstream's NodePorts. */
export const nodePorts: Plugin = definePlugin({
  name: "NodePorts",
  events: ["NodeAdded", "PodRemoved"],
  sign: ({ ports }) => (ports.length === 0 ? "" : JSON.stringify(ports)),
  preFilter: ({ ports }) => (ports.length === 0 ? { skip: true } : {}),
  filter: ({ ports }, node) => {
    for (const other of node.pods.values()) {
      for (const taken of other.ports) if (ports.some((port) => conflicts(port, taken))) return refusal
    }
    return undefined
  }
})
