/** The flags of the node command. @module */
import { parseArgs } from "node:util"

/** What a node is started with. Files are paths to PEM or kubeconfig files. */
export interface NodeOptions {
  readonly nodeName: string
  /** Where the API server and other nodes reach this one. */
  readonly address: string
  readonly kubeconfig: string
  readonly proxyKubeconfig: string
  readonly rootDir: string
  /** Folder of a private containerd; undefined with `runtimeSocket`. */
  readonly containerdDir: string | undefined
  /** The CRI socket of a runtime that runs already; its own CNI configuration then makes the pod network. */
  readonly runtimeSocket: string | undefined
  readonly podCidr: string | undefined
  readonly clusterCidr: string
  readonly proxyMode: "iptables" | "none"
  readonly tlsCert: string
  readonly tlsKey: string
  readonly clientCa: string
  readonly images: string | undefined
}

/** A flag that is missing or cannot be used. */
export class UsageError extends Error {
  readonly _tag = "UsageError"
}

/** The text of `--help`. */
export const helpText = `Usage: bun run apps/node [flags]

Runs one node of a cluster in this machine's (or this network namespace's) network: kubelet, service proxy and pod network. Needs root.

Flags:
  --node-name NAME          the name of the Node object
  --address IP              where the API server and the other nodes reach this one
  --kubeconfig FILE         the kubelet's credentials: user system:node:NAME, group system:nodes
  --proxy-kubeconfig FILE   the service proxy's credentials (default: the kubelet's)
  --root-dir DIR            pods, volumes, logs
  --containerd-dir DIR      start a private containerd in this folder, with the cluster's pod network …
  --runtime-socket PATH     … or use the runtime behind this CRI socket, with the network it is configured for
  --pod-cidr CIDR           the node's part of the pod addresses (default: what the cluster assigns)
  --cluster-cidr CIDR       the addresses of all pods (default 10.244.0.0/16)
  --proxy-mode M            iptables or none (default iptables)
  --tls-cert, --tls-key     the certificate the kubelet serves with
  --client-ca FILE          clients of the kubelet need a certificate of this authority
  --images DIR              OCI archives imported at start`

const names = [
  ...["node-name", "address", "kubeconfig", "proxy-kubeconfig", "root-dir", "containerd-dir", "runtime-socket", "pod-cidr"],
  ...["cluster-cidr", "proxy-mode", "tls-cert", "tls-key", "client-ca", "images"]
]

/** Reads the command line; undefined means that help was asked for. Throws `UsageError`. */
export const parseFlags = (args: ReadonlyArray<string>): NodeOptions | undefined => {
  const parse = (): Readonly<Record<string, unknown>> => {
    try {
      const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]))
      return parseArgs({ args: [...args], options: { ...options, help: { type: "boolean" as const, short: "h" } } }).values
    } catch (error) {
      throw new UsageError(`${error instanceof Error ? error.message : error}\nSee --help.`)
    }
  }
  const values = parse()
  if (values["help"] === true) return undefined
  const given = (name: string): string | undefined => (values[name] === undefined ? undefined : String(values[name]))
  const needed = (name: string): string => {
    const value = given(name)
    if (value === undefined) throw new UsageError(`--${name} is needed\nSee --help.`)
    return value
  }
  const proxyMode = given("proxy-mode") ?? "iptables"
  if (proxyMode !== "iptables" && proxyMode !== "none") throw new UsageError(`--proxy-mode ${proxyMode}: choose iptables or none`)
  const [containerdDir, runtimeSocket] = [given("containerd-dir"), given("runtime-socket")]
  if ((containerdDir === undefined) === (runtimeSocket === undefined))
    throw new UsageError("give either --containerd-dir or --runtime-socket")
  return {
    nodeName: needed("node-name"),
    address: needed("address"),
    kubeconfig: needed("kubeconfig"),
    proxyKubeconfig: given("proxy-kubeconfig") ?? needed("kubeconfig"),
    rootDir: needed("root-dir"),
    containerdDir,
    runtimeSocket,
    podCidr: given("pod-cidr"),
    clusterCidr: given("cluster-cidr") ?? "10.244.0.0/16",
    proxyMode,
    tlsCert: needed("tls-cert"),
    tlsKey: needed("tls-key"),
    clientCa: needed("client-ca"),
    images: given("images")
  }
}
