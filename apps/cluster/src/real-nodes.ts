/** Real nodes: each a process in a network namespace of its own, with its own containerd, on one bridge of this machine. @module */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import type { CertificatePair } from "@tsukube/apiserver/certificates"
import {
  type ChildProcess,
  createUnderlay,
  killFamilies,
  ownerOf,
  spawn,
  type UnderlayPlan,
  unmountBelow,
  writeFileAtomic
} from "@tsukube/host"
import { Effect, type Scope } from "effect"
import type { Authority } from "./authority.ts"
import { type ClusterOptions, UsageError } from "./flags.ts"
import { writeKubeconfig } from "./kubeconfig.ts"
import type { NodeSpec } from "./simulated-nodes.ts"

/** The network under the nodes: this machine is its gateway, where the API server listens for them. */
export const makeUnderlay = (
  dataDir: string,
  nodes: ReadonlyArray<NodeSpec>
): Effect.Effect<UnderlayPlan, UsageError, Scope.Scope> =>
  createUnderlay({ owner: ownerOf(dataDir), nodes: nodes.map(({ name }) => name), masquerade: true }).pipe(
    Effect.mapError(
      (error) => new UsageError(`the network of the nodes cannot be built: ${error.message}\n--runtime simulated needs none.`)
    )
  )

/**
 * Ends what a node of a killed run left: its containerd, the shims with their containers, mounts, what was known of running pods.
 * To the cluster this is a machine that was switched off and on again. The namespaces go with the underlay.
 */
const endOldNode = (folder: string): Effect.Effect<void> =>
  Effect.gen(function* () {
    if (!existsSync(folder)) return
    yield* killFamilies(
      ({ commandLine: [program = "", ...args] }) =>
        basename(program).startsWith("containerd") && args.some((argument) => argument.startsWith(`${folder}/`))
    )
    yield* Effect.ignore(unmountBelow(folder))
    rmSync(join(folder, "state"), { recursive: true, force: true })
  })

/** Ends what the nodes of a killed run left on this machine, however many it had. */
export const endOldNodes = (dataDir: string): Effect.Effect<void> => {
  const folder = join(dataDir, "nodes")
  const names = existsSync(folder) ? readdirSync(folder) : []
  return Effect.forEach(names, (name) => endOldNode(containerdDir(dataDir, name)), { discard: true })
}

/** Short, because the path of a unix socket is at most 107 bytes long. */
const containerdDir = (dataDir: string, name: string): string => join(dataDir, "nodes", name, "containerd")

/** Where a real node runs, and how it is told of the cluster. */
export interface Placement {
  readonly node: NodeSpec
  readonly address: string
  /** Path of its network namespace; undefined: this machine's own. */
  readonly netns: string | undefined
  /** The API server's URL, as seen from the node. */
  readonly server: string
  /** The socket of a runtime that runs already; undefined: a private containerd. */
  readonly socket: string | undefined
}

/** How long a node may take to end its containers. */
const stopTimeoutMs = 60_000

const nodeProgram = fileURLToPath(import.meta.resolve("@tsukube/node"))

interface NodeFiles {
  readonly kubeconfig: string
  readonly proxyKubeconfig: string
  readonly cert: string
  readonly key: string
  readonly clientCa: string
}

/** Writes the node's credentials into its folder: one for the kubelet, one for the proxy, and the certificate it serves with. */
const writeNodeFiles = (folder: string, authority: Authority, { node, address, server }: Placement): Effect.Effect<NodeFiles> =>
  Effect.gen(function* () {
    mkdirSync(folder, { recursive: true, mode: 0o711 })
    const file = (name: string) => join(folder, name)
    const kubeconfig = (name: string, user: string, credentials: CertificatePair) => {
      writeKubeconfig(file(name), { server, authority: authority.certificate, user, ...credentials })
      return file(name)
    }
    const user = `system:node:${node.name}`
    const serving = yield* authority.issue({ commonName: user, ipAddresses: [address], dnsNames: [node.name] })
    writeFileAtomic(file("kubelet.crt"), serving.cert)
    writeFileAtomic(file("kubelet.key"), serving.key, { mode: 0o600 })
    writeFileAtomic(file("ca.crt"), authority.certificate)
    return {
      kubeconfig: kubeconfig(
        "kubelet.kubeconfig",
        user,
        yield* authority.issue({ commonName: user, organizations: ["system:nodes"] })
      ),
      proxyKubeconfig: kubeconfig(
        "proxy.kubeconfig",
        "system:kube-proxy",
        yield* authority.issue({ commonName: "system:kube-proxy" })
      ),
      cert: file("kubelet.crt"),
      key: file("kubelet.key"),
      clientCa: file("ca.crt")
    }
  })

/** Starts the node's process; it ends with the scope, after its containers. The node registers itself when it is ready. */
export const startRealNode = (
  options: ClusterOptions,
  authority: Authority,
  placement: Placement
): Effect.Effect<ChildProcess, UsageError, Scope.Scope> =>
  Effect.gen(function* () {
    const { node, address, netns, socket } = placement
    const folder = join(options.dataDir, "nodes", node.name)
    const files = yield* writeNodeFiles(folder, authority, placement)
    const runtime =
      socket === undefined ? ["--containerd-dir", containerdDir(options.dataDir, node.name)] : ["--runtime-socket", socket]
    const args = [
      nodeProgram,
      ...["--node-name", node.name, "--address", address, "--pod-cidr", node.podCidr, "--cluster-cidr", options.clusterCidr],
      ...["--kubeconfig", files.kubeconfig, "--proxy-kubeconfig", files.proxyKubeconfig, "--root-dir", join(folder, "kubelet")],
      ...["--tls-cert", files.cert, "--tls-key", files.key, "--client-ca", files.clientCa],
      ...["--proxy-mode", options.proxyMode === "none" ? "none" : "iptables"],
      ...(options.images === undefined ? [] : ["--images", options.images]),
      ...runtime
    ]
    const spec = { command: process.execPath, args, logFile: join(options.dataDir, "logs", `${node.name}.log`) }
    return yield* spawn(netns === undefined ? spec : { ...spec, netns }, { stopTimeoutMs, deathSignal: "SIGTERM" }).pipe(
      Effect.mapError((error) => new UsageError(`${node.name} cannot be started: ${error.message}`))
    )
  })
