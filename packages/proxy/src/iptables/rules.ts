/** Decides the rules that make a state true: plain text in, plain text out, no kernel in sight. @module */
import { isExternal, type ProxyState, reachableEndpoints, type ServicePortState } from "../state.ts"
import { chainName, fixedChains } from "./names.ts"
import type { RuleSet, Table } from "./rule-set.ts"

/** How rules are written, the same for all Services. */
export interface RuleOptions {
  /** Where pods live. Traffic from elsewhere to a cluster address is masqueraded, so that answers find their way back; absent: no such rule. */
  readonly clusterCidr?: string
  /** Masquerade all traffic to cluster addresses; pods then never see their clients. Default false. */
  readonly masqueradeAll?: boolean
  /** The bit of the packet mark that asks for masquerading; default 14, which is 0x4000. */
  readonly masqueradeBit?: number
  /** Where node ports are served: networks of this node's addresses; empty (default): on all of them. */
  readonly nodePortAddresses?: ReadonlyArray<string>
  /** Serve node ports on 127.0.0.1 too; default true. */
  readonly localhostNodePorts?: boolean
  /** Masquerade with `--random-fully`, against collisions of source ports; default true. */
  readonly randomFully?: boolean
}

const comment = (text: string): string => `-m comment --comment "${text}"`

/** The jumps from the kernel's own chains; each is put first when it is missing, the last of a chain's list ending up on top. */
export const jumpRules: ReadonlyArray<{
  readonly table: Table
  readonly from: string
  readonly to: string
  readonly match: string
}> = [
  {
    table: "filter",
    from: "INPUT",
    to: "KUBE-EXTERNAL-SERVICES",
    match: `-m conntrack --ctstate NEW ${comment("externally visible service ports")}`
  },
  {
    table: "filter",
    from: "FORWARD",
    to: "KUBE-EXTERNAL-SERVICES",
    match: `-m conntrack --ctstate NEW ${comment("externally visible service ports")}`
  },
  { table: "filter", from: "INPUT", to: "KUBE-NODEPORTS", match: comment("health check ports of services") },
  {
    table: "filter",
    from: "FORWARD",
    to: "KUBE-SERVICES",
    match: `-m conntrack --ctstate NEW ${comment("services without endpoints")}`
  },
  {
    table: "filter",
    from: "OUTPUT",
    to: "KUBE-SERVICES",
    match: `-m conntrack --ctstate NEW ${comment("services without endpoints")}`
  },
  { table: "filter", from: "FORWARD", to: "KUBE-FORWARD", match: comment("forwarded service traffic") },
  {
    table: "filter",
    from: "INPUT",
    to: "KUBE-PROXY-FIREWALL",
    match: `-m conntrack --ctstate NEW ${comment("load balancer source ranges")}`
  },
  {
    table: "filter",
    from: "OUTPUT",
    to: "KUBE-PROXY-FIREWALL",
    match: `-m conntrack --ctstate NEW ${comment("load balancer source ranges")}`
  },
  {
    table: "filter",
    from: "FORWARD",
    to: "KUBE-PROXY-FIREWALL",
    match: `-m conntrack --ctstate NEW ${comment("load balancer source ranges")}`
  },
  { table: "filter", from: "INPUT", to: "KUBE-FIREWALL", match: comment("loopback stays on the node") },
  { table: "filter", from: "OUTPUT", to: "KUBE-FIREWALL", match: comment("loopback stays on the node") },
  { table: "nat", from: "OUTPUT", to: "KUBE-SERVICES", match: comment("service ports") },
  { table: "nat", from: "PREROUTING", to: "KUBE-SERVICES", match: comment("service ports") },
  { table: "nat", from: "POSTROUTING", to: "KUBE-POSTROUTING", match: comment("masquerading of service traffic") }
]

/** Chains while they are being filled. */
type Draft = Record<Table, Map<string, Array<string>>>

const add = (draft: Draft, table: Table, chain: string, ...rules: ReadonlyArray<string>): void => {
  const existing = draft[table].get(chain)
  if (existing === undefined) draft[table].set(chain, [...rules])
  else existing.push(...rules)
}

/** Every chain of the proxy with its rules, for the kernel's own chains to jump to (`jumpRules`). */
export const proxyRules = (state: ProxyState, options: RuleOptions = {}): RuleSet => {
  const draft: Draft = { filter: new Map(), nat: new Map() }
  for (const chain of fixedChains.filter) add(draft, "filter", chain)
  for (const chain of fixedChains.nat) add(draft, "nat", chain)
  addFixedRules(draft, options)
  for (const port of state.ports) addServicePort(draft, port, options)
  addHealthCheckPorts(draft, state)
  addNodePortJumps(draft, options)
  return draft
}

