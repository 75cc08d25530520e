/** Decides names, addresses and commands of an underlay: one bridge on this machine, one network namespace a node. @module */
import { createHash } from "node:crypto"
import { formatIpv4, formatNetwork, type Network, networksOverlap, parseNetwork } from "./address.ts"
import { netnsPath } from "./netns.ts"

/** A node's place in an underlay. */
export interface UnderlayNode {
  readonly name: string
  readonly netnsName: string
  /** What `nsenter --net` and `ProcessSpec.netns` take. */
  readonly netns: string
  readonly address: string
  /** The end of its cable that is plugged into the bridge. */
  readonly port: string
}

/** Everything an underlay consists of, before it exists. */
export interface UnderlayPlan {
  /** Stands in every name and in the comment of every rule: `tsukube-1a2b3c`. */
  readonly owner: string
  readonly bridge: string
  readonly subnet: string
  /** The machine's own address on the bridge, where nodes reach what listens on this machine. */
  readonly gateway: string
  readonly nodes: ReadonlyArray<UnderlayNode>
  readonly masquerade: boolean
}

/** The networks from which a free one is chosen, third number by third number. */
const subnetPool = "172.30.0.0/16"
/** The gateway is .1 and nodes begin at .11, so this many fit into a /24. */
export const nodeLimit = 240

/** A short name for whoever owns this data folder: the same again after a restart, another for another cluster on the machine. */
export const ownerOf = (dataDir: string): string => `tsukube-${createHash("sha256").update(dataDir).digest("hex").slice(0, 6)}`

/**
 * A /24 out of 172.30.0.0/16 that overlaps nothing in use, or undefined. The search begins at a place derived from the owner: a cluster
 * keeps its addresses over restarts, and two that start at the same moment look in different places.
 */
export const chooseSubnet = (owner: string, used: ReadonlyArray<Network>): Network | undefined => {
  const pool = parseNetwork(subnetPool)!
  const begin = createHash("sha256").update(owner).digest()[0]!
  for (let offset = 0; offset < 256; offset++) {
    const candidate = { first: pool.first + ((begin + offset) % 256) * 256, prefixLength: 24 }
    if (!used.some((network) => networksOverlap(network, candidate))) return candidate
  }
  return undefined
}

/** Lays out an underlay in a /24. */
export const planUnderlay = (
  owner: string,
  subnet: Network,
  nodeNames: ReadonlyArray<string>,
  masquerade: boolean
): UnderlayPlan => ({
  owner,
  bridge: owner,
  subnet: formatNetwork(subnet),
  gateway: formatIpv4(subnet.first + 1),
  masquerade,
  nodes: nodeNames.map((name, index) => {
    const netnsName = `${owner}-${name}`
    return {
      name,
      netnsName,
      netns: netnsPath(netnsName),
      address: formatIpv4(subnet.first + 11 + index),
      port: portName(owner, index + 1)
    }
  })
})

/** Interface names have at most 15 letters. */
const portName = (owner: string, number: number): string => `tk${owner.slice(-6)}n${number}`

/** Whether an interface of this name belongs to the owner. */
export const isOwnersLink = (owner: string, link: string): boolean => link === owner || link.startsWith(`tk${owner.slice(-6)}n`)

/** Whether a network namespace of this name belongs to the owner. */
export const isOwnersNetns = (owner: string, name: string): boolean => name.startsWith(`${owner}-`)

/** The `ip -batch` lines, run in our own namespace, that make the bridge. */
export const bridgeLines = (plan: UnderlayPlan): ReadonlyArray<string> => [
  `link add ${plan.bridge} type bridge`,
  `address add ${plan.gateway}/24 dev ${plan.bridge}`,
  `link set ${plan.bridge} up`
]

/** The `ip -batch` lines, run in our own namespace, that plug a node's namespace into the bridge. */
export const cableLines = (plan: UnderlayPlan, node: UnderlayNode): ReadonlyArray<string> => [
  `link add ${node.port} type veth peer name eth0 netns ${node.netnsName}`,
  `link set ${node.port} master ${plan.bridge} up`
]

/** The `ip -batch` lines, run in the node's namespace, that give it its address. */
export const nodeLines = (plan: UnderlayPlan, node: UnderlayNode): ReadonlyArray<string> => [
  `address add ${node.address}/24 dev eth0`,
  "link set eth0 up",
  // Without a default route a node cannot reach its own ClusterIPs: the packet is dropped before it meets a rule.
  `route add default via ${plan.gateway}`
]

/** What a node's namespace needs of the kernel: forwarding, rules that see bridged pod traffic, NodePorts on 127.0.0.1. */
export const nodeSysctls: Readonly<Record<string, number>> = {
  "net.ipv4.ip_forward": 1,
  "net.bridge.bridge-nf-call-iptables": 1,
  "net.ipv4.conf.all.route_localnet": 1
}

/** The rules on this machine: frames between nodes pass whatever else filters here; with masquerade nodes reach the outside as this machine. */
export const ruleLines = (plan: UnderlayPlan): ReadonlyArray<string> => {
  const comment = `-m comment --comment ${plan.owner}`
  const forward = plan.masquerade
    ? [`-I FORWARD -i ${plan.bridge} ${comment} -j ACCEPT`, `-I FORWARD -o ${plan.bridge} ${comment} -j ACCEPT`]
    : [`-I FORWARD -i ${plan.bridge} -o ${plan.bridge} ${comment} -j ACCEPT`]
  const nat = plan.masquerade
    ? ["*nat", `-A POSTROUTING -s ${plan.subnet} ! -o ${plan.bridge} ${comment} -j MASQUERADE`, "COMMIT"]
    : []
  return ["*filter", ...forward, "COMMIT", ...nat]
}

/** Turns what `iptables-save` printed into the `iptables-restore` lines that delete the owner's rules, and no others. */
export const ruleDeletions = (owner: string, saved: string): ReadonlyArray<string> => {
  const lines: Array<string> = []
  const mine = new RegExp(`--comment "?${owner}"?(\\s|$)`)
  let table = ""
  for (const line of saved.split("\n")) {
    if (line.startsWith("*")) table = line
    if (line.startsWith("-A ") && mine.test(line)) lines.push(table, `-D ${line.slice(3)}`, "COMMIT")
  }
  return lines
}
