/** The flags of the cluster command: what they are called, what they mean, and how a wrong one is refused. @module */
import { homedir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { parseRuntimeConfig } from "@tsukube/apiserver"

export type RuntimeChoice = "auto" | "simulated" | "containerd" | `unix://${string}`
export type ProxyMode = "auto" | "iptables" | "none"

/** What a cluster is started with; every path is as the user gave it. */
export interface ClusterOptions {
  readonly dataDir: string
  readonly store: string
  /** 0 takes any free port. */
  readonly securePort: number
  /** Plain HTTP for everybody on this machine; 0: none. */
  readonly insecurePort: number
  /** How long history is kept. */
  readonly compactionMs: number
  /** While the cluster ends, how long everything still answers but `/readyz`. */
  readonly shutdownDelayMs: number
  readonly kubeconfig: string
  readonly nodes: number
  readonly runtime: RuntimeChoice
  readonly proxyMode: ProxyMode
  readonly clusterCidr: string
  readonly serviceCidr: string
  /** APIs served besides the stable ones. */
  readonly runtimeConfig: Readonly<Record<string, boolean>>
  /** A folder of OCI archives, imported into every real node. */
  readonly images: string | undefined
}

/** A flag that cannot be used, or an obstacle that a flag can change; the message names the flag. */
export class UsageError extends Error {
  readonly _tag = "UsageError"
}

interface Flag {
  readonly name: string
  readonly value: string
  readonly help: ReadonlyArray<string>
}

const flags: ReadonlyArray<Flag> = [
  { name: "data-dir", value: "DIR", help: ["state, certificates and logs", "(default ~/.local/share/tsukube/cluster)"] },
  {
    name: "store",
    value: "URL",
    help: [
      "where the cluster's state is kept (default embedded):",
      "  embedded            a private PostgreSQL in the data folder",
      "  postgres://…        a PostgreSQL server of yours",
      "  pglite              PostgreSQL in WebAssembly, in the data folder: no fsync, for tests",
      "  memory              nothing is kept after the end"
    ]
  },
  { name: "secure-port", value: "N", help: ["port of the API server, always TLS (default 6443; 0 = any free one)"] },
  {
    name: "insecure-port",
    value: "N",
    help: ["plain HTTP on 127.0.0.1, where everybody on this machine is an", "administrator (default 0 = off)"]
  },
  {
    name: "etcd-compaction-interval",
    value: "D",
    help: ["how long old versions are kept, for lists in pages and watches that", "are taken up again (default 5m)"]
  },
  {
    name: "shutdown-delay-duration",
    value: "D",
    help: ["how long /readyz fails before anything else ends (default 0s)"]
  },
  { name: "kubeconfig", value: "FILE", help: ["where the admin kubeconfig is written", "(default DATA_DIR/admin.kubeconfig)"] },
  { name: "nodes", value: "N", help: ["how many nodes, 0 to 100 (default 1)"] },
  {
    name: "runtime",
    value: "R",
    help: [
      "what runs the containers (default auto):",
      "  auto                containerd when it is installed and we are root, else simulated",
      "  simulated           pods become ready without any container: no root needed",
      "  containerd          a private containerd for each node, each node a network namespace",
      "  unix:///path        the CRI socket of a runtime that runs already (one node, this machine's network)"
    ]
  },
  { name: "proxy-mode", value: "M", help: ["auto, iptables or none: how Services reach pods on real nodes (default auto)"] },
  { name: "cluster-cidr", value: "CIDR", help: ["addresses of pods (default 10.244.0.0/16)"] },
  { name: "service-cidr", value: "CIDR", help: ["addresses of Services (default 10.96.0.0/12)"] },
  {
    name: "runtime-config",
    value: "LIST",
    help: ["beta and alpha APIs to serve: api/all=true, api/beta=true or", "GROUP/VERSION[/RESOURCE]=true, behind commas"]
  },
  { name: "images", value: "DIR", help: ["OCI archives (*.tar) imported into every real node at start"] }
]

/** The text of `--help`. */
export const helpText = (): string => {
  const row = ({ name, value, help }: Flag) => {
    const first = `  --${name} ${value}`
    const lines = help.map((line, i) => `${(i === 0 && first.length < 24 ? first : "").padEnd(24)}${line}`)
    // What does not fit beside its help stands above it.
    return (first.length < 24 ? lines : [first, ...lines]).join("\n")
  }
  return `Usage: bun run apps/cluster [flags]

Starts a whole Kubernetes cluster and prints how to use it. Ctrl-C stops it cleanly;
started again on the same data folder, it goes on where it was.

Flags:
${flags.map(row).join("\n")}
  --help                this text

Examples:
  bun run apps/cluster                                       simulated or real, whatever this machine can do
  bun run apps/cluster --nodes 5 --runtime simulated         five nodes that only pretend
  sudo bun run apps/cluster --nodes 3 --runtime containerd   three real nodes on this machine
  bun run apps/cluster --store postgres://me@db/tsukube      state in your own PostgreSQL`
}

/** Refuses the value of a flag, in the words a user needs. */
const refuse = (flag: string, value: string, wanted: string): never => {
  throw new UsageError(`--${flag} ${value}: ${wanted}`)
}

const integer = (flag: string, text: string, lowest: number, highest: number): number => {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < lowest || value > highest)
    return refuse(flag, text, `give a whole number from ${lowest} to ${highest}`)
  return value
}

