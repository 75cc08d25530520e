/** Lets pods reach the world as their node, and keeps their own address inside the cluster. @module */
import { type InNetns, run } from "@tsukube/host"
import { Effect } from "effect"
import type { OverlayError, PodNetwork } from "./backend.ts"
import { asOverlayError } from "./underlay.ts"

const natChain = "TSUKUBE-POSTROUTING"
const forwardChain = "TSUKUBE-FORWARD"
const jumps = [
  { table: "nat", from: "POSTROUTING", to: natChain, comment: "pod traffic leaving the cluster" },
  { table: "filter", from: "FORWARD", to: forwardChain, comment: "pod traffic" }
] as const

/** The rules of both chains, in their order. */
export const masqueradeRules = ({
  clusterCidr,
  subnet
}: PodNetwork): Readonly<Record<"nat" | "filter", ReadonlyArray<string>>> => ({
  nat: [
    // Between pods addresses are kept, on the way out as on arrival.
    `-s ${clusterCidr} -d ${clusterCidr} -j RETURN`,
    `-s ${clusterCidr} ! -d 224.0.0.0/4 -j MASQUERADE --random-fully`,
    // What comes for a pod of this node keeps its client's address (externalTrafficPolicy: Local).
    `! -s ${clusterCidr} -d ${subnet} -j RETURN`,
    // Pods elsewhere answer over the tunnel: they need an address of ours that is reached that way.
    `! -s ${clusterCidr} -d ${clusterCidr} -j MASQUERADE --random-fully`
  ],
  // Machines that drop forwarded packets by default, as with Docker, would cut pods off.
  filter: [`-s ${clusterCidr} -j ACCEPT`, `-d ${clusterCidr} -j ACCEPT`]
})

/** The input of `iptables-restore --noflush`; `missing` are the jumps that are not there yet. */
export const masqueradeText = (network: PodNetwork, missing: (chain: string) => boolean): string => {
  const rules = masqueradeRules(network)
  return jumps
    .flatMap(({ table, from, to, comment }) => [
      `*${table}`,
      `:${to} - [0:0]`,
      ...rules[table].map((rule) => `-A ${to} ${rule}`),
      ...(missing(to) ? [`-A ${from} -m comment --comment "${comment}" -j ${to}`] : []),
      "COMMIT"
    ])
    .concat("")
    .join("\n")
}

const hasJump = (saved: string, chain: string): boolean =>
  saved.split("\n").some((line) => line.startsWith("-A ") && line.endsWith(` -j ${chain}`))

/** Whether all rules are there as written; asks for single chains, which is cheap however many rules there are besides. */
export const rulesAreIntact = (network: PodNetwork, options: InNetns): Effect.Effect<boolean> => {
  const rules = masqueradeRules(network)
  const chain = (table: string, name: string): Effect.Effect<string> =>
    run("iptables", ["--wait", "5", "-t", table, "-S", name], options).pipe(
      Effect.map(({ stdout }) => stdout),
      Effect.orElseSucceed(() => "")
    )
  const checks = jumps.map(({ table, from, to }) =>
    Effect.gen(function* () {
      const wanted = [`-N ${to}`, ...rules[table].map((rule) => `-A ${to} ${rule}`), ""].join("\n")
      return (yield* chain(table, to)) === wanted && hasJump(yield* chain(table, from), to)
    })
  )
  return Effect.map(Effect.all(checks), (answers) => answers.every((answer) => answer))
}

/** Writes the rules unless they are there; safe to call again and again. */
export const ensureMasquerade = (network: PodNetwork, options: InNetns = {}): Effect.Effect<void, OverlayError> =>
  Effect.gen(function* () {
    if (yield* rulesAreIntact(network, options)) return
    const { stdout } = yield* run("iptables-save", [], options)
    const text = masqueradeText(network, (chain) => !hasJump(stdout, chain))
    yield* run("iptables-restore", ["--noflush", "--wait", "5"], { stdin: text, ...options })
  }).pipe(Effect.mapError(asOverlayError))

/** Removes the rules, whoever wrote them; nothing happens when there are none. */
export const removeMasquerade = (options: InNetns = {}): Effect.Effect<void, OverlayError> =>
  Effect.gen(function* () {
    const { stdout } = yield* run("iptables-save", [], options)
    const lines: Array<string> = []
    for (const { table, to } of jumps) {
      if (!stdout.includes(`:${to} `)) continue
      const mine = stdout.split("\n").filter((line) => line.startsWith("-A ") && line.endsWith(` -j ${to}`))
      lines.push(`*${table}`, `:${to} - [0:0]`, ...mine.map((line) => `-D ${line.slice(3)}`), `-X ${to}`, "COMMIT")
    }
    if (lines.length > 0)
      yield* run("iptables-restore", ["--noflush", "--wait", "5"], { stdin: `${lines.join("\n")}\n`, ...options })
  }).pipe(Effect.mapError(asOverlayError))
