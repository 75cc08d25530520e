/** Connections that the kernel remembers outlive the rules that made them: those of UDP Services have to be forgotten by hand. @module */
import { type InNetns, run, which } from "@tsukube/host"
import { Effect } from "effect"
import { type ProxyState, reachableEndpoints, type ServicePortState } from "./state.ts"

/** Connections to forget: to this original destination, and, when given, only those that were sent on to this endpoint. */
export interface StaleFlow {
  readonly destination?: string
  readonly port: number
  readonly endpoint?: string
}

/** Where traffic of a port may have been sent originally. */
const doors = (port: ServicePortState): ReadonlyArray<StaleFlow> => [
  ...[port.clusterIp, ...port.externalIps, ...port.loadBalancerIps].map((destination) => ({ destination, port: port.port })),
  ...(port.nodePort === 0 ? [] : [{ port: port.nodePort }])
]

/**
 * What to forget after a change. TCP ends by itself: a new connection is a new decision. UDP has none, so a client that keeps its
 * source port would for ever be sent to an endpoint that is gone, or past a Service that had no endpoint when it first asked.
 */
export const staleFlows = (previous: ProxyState, desired: ProxyState): ReadonlyArray<StaleFlow> => {
  const before = new Map(previous.ports.filter(({ protocol }) => protocol === "UDP").map((port) => [port.name, port]))
  const after = new Map(desired.ports.filter(({ protocol }) => protocol === "UDP").map((port) => [port.name, port]))
  const flows: Array<StaleFlow> = []
  for (const [name, port] of before) {
    const current = new Set(
      reachableEndpoints(after.get(name) ?? { ...port, clusterEndpoints: [], localEndpoints: [] }).map(({ ip }) => ip)
    )
    const gone = new Set(reachableEndpoints(port).flatMap(({ ip }) => (current.has(ip) ? [] : [ip])))
    for (const endpoint of gone) flows.push(...doors(port).map((door) => ({ ...door, endpoint })))
  }
  for (const [name, port] of after) {
    const old = before.get(name)
    const hadNone = old === undefined || reachableEndpoints(old).length === 0
    if (hadNone && reachableEndpoints(port).length > 0) flows.push(...doors(port))
  }
  return flows
}

/** The arguments of `conntrack` that forget these connections. */
export const conntrackArguments = (flow: StaleFlow): ReadonlyArray<string> => [
  "-D",
  "-p",
  "udp",
  ...(flow.destination === undefined ? [] : ["--orig-dst", flow.destination]),
  "--orig-port-dst",
  String(flow.port),
  ...(flow.endpoint === undefined ? [] : ["--dst-nat", flow.endpoint])
]

/** Forgets connections; without the conntrack tool nothing is forgotten, and says so once a call. */
export const forgetFlows = (flows: ReadonlyArray<StaleFlow>, options: InNetns = {}): Effect.Effect<void> => {
  if (flows.length === 0) return Effect.void
  if (which("conntrack") === undefined)
    return Effect.logWarning("conntrack is not installed: clients of UDP services may go on using endpoints that are gone")
  const place = options.netns === undefined ? {} : { netns: options.netns }
  // The tool exits with 1 when there was nothing to forget.
  return Effect.forEach(flows, (flow) => Effect.ignore(run("conntrack", conntrackArguments(flow), place)), { discard: true })
}
