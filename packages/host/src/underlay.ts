/** Builds the network under a cluster of several nodes on one machine, and takes it away again. @module */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { Data, Effect, type Scope } from "effect"
import { type Network, networksOverlap, parseNetwork } from "./address.ts"
import { type InNetns, ipBatch, ipJson, setSysctls } from "./netns.ts"
import { type RunError, run } from "./run.ts"
import {
  bridgeLines,
  cableLines,
  chooseSubnet,
  isOwnersLink,
  isOwnersNetns,
  nodeLimit,
  nodeLines,
  nodeSysctls,
  planUnderlay,
  ruleDeletions,
  ruleLines,
  type UnderlayPlan
} from "./underlay-plan.ts"
import { which } from "./which.ts"

/** What an underlay is asked to be. */
export interface UnderlaySpec {
  /** From `ownerOf(dataDir)`. */
  readonly owner: string
  readonly nodes: ReadonlyArray<string>
  /** A /24 such as `172.30.7.0/24`; absent: a free one is chosen. */
  readonly subnet?: string
  /** Let nodes reach the outside as this machine; turns on this machine's IPv4 forwarding while the underlay lives. Default false. */
  readonly masquerade?: boolean
  /** Take over what a killed run of the same owner left, when it is whole: processes inside its namespaces keep their network. Default false: build anew. */
  readonly adopt?: boolean
}

/** The underlay cannot be built as asked. */
export class UnderlayError extends Data.Error<{ readonly reason: string }> {
  readonly _tag = "UnderlayError"
  override get message(): string {
    return this.reason
  }
}

const forwardingFile = "/proc/sys/net/ipv4/ip_forward"

/** The networks in use on this machine: addresses and routes, but not the default route. */
const usedNetworks = (exceptLink: string): Effect.Effect<ReadonlyArray<Network>, RunError> =>
  Effect.gen(function* () {
    const routes = yield* ipJson("ip", ["-4", "route", "show"])
    const links = yield* ipJson("ip", ["-4", "address", "show"])
    const addresses = links.flatMap((link) => {
      if (link["ifname"] === exceptLink || !Array.isArray(link["addr_info"])) return []
      return link["addr_info"].map((info) => `${info.local}/${info.prefixlen}`)
    })
    const destinations = routes
      .filter((route) => route["dev"] !== exceptLink && route["dst"] !== "default")
      .map((route) => (String(route["dst"]).includes("/") ? String(route["dst"]) : `${route["dst"]}/32`))
    return [...addresses, ...destinations].flatMap((text) => parseNetwork(text) ?? [])
  })

const subnetOf = (spec: UnderlaySpec): Effect.Effect<Network, UnderlayError | RunError> =>
  Effect.gen(function* () {
    const used = yield* usedNetworks(spec.owner)
    if (spec.subnet === undefined) {
      const chosen = chooseSubnet(spec.owner, used)
      if (chosen === undefined) return yield* new UnderlayError({ reason: "no /24 of 172.30.0.0/16 is free on this machine" })
      return chosen
    }
    const asked = parseNetwork(spec.subnet)
    if (asked?.prefixLength !== 24)
      return yield* new UnderlayError({ reason: `${spec.subnet} is not an IPv4 network of length 24` })
    if (used.some((network) => networksOverlap(network, asked)))
      return yield* new UnderlayError({ reason: `${spec.subnet} overlaps a network that this machine already uses` })
    return asked
  })

const deleteRules = (owner: string): Effect.Effect<void, RunError> =>
  Effect.gen(function* () {
    if (which("iptables-save") === undefined) return
    const saved = yield* run("iptables-save", [])
    const lines = ruleDeletions(owner, saved.stdout)
    if (lines.length > 0) yield* run("iptables-restore", ["--noflush", "-w"], { stdin: `${lines.join("\n")}\n` })
  })

/** Removes the owner's rules, links and network namespaces, whoever left them; nothing of anybody else. */
export const removeUnderlay = (owner: string): Effect.Effect<void, RunError> =>
  Effect.gen(function* () {
    yield* deleteRules(owner)
    const links = yield* ipJson("ip", ["link", "show"])
    const mine = links.map((link) => String(link["ifname"])).filter((name) => isOwnersLink(owner, name))
    yield* ipBatch(
      mine.map((name) => `link delete ${name}`),
      { force: true }
    )
    const names = existsSync("/run/netns") ? readdirSync("/run/netns").filter((name) => isOwnersNetns(owner, name)) : []
    for (const name of names) yield* run("ip", ["netns", "delete", name])
  })