const oneOf = <A extends string>(flag: string, text: string, choices: ReadonlyArray<A>): A =>
  choices.find((choice) => choice === text) ?? refuse(flag, text, `choose one of ${choices.join(", ")}`)

const runtimeOf = (text: string): RuntimeChoice => {
  if (text.startsWith("unix:///")) return text as `unix://${string}`
  return oneOf("runtime", text, ["auto", "simulated", "containerd"])
}

const storeOf = (text: string): string => {
  if (["embedded", "pglite", "memory"].includes(text) || /^postgres(ql)?:\/\//.test(text)) return text
  return refuse("store", text, "choose embedded, pglite, memory or a postgres:// URL")
}

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** A duration as upstream's flags take it: `90s`, `1m30s`, `500ms`, `0`. In milliseconds. */
const durationOf = (flag: string, text: string): number => {
  if (text === "0") return 0
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return refuse(flag, text, "give a duration such as 20s, 1m30s or 500ms")
  return [...text.matchAll(/([\d.]+)(ms|s|m|h)/g)].reduce(
    (sum, [, count, unit = ""]) => sum + Number(count) * durationUnits[unit]!,
    0
  )
}

/** A list that is read in pages, and a watch that lost its connection, need some time. */
const compactionOf = (text: string): number => {
  const name = "etcd-compaction-interval"
  const milliseconds = durationOf(name, text)
  return milliseconds < 1000 ? refuse(name, text, "give a second or more") : milliseconds
}

const cidrOf = (flag: string, text: string, longest: number): string => {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(text)
  const numbers = match?.slice(1).map(Number) ?? []
  if (numbers.length !== 5 || numbers.slice(0, 4).some((n) => n > 255))
    return refuse(flag, text, "give an IPv4 range such as 10.244.0.0/16")
  if ((numbers[4] ?? 99) > longest || (numbers[4] ?? 0) < 8)
    return refuse(flag, text, `give a prefix length from 8 to ${longest}`)
  return text
}

const runtimeConfigOf = (text: string): Readonly<Record<string, boolean>> => {
  try {
    return parseRuntimeConfig(text)
  } catch (error) {
    return refuse("runtime-config", text, error instanceof Error ? error.message : String(error))
  }
}

/** Reads the command line; undefined means that help was asked for. Throws `UsageError`. */
export const parseFlags = (args: ReadonlyArray<string>): ClusterOptions | undefined => {
  const options = Object.fromEntries(flags.map(({ name }) => [name, { type: "string" as const }]))
  const parse = (): { readonly values: Readonly<Record<string, unknown>> } => {
    try {
      const known = { ...options, help: { type: "boolean" as const, short: "h" } }
      return parseArgs({ args: [...args], options: known, allowPositionals: false, strict: true })
    } catch (error) {
      throw new UsageError(`${error instanceof Error ? error.message : error}\nSee --help.`)
    }
  }
  const { values } = parse()
  if (values["help"] === true) return undefined
  const given = (name: string, otherwise: string): string => String(values[name] ?? otherwise)
  const dataDir = given("data-dir", join(homedir(), ".local/share/tsukube/cluster"))
  return {
    dataDir,
    store: storeOf(given("store", "embedded")),
    securePort: integer("secure-port", given("secure-port", "6443"), 0, 65535),
    insecurePort: integer("insecure-port", given("insecure-port", "0"), 0, 65535),
    compactionMs: compactionOf(given("etcd-compaction-interval", "5m")),
    shutdownDelayMs: durationOf("shutdown-delay-duration", given("shutdown-delay-duration", "0s")),
    kubeconfig: given("kubeconfig", join(dataDir, "admin.kubeconfig")),
    nodes: integer("nodes", given("nodes", "1"), 0, 100),
    runtime: runtimeOf(given("runtime", "auto")),
    proxyMode: oneOf("proxy-mode", given("proxy-mode", "auto"), ["auto", "iptables", "none"]),
    clusterCidr: cidrOf("cluster-cidr", given("cluster-cidr", "10.244.0.0/16"), 24),
    serviceCidr: cidrOf("service-cidr", given("service-cidr", "10.96.0.0/12"), 28),
    runtimeConfig: runtimeConfigOf(given("runtime-config", "")),
    images: values["images"] === undefined ? undefined : String(values["images"])
  }
}
