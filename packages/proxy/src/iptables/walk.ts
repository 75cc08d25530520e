/** Sends packets through rules without a kernel: an interpreter of the matches and targets that the proxy uses, for tests. @module */
import { parseIpv4, parseNetwork } from "@tsukube/host"
import type { RuleSet, Table } from "./rule-set.ts"
import { jumpRules } from "./rules.ts"

/** The first packet of a connection. */
export interface Packet {
  readonly source: string
  readonly destination: string
  readonly protocol: "tcp" | "udp" | "sctp"
  readonly port: number
  /** Of the destination at first; `new` unless said otherwise. */
  readonly state?: "NEW" | "ESTABLISHED" | "INVALID"
}

/** The machine that a packet meets. */
export interface Machine {
  readonly rules: RuleSet
  /** The machine's own addresses. */
  readonly addresses: ReadonlyArray<string>
  /** Numbers from 0 to 1 for random choices, by call. */
  readonly random?: () => number
  /** Who was seen by which list of `recent`; filled by walking. */
  readonly recent?: Map<string, Set<string>>
}

/** What became of a packet. */
export interface Outcome {
  readonly verdict: "accepted" | "dropped" | "rejected"
  /** Where it went in the end. */
  readonly destination: string
  readonly port: number
  /** Whether its source became the machine's own address. */
  readonly masqueraded: boolean
  /** The chains it went through. */
  readonly chains: ReadonlyArray<string>
}

/** A packet on its way. */
interface Walker {
  readonly machine: Machine
  readonly packet: Packet
  destination: string
  port: number
  mark: number
  translated: boolean
  masqueraded: boolean
  readonly chains: Array<string>
}

type Verdict = "ACCEPT" | "DROP" | "REJECT" | "RETURN" | undefined

/** Splits a rule into words; quoted comments are one word. */
const words = (rule: string): ReadonlyArray<string> => (rule.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ""))

const isInside = (address: string, network: string): boolean => {
  const { first, prefixLength } = parseNetwork(network.includes("/") ? network : `${network}/32`)!
  const value = parseIpv4(address)!
  return value >= first && value < first + 2 ** (32 - prefixLength)
}

const isLocal = (machine: Machine, address: string): boolean =>
  machine.addresses.includes(address) || isInside(address, "127.0.0.0/8")

const recentOf = (machine: Machine, list: string): Set<string> => {
  const lists = machine.recent ?? new Map<string, Set<string>>()
  const seen = lists.get(list) ?? new Set<string>()
  lists.set(list, seen)
  return seen
}

const inStates = (walker: Walker, states: string): boolean => {
  const state = walker.packet.state ?? "NEW"
  return states.split(",").some((name) => name === state || (name === "DNAT" && walker.translated))
}

const isMarked = (walker: Walker, text: string): boolean => {
  const [value = 0, mask = 0xffffffff] = text.split("/").map(Number)
  return (walker.mark & mask) === value
}

/** One option of a rule: whether the packet matches it. */
const matches = (walker: Walker, option: string, value: string, list: string): boolean => {
  const { machine, packet } = walker
  switch (option) {
    case "-s":
      return isInside(packet.source, value)
    case "-d":
      return isInside(walker.destination, value)
    case "-p":
      return packet.protocol === value
    case "--dport":
      return walker.port === Number(value)
    case "--ctstate":
      return inStates(walker, value)
    case "--mark":
      return isMarked(walker, value)
    case "--src-type":
      return isLocal(machine, packet.source)
    case "--dst-type":
      return isLocal(machine, walker.destination)
    case "--probability":
      return (machine.random ?? Math.random)() < Number(value)
    case "--rcheck":
      return recentOf(machine, list).has(packet.source)
    default:
      throw new Error(`walk: unknown match ${option}`)
  }
}

/** Options that say nothing by themselves, or belong to a match that is asked elsewhere. */
const withValue = new Set(["-m", "--comment", "--mode", "--name", "--seconds"])
const withoutValue = new Set(["--reap"])

interface ParsedRule {
  readonly tests: ReadonlyArray<{ readonly option: string; readonly value: string; readonly negated: boolean }>
  readonly list: string
  readonly remembers: boolean
  readonly target: string
  readonly targetWords: ReadonlyArray<string>
}

