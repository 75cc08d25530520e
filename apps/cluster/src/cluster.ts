/** A whole cluster in one scope: store, API server, controllers, scheduler, nodes; ended in the reverse order. @module */
import { hostname, networkInterfaces } from "node:os"
import { join } from "node:path"
import { nodes as nodeResource } from "@tsukube/api/core-v1"
import { type Apiserver, type Connection, enabledResources, serve, serveInsecure } from "@tsukube/apiserver"
import { makeClient } from "@tsukube/client"
import { isRoot, lockFolder } from "@tsukube/host"
import { containerdInstalled } from "@tsukube/kubelet"
import { Effect, Layer, type Scope } from "effect"
import { openAuthority } from "./authority.ts"
import { makeApiserver, runLoops } from "./control-plane.ts"
import { type ClusterOptions, UsageError } from "./flags.ts"
import { writeKubeconfig } from "./kubeconfig.ts"
import { podNetworks } from "./pod-networks.ts"
import { endOldNodes, makeUnderlay, startRealNode } from "./real-nodes.ts"
import { type NodeSpec, runSimulatedNodes } from "./simulated-nodes.ts"
import { storeLayer } from "./stores.ts"

/** What runs the containers, once `auto` has been decided. */
export type Runtime =
  | { readonly kind: "simulated" }
  | { readonly kind: "containerd" }
  | { readonly kind: "socket"; readonly path: string }

/** A cluster that can be used. */
export interface Cluster {
  readonly url: string
  /** Where the insecure port is, when there is one. */
  readonly insecureUrl?: string
  readonly runtime: Runtime
}

const loopback = "127.0.0.1"
/** How long a real node may take to become Ready. */
const nodeReadyMs = 60_000

/** Decides what runs the containers, and refuses what this machine cannot do. */
export const chooseRuntime = (choice: ClusterOptions["runtime"], nodes: number, root: boolean, installed: boolean): Runtime => {
  if (choice === "simulated") return { kind: "simulated" }
  if (choice === "auto") return { kind: root && installed ? "containerd" : "simulated" }
  if (!root) throw new UsageError(`--runtime ${choice}: real nodes need root; start with sudo, or choose --runtime simulated`)
  if (choice === "containerd") {
    if (!installed)
      throw new UsageError(
        "--runtime containerd: containerd is not installed; scripts/install-node-tools.sh installs it on Debian and Ubuntu"
      )
    return { kind: "containerd" }
  }
  if (nodes !== 1) throw new UsageError(`--runtime ${choice}: one runtime serves one node; give --nodes 1`)
  return { kind: "socket", path: choice.slice("unix://".length) }
}

/** The first address of this machine that others can reach; undefined on one without a network. */
const machineAddress = (): string | undefined =>
  Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.family === "IPv4" && !address.internal)?.address

/** Waits until every node of these names is Ready. */
const nodesReady = (client: ReturnType<typeof makeClient>, names: ReadonlyArray<string>): Effect.Effect<void, UsageError> => {
  const missing = client.list(nodeResource).pipe(
    Effect.map(({ items }) => {
      const ready = items.filter((node) =>
        node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True")
      )
      return names.filter((name) => !ready.some((node) => node.metadata?.name === name))
    }),
    Effect.orElseSucceed(() => names)
  )
  return missing.pipe(
    Effect.tap((names) => (names.length > 0 ? Effect.sleep("50 millis") : Effect.void)),
    Effect.repeat({ until: (names) => names.length === 0 }),
    Effect.timeoutOrElse({
      duration: nodeReadyMs,
      orElse: () => Effect.fail(new UsageError("not all nodes became Ready; their logs are in the data folder, under logs/"))
    }),
    Effect.asVoid
  )
}

/**
 * Starts a cluster that lives as long as the scope, and returns when it can be used: the API server answers and all nodes are Ready.
 * `progress` is told what is being done. Fails with `UsageError`, whose message names the flag to change.
 */