const addRules = (plan: UnderlayPlan): Effect.Effect<void, RunError | UnderlayError> => {
  if (which("iptables-restore") !== undefined)
    return Effect.asVoid(run("iptables-restore", ["--noflush", "-w"], { stdin: `${ruleLines(plan).join("\n")}\n` }))
  return plan.masquerade
    ? Effect.fail(new UnderlayError({ reason: "masquerading needs iptables, which is not installed" }))
    : Effect.void
}

/** Turns forwarding on for as long as the scope, if it was off. Another cluster that came later and relies on it loses it when we end first. */
const forwarding: Effect.Effect<void, RunError, Scope.Scope> = Effect.gen(function* () {
  if (readFileSync(forwardingFile, "utf8").trim() === "1") return
  yield* Effect.acquireRelease(setSysctls({ "net.ipv4.ip_forward": 1 }), () =>
    Effect.ignore(setSysctls({ "net.ipv4.ip_forward": 0 }))
  )
})

/** The addresses of an interface, such as `172.30.7.1/24`; empty when it is not there or not up. */
const addressesOf = (link: string, options: InNetns = {}): Effect.Effect<ReadonlyArray<string>> =>
  ipJson("ip", ["-4", "address", "show", "up", "dev", link], options).pipe(
    Effect.map((links) => links.flatMap(({ addr_info }) => (Array.isArray(addr_info) ? addr_info : []))),
    Effect.map((infos) => infos.map((info) => `${info.local}/${info.prefixlen}`)),
    Effect.orElseSucceed(() => [])
  )

/** What a killed run left, if it is exactly what is asked for. */
const leftover = (spec: UnderlaySpec): Effect.Effect<UnderlayPlan | undefined> =>
  Effect.gen(function* () {
    const subnet = parseNetwork((yield* addressesOf(spec.owner))[0] ?? "")
    if (subnet === undefined) return undefined
    const plan = planUnderlay(spec.owner, subnet, spec.nodes, spec.masquerade ?? false)
    if (spec.subnet !== undefined && spec.subnet !== plan.subnet) return undefined
    const names = readdirSync("/run/netns").filter((name) => isOwnersNetns(spec.owner, name))
    if (names.length !== plan.nodes.length) return undefined
    for (const { netns, address } of plan.nodes) {
      if (!existsSync(netns) || !(yield* addressesOf("eth0", { netns })).includes(`${address}/24`)) return undefined
    }
    return plan
  })

const build = (spec: UnderlaySpec): Effect.Effect<UnderlayPlan, RunError | UnderlayError> =>
  Effect.gen(function* () {
    yield* removeUnderlay(spec.owner)
    const plan = planUnderlay(spec.owner, yield* subnetOf(spec), spec.nodes, spec.masquerade ?? false)
    // Built into many kernels; where it is a module and cannot be loaded, the parameter of nodes is missing too.
    yield* Effect.ignore(run("modprobe", ["br_netfilter"]))
    yield* ipBatch(bridgeLines(plan))
    for (const node of plan.nodes) {
      yield* run("ip", ["netns", "add", node.netnsName])
      yield* ipBatch(cableLines(plan, node))
      yield* ipBatch(["link set lo up", ...nodeLines(plan, node)], { netns: node.netns })
      yield* setSysctls(nodeSysctls, { netns: node.netns, optional: ["net.bridge.bridge-nf-call-iptables"] })
    }
    return plan
  })

/**
 * Builds the underlay: a bridge, and for every node a network namespace with an address, a default route and the kernel parameters of
 * a node. Leftovers of the same owner are removed or adopted first; everything is removed when the scope ends. Needs root and iproute2.
 */
export const createUnderlay = (spec: UnderlaySpec): Effect.Effect<UnderlayPlan, RunError | UnderlayError, Scope.Scope> =>
  Effect.gen(function* () {
    if (spec.nodes.length > nodeLimit) return yield* new UnderlayError({ reason: `an underlay has at most ${nodeLimit} nodes` })
    // Before anything is made, so that half of it is removed as well.
    yield* Effect.addFinalizer(() => Effect.ignore(removeUnderlay(spec.owner)))
    const adopted = spec.adopt === true ? yield* leftover(spec) : undefined
    const plan = adopted ?? (yield* build(spec))
    if (plan.masquerade) yield* forwarding
    yield* deleteRules(spec.owner)
    yield* addRules(plan)
    return plan
  })