/** Parses a rule as it stands behind `-A CHAIN `; throws on what the proxy does not use. */
export const parseRule = (rule: string): ParsedRule => {
  const all = words(rule)
  const jump = all.indexOf("-j")
  const tests: Array<{ option: string; value: string; negated: boolean }> = []
  let list = ""
  let remembers = false
  let negated = false
  for (let index = 0; index < jump; index++) {
    const option = all[index]!
    if (option === "!") {
      negated = true
      continue
    }
    if (option === "--name") list = all[index + 1]!
    if (option === "--set") remembers = true
    if (withValue.has(option)) index++
    else if (option === "--rcheck") tests.push({ option, value: "", negated })
    else if (option !== "--set" && !withoutValue.has(option)) tests.push({ option, value: all[++index]!, negated })
    negated = false
  }
  return { tests, list, remembers, target: all[jump + 1] ?? "", targetWords: all.slice(jump + 2) }
}

const act = (walker: Walker, table: Table, { target, targetWords }: ParsedRule): Verdict => {
  switch (target) {
    case "ACCEPT":
    case "DROP":
    case "REJECT":
    case "RETURN":
      return target
    case "MARK": {
      const bits = Number(targetWords[1])
      walker.mark = targetWords[0] === "--or-mark" ? walker.mark | bits : walker.mark ^ bits
      return undefined
    }
    case "MASQUERADE":
      walker.masqueraded = true
      return "ACCEPT"
    case "DNAT": {
      const [ip = "", port = ""] = (targetWords[1] ?? "").split(":")
      Object.assign(walker, { destination: ip, port: Number(port), translated: true })
      return "ACCEPT"
    }
    default:
      return walkChain(walker, table, target)
  }
}

const walkChain = (walker: Walker, table: Table, chain: string): Verdict => {
  const rules = walker.machine.rules[table].get(chain)
  if (rules === undefined) throw new Error(`walk: chain ${chain} does not exist in ${table}`)
  walker.chains.push(chain)
  for (const text of rules) {
    const rule = parseRule(text)
    if (!rule.tests.every(({ option, value, negated }) => matches(walker, option, value, rule.list) !== negated)) continue
    if (rule.remembers) recentOf(walker.machine, rule.list).add(walker.packet.source)
    const verdict = act(walker, table, rule)
    if (verdict === "RETURN") return undefined
    if (verdict !== undefined) return verdict
  }
  return undefined
}

/** One of the kernel's own chains: the jumps to ours, the last installed first. */
const walkHook = (walker: Walker, table: Table, hook: string): Verdict => {
  for (const jump of jumpRules.toReversed()) {
    if (jump.table !== table || jump.from !== hook) continue
    const { tests, list } = parseRule(`${jump.match} -j ${jump.to}`)
    if (!tests.every(({ option, value, negated }) => matches(walker, option, value, list) !== negated)) continue
    const verdict = walkChain(walker, table, jump.to)
    if (verdict !== undefined) return verdict
  }
  return undefined
}

/** Walks the first packet of a connection through a machine, whether it comes from outside or from the machine itself. */
export const walk = (machine: Machine, packet: Packet): Outcome => {
  const walker: Walker = {
    machine,
    packet,
    destination: packet.destination,
    port: packet.port,
    mark: 0,
    translated: false,
    masqueraded: false,
    chains: []
  }
  const fromHere = isLocal(machine, packet.source)
  const outcome = (verdict: Outcome["verdict"]): Outcome => ({
    verdict,
    destination: walker.destination,
    port: walker.port,
    masqueraded: walker.masqueraded,
    chains: walker.chains
  })
  // Only the first packet of a connection meets the nat table.
  const isNew = (packet.state ?? "NEW") === "NEW"
  if (isNew) walkHook(walker, "nat", fromHere ? "OUTPUT" : "PREROUTING")
  const hook = fromHere ? "OUTPUT" : isLocal(machine, walker.destination) ? "INPUT" : "FORWARD"
  const verdict = walkHook(walker, "filter", hook)
  if (verdict === "DROP") return outcome("dropped")
  if (verdict === "REJECT") return outcome("rejected")
  if (isNew && hook !== "INPUT") walkHook(walker, "nat", "POSTROUTING")
  return outcome("accepted")
}