export const startCluster = (
  options: ClusterOptions,
  progress: (line: string) => void
): Effect.Effect<Cluster, UsageError, Scope.Scope> =>
  Effect.gen(function* () {
    const runtime = yield* Effect.try({
      try: () => chooseRuntime(options.runtime, options.nodes, isRoot(), containerdInstalled()),
      catch: (error) => error as UsageError
    })
    const networks = yield* Effect.try({
      try: () => podNetworks(options.clusterCidr, options.nodes),
      catch: (error) => error as UsageError
    })
    const nodes: ReadonlyArray<NodeSpec> = networks.map((podCidr, i) => ({ name: `node-${i + 1}`, podCidr }))
    yield* lockFolder(options.dataDir, { flag: "--data-dir" }).pipe(Effect.mapError((error) => new UsageError(error.message)))
    const authority = yield* openAuthority(join(options.dataDir, "pki"))

    // The underlay comes first, because the API server listens on it; it goes last, when no node needs it any more.
    yield* endOldNodes(options.dataDir)
    const underlay = runtime.kind === "containerd" ? yield* makeUnderlay(options.dataDir, nodes) : undefined
    const advertised = underlay?.gateway ?? machineAddress()

    const serving = yield* authority.issue({
      commonName: "kube-apiserver",
      dnsNames: [
        ...["localhost", hostname(), "kubernetes", "kubernetes.default", "kubernetes.default.svc"],
        "kubernetes.default.svc.cluster.local"
      ],
      ipAddresses: [loopback, firstAddress(options.serviceCidr), ...(advertised === undefined ? [] : [advertised])]
    })
    // Listening comes first: a port that is taken is found out before anything heavy starts, and the port is known to what follows.
    const started = Promise.withResolvers<Apiserver>()
    const handler = { fetch: async (request: Request, from?: Connection) => (await started.promise).fetch(request, from) }
    const listen = (host: string, port: number) =>
      serve(handler, { host, port, tls: { ...serving, clientCa: authority.certificate } }).pipe(
        Effect.mapError((error) => new UsageError(`--secure-port ${port}: ${error.message}`))
      )
    const { port, url } = yield* listen(loopback, options.securePort)
    if (advertised !== undefined) yield* listen(advertised, port)

    const insecure =
      options.insecurePort === 0
        ? undefined
        : yield* serveInsecure(
            { fetchAs: (user) => async (request) => (await started.promise).fetchAs(user)(request) },
            { port: options.insecurePort }
          ).pipe(Effect.mapError((error) => new UsageError(`--insecure-port ${options.insecurePort}: ${error.message}`)))

    progress(`store: ${withoutPassword(options.store)}`)
    const storeContext = yield* Layer.build(storeLayer(options)).pipe(
      Effect.mapError((error) => new UsageError(`--store ${withoutPassword(options.store)}: ${error.message}`))
    )
    const kubeletClient = yield* authority.issue({
      commonName: "kube-apiserver-kubelet-client",
      organizations: ["system:masters"]
    })
    const apiserver = yield* makeApiserver({
      serviceCidr: options.serviceCidr,
      runtimeConfig: options.runtimeConfig,
      serviceAccountKey: authority.serviceAccountKey,
      kubeletClient: { ...kubeletClient, ca: authority.certificate },
      ...(advertised === undefined ? {} : { advertise: { address: advertised, port } })
    }).pipe(
      Effect.provide(storeContext),
      Effect.mapError((error) => new UsageError(`--store ${withoutPassword(options.store)}: ${error.message}`))
    )
    started.resolve(apiserver)

    const admin = yield* authority.issue({ commonName: "kubernetes-admin", organizations: ["system:masters"] })
    writeKubeconfig(options.kubeconfig, {
      server: url,
      authority: authority.certificate,
      user: "kubernetes-admin",
      ...admin
    })
    const identity = options.store.startsWith("postgres") ? `${hostname()}_${process.pid}` : undefined
    yield* runLoops({
      apiserver,
      resources: enabledResources(options.runtimeConfig),
      clusterCidr: options.clusterCidr,
      rootCa: authority.certificate,
      identity
    })

    if (runtime.kind === "simulated") {
      progress(`nodes: ${nodes.length}, simulated`)
      yield* runSimulatedNodes({ apiserver, authority, nodes, dataDir: options.dataDir }).pipe(
        Effect.mapError((error) => new UsageError(error.message))
      )
    } else {
      progress(`nodes: ${nodes.length}, ${runtime.kind === "socket" ? runtime.path : "each with a containerd of its own"}`)
      for (const node of nodes) {
        const place = underlay?.nodes.find(({ name }) => name === node.name)
        yield* startRealNode(options, authority, {
          node,
          address: place?.address ?? advertised ?? loopback,
          netns: place?.netns,
          server: `https://${advertised ?? loopback}:${port}`,
          socket: runtime.kind === "socket" ? runtime.path : undefined
        })
      }
      const client = makeClient(apiserver.fetchAs({ name: "kubernetes-admin", groups: ["system:masters"] }))
      yield* nodesReady(
        client,
        nodes.map(({ name }) => name)
      )
    }
    // What is added last ends first: everything still answers while `/readyz` says that the end is near.
    yield* Effect.addFinalizer(() => Effect.andThen(Effect.sync(apiserver.drain), Effect.sleep(options.shutdownDelayMs)))
    return { url, ...(insecure === undefined ? {} : { insecureUrl: insecure.url }), runtime }
  })

const withoutPassword = (url: string): string => url.replace(/:[^:@/]*@/, "@")

/** The address of the `kubernetes` Service: the first of the range. */
const firstAddress = (cidr: string): string => {
  const [address = ""] = cidr.split("/")
  const last = address.lastIndexOf(".")
  return `${address.slice(0, last)}.${Number(address.slice(last + 1)) + 1}`
}