const addFixedRules = (draft: Draft, options: RuleOptions): void => {
  const bit = `0x${(2 ** (options.masqueradeBit ?? 14)).toString(16)}`
  const mark = `${bit}/${bit}`
  add(draft, "nat", "KUBE-MARK-MASQ", `-j MARK --or-mark ${bit}`)
  add(
    draft,
    "nat",
    "KUBE-POSTROUTING",
    `-m mark ! --mark ${mark} -j RETURN`,
    // The mark is taken off, or a tunnel that carries the packet on would have it masqueraded once more.
    `-j MARK --xor-mark ${bit}`,
    `${comment("service traffic that needs the address of this node")} -j MASQUERADE${options.randomFully === false ? "" : " --random-fully"}`
  )
  add(
    draft,
    "filter",
    "KUBE-FORWARD",
    // A packet that conntrack cannot place is not translated back: it would reach the client from a stranger and reset the connection.
    "-m conntrack --ctstate INVALID -j DROP",
    `${comment("service traffic")} -m mark --mark ${mark} -j ACCEPT`,
    `${comment("answers to service traffic")} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`
  )
  // Node ports on 127.0.0.1 need route_localnet, which alone would open the node's loopback to its neighbours.
  add(
    draft,
    "filter",
    "KUBE-FIREWALL",
    `${comment("loopback from outside")} ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP`
  )
}

const addNodePortJumps = (draft: Draft, { nodePortAddresses = [], localhostNodePorts = true }: RuleOptions): void => {
  const where = comment("node ports; this must be the last rule")
  if (!localhostNodePorts) add(draft, "nat", "KUBE-SERVICES", `${comment("no node ports on loopback")} -d 127.0.0.0/8 -j RETURN`)
  const destinations = nodePortAddresses.length === 0 ? [""] : nodePortAddresses.map((network) => `-d ${network} `)
  for (const destination of destinations)
    add(draft, "nat", "KUBE-SERVICES", `${where} ${destination}-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS`)
}

const addHealthCheckPorts = (draft: Draft, state: ProxyState): void => {
  const byPort = new Map(
    state.ports.filter((port) => port.healthCheckNodePort !== 0).map((port) => [port.healthCheckNodePort, port])
  )
  for (const [number, port] of byPort) {
    const name = `${port.namespace}/${port.service}`
    add(draft, "filter", "KUBE-NODEPORTS", `${comment(`${name} health check`)} -p tcp -m tcp --dport ${number} -j ACCEPT`)
  }
}

/** Which packets a rule is for: protocol, destination port and, when given, address. */
const toPort = (port: ServicePortState, number: number, address?: string): string => {
  const protocol = port.protocol.toLowerCase()
  return `${address === undefined ? "" : `-d ${address}/32 `}-p ${protocol} -m ${protocol} --dport ${number}`
}

const addServicePort = (draft: Draft, port: ServicePortState, options: RuleOptions): void => {
  const usesCluster = port.clusterEndpoints.length > 0
  const usesLocal = port.localEndpoints.length > 0
  const clusterChain = chainName("KUBE-SVC", port.name, port.protocol)
  const localChain = chainName("KUBE-SVL", port.name, port.protocol)
  const internalChain = port.internalLocal ? localChain : clusterChain
  const externalChain = port.externalLocal ? localChain : clusterChain

  addClusterIp(draft, port, options, internalChain, port.internalLocal ? usesLocal : usesCluster)
  if (isExternal(port)) addExternal(draft, port, options, externalChain, port.externalLocal ? usesLocal : usesCluster)
  if (usesCluster)
    addBalancing(
      draft,
      port,
      clusterChain,
      port.clusterEndpoints.map((endpoint) => endpoint.key)
    )
  if (usesLocal)
    addBalancing(
      draft,
      port,
      localChain,
      port.localEndpoints.map((endpoint) => endpoint.key)
    )
  for (const endpoint of reachableEndpoints(port)) addEndpoint(draft, port, endpoint.ip, endpoint.key)
}

/** A rule for packets that nothing can answer: refused when the Service has no endpoint, dropped when it has none here that may be used. */
const unanswered = (port: ServicePortState, match: string): string =>
  port.hasEndpoints
    ? `${comment(`${port.name} has no local endpoints`)} ${match} -j DROP`
    : `${comment(`${port.name} has no endpoints`)} ${match} -j REJECT`

const addClusterIp = (draft: Draft, port: ServicePortState, options: RuleOptions, chain: string, answered: boolean): void => {
  const match = toPort(port, port.port, port.clusterIp)
  if (!answered) {
    add(draft, "filter", "KUBE-SERVICES", unanswered(port, match))
    return
  }
  add(draft, "nat", "KUBE-SERVICES", `${comment(`${port.name} cluster IP`)} ${match} -j ${chain}`)
  if (options.masqueradeAll === true) add(draft, "nat", chain, `${comment(`${port.name} cluster IP`)} ${match} -j KUBE-MARK-MASQ`)
  else if (options.clusterCidr !== undefined)
    add(draft, "nat", chain, `${comment(`${port.name} cluster IP`)} ! -s ${options.clusterCidr} ${match} -j KUBE-MARK-MASQ`)
}

const addExternal = (draft: Draft, port: ServicePortState, options: RuleOptions, chain: string, answered: boolean): void => {
  const external = chainName("KUBE-EXT", port.name, port.protocol)
  const firewall = chainName("KUBE-FW", port.name, port.protocol)
  const hasFirewall = port.sourceRanges.length > 0
  const reachable = port.hasEndpoints && (answered || port.clusterEndpoints.length > 0)
  const portals = [
    ...port.externalIps.map((address) => ({ what: "external IP", address, chain: external })),
    ...port.loadBalancerIps.map((address) => ({ what: "load balancer IP", address, chain: hasFirewall ? firewall : external }))
  ]
  for (const { what, address, chain: first } of portals) {
    const match = toPort(port, port.port, address)
    if (reachable) add(draft, "nat", "KUBE-SERVICES", `${comment(`${port.name} ${what}`)} ${match} -j ${first}`)
    if (!answered) add(draft, "filter", "KUBE-EXTERNAL-SERVICES", unanswered(port, match))
  }
  if (port.nodePort !== 0) {
    const match = toPort(port, port.nodePort)
    if (reachable) add(draft, "nat", "KUBE-NODEPORTS", `${comment(port.name)} ${match} -j ${external}`)
    if (!answered) add(draft, "filter", "KUBE-EXTERNAL-SERVICES", unanswered(port, `-m addrtype --dst-type LOCAL ${match}`))
  }
  if (!reachable) return
  addExternalChain(draft, port, options, external, chain, answered)
  if (hasFirewall) addFirewall(draft, port, firewall, external)
}

const addExternalChain = (
  draft: Draft,
  port: ServicePortState,
  { clusterCidr }: RuleOptions,
  external: string,
  chain: string,
  answered: boolean
): void => {
  if (!port.externalLocal) {
    add(draft, "nat", external, `${comment(`${port.name} from outside`)} -j KUBE-MARK-MASQ`, `-j ${chain}`)
    return
  }
  // Local is about traffic from outside: pods and the node itself may use any endpoint, as they may by the cluster address.
  const cluster = chainName("KUBE-SVC", port.name, port.protocol)
  if (port.clusterEndpoints.length > 0) {
    if (clusterCidr !== undefined)
      add(draft, "nat", external, `${comment(`${port.name} from pods`)} -s ${clusterCidr} -j ${cluster}`)
    const local = "-m addrtype --src-type LOCAL"
    add(
      draft,
      "nat",
      external,
      `${comment(`${port.name} from this node`)} ${local} -j KUBE-MARK-MASQ`,
      `${comment(`${port.name} from this node`)} ${local} -j ${cluster}`
    )
  }
  if (answered) add(draft, "nat", external, `-j ${chain}`)
}

/** Who is in a source range goes on to the Service; what is left keeps its destination and is dropped by the filter table. */
const addFirewall = (draft: Draft, port: ServicePortState, firewall: string, external: string): void => {
  for (const range of port.sourceRanges)
    add(draft, "nat", firewall, `${comment(`${port.name} source range`)} -s ${range} -j ${external}`)
  for (const address of port.loadBalancerIps) {
    // A node that uses the balancer's address may come with that very address as its source.
    add(draft, "nat", firewall, `${comment(`${port.name} source range`)} -s ${address}/32 -j ${external}`)
    const match = toPort(port, port.port, address)
    add(draft, "filter", "KUBE-PROXY-FIREWALL", `${comment(`${port.name} outside its source ranges`)} ${match} -j DROP`)
  }
}

const addBalancing = (draft: Draft, port: ServicePortState, chain: string, keys: ReadonlyArray<string>): void => {
  const targets = keys.map((key) => ({ key, target: chainName("KUBE-SEP", port.name, port.protocol, key) }))
  if (port.affinitySeconds > 0)
    for (const { key, target } of targets)
      add(
        draft,
        "nat",
        chain,
        `${comment(`${port.name} -> ${key}`)} -m recent --name ${target} --rcheck --seconds ${port.affinitySeconds} --reap -j ${target}`
      )
  targets.forEach(({ key, target }, index) => {
    const left = targets.length - index
    // Each endpoint takes its share of what the ones before it let pass.
    const share = left === 1 ? "" : ` -m statistic --mode random --probability ${(1 / left).toFixed(10)}`
    add(draft, "nat", chain, `${comment(`${port.name} -> ${key}`)}${share} -j ${target}`)
  })
}

const addEndpoint = (draft: Draft, port: ServicePortState, ip: string, key: string): void => {
  const chain = chainName("KUBE-SEP", port.name, port.protocol, key)
  const protocol = port.protocol.toLowerCase()
  const remember = port.affinitySeconds > 0 ? ` -m recent --name ${chain} --set` : ""
  add(
    draft,
    "nat",
    chain,
    // A pod that meets itself behind its Service would answer itself directly, past the translation.
    `${comment(port.name)} -s ${ip}/32 -j KUBE-MARK-MASQ`,
    `${comment(port.name)} -p ${protocol}${remember} -m ${protocol} -j DNAT --to-destination ${key}`
  )
}
