/** Puts a kubelet together: the node it registers, the pods it runs, the server it answers on. @module */
import { existsSync, mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { quantityValue } from "@tsukube/api"
import { type Node, type Service, services, type Taint } from "@tsukube/api/core-v1"
import { type Client, type Informers, makeInformers } from "@tsukube/client"
import { makeRecorder } from "@tsukube/reconciler"
import { Effect, type Scope } from "effect"
import { makeBackOff } from "./back-off.ts"
import { containerEvent } from "./events.ts"
import { makeImages } from "./images.ts"
import { keepLogsSmall } from "./log-rotation.ts"
import { machineCapacity } from "./machine.ts"
import { type ClusterDns, parseResolvConf } from "./network-files.ts"
import { runNode } from "./node.ts"
import type { NodeContext } from "./node-context.ts"
import { makeReferencedObjects } from "./objects.ts"
import { makeNodePods } from "./pods.ts"
import { makeProbes } from "./probe.ts"
import type { ContainerRuntime } from "./runtime.ts"
import { accessBy } from "./server/access.ts"
import { type KubeletTls, type ListenError, serveKubelet } from "./server.ts"
import { makeStatuses } from "./status.ts"
import { makeTokens } from "./tokens.ts"

/** What a kubelet is given. */
export interface KubeletOptions {
  readonly client: Client
  /** Caches shared with other parts of the process; default its own. */
  readonly informers?: Informers
  readonly nodeName: string
  readonly runtime: ContainerRuntime
  /** Volumes and termination messages are below it; so are the logs, in `logs`. */
  readonly rootDir: string
  readonly logDir?: string
  /** The node's own addresses; the first is where the API server finds the kubelet. */
  readonly addresses: ReadonlyArray<string>
  /** Where the server listens; default 10250, 0 = any free port. Without `tls` there is no server. */
  readonly port?: number
  readonly tls?: KubeletTls
  readonly labels?: Readonly<Record<string, string>>
  readonly taints?: ReadonlyArray<Taint>
  /** Written into the Node object; where something else does that it is left out. */
  readonly podCidr?: string
  readonly clusterDns?: ClusterDns
  /** What the node has, by resource name; default what the machine has. */
  readonly capacity?: Readonly<Record<string, string>>
  /** What of it pods may use; default all. */
  readonly allocatable?: Readonly<Record<string, string>>
}

/** A running kubelet. */
export interface Kubelet {
  readonly node: Node
  /** The port of its server; 0 without one. */
  readonly port: number
}

const restartDelayMs = 10_000
const restartLimitMs = 300_000

/**
 * Runs a kubelet until the scope ends; returns once the node is registered and its pods are followed. The pods go on without it: a kubelet that
 * is started again finds them as they are.
 */
export const runKubelet = (options: KubeletOptions): Effect.Effect<Kubelet, ListenError, Scope.Scope> =>
  Effect.gen(function* () {
    const { client, nodeName, runtime, rootDir } = options
    const informers = options.informers ?? (yield* makeInformers(client))
    const logDir = options.logDir ?? join(rootDir, "logs")
    if (!runtime.simulated) {
      mkdirSync(join(rootDir, "pods"), { recursive: true, mode: 0o711 })
      mkdirSync(logDir, { recursive: true })
    }
    const capacity = options.capacity ?? machineCapacity(rootDir)
    const allocatable = options.allocatable ?? capacity
    const pods = makeNodePods(informers, nodeName)
    const recorder = yield* makeRecorder(client, { component: "kubelet", host: nodeName })
    const probes = yield* makeProbes({
      runtime,
      onChange: pods.wake,
      onUnhealthy: (pod, container, message) => containerEvent(recorder, pod, container.name, "Warning", "Unhealthy", message)
    })
    const node: NodeContext = {
      nodeName,
      rootDir,
      logDir,
      client,
      runtime,
      recorder,
      probes,
      statuses: yield* makeStatuses(client, nodeName),
      images: makeImages(runtime, makeBackOff(restartDelayMs, restartLimitMs)),
      tokens: makeTokens(client),
      objects: makeReferencedObjects(client),
      restarts: makeBackOff(restartDelayMs, restartLimitMs),
      services: yield* listedServices(informers, runtime),
      hostIps: options.addresses,
      allocatable,
      memoryBytes: quantityValue(capacity["memory"] ?? "0"),
      clusterDns: options.clusterDns,
      hostDns: parseResolvConf(existsSync("/etc/resolv.conf") ? readFileSync("/etc/resolv.conf", "utf8") : "")
    }
    const port =
      options.tls === undefined
        ? 0
        : yield* serveKubelet({
            host: options.addresses[0] ?? "127.0.0.1",
            port: options.port ?? 10250,
            tls: options.tls,
            runtime,
            access: accessBy(client, nodeName),
            pods
          })
    const registered = yield* runNode(client, {
      name: nodeName,
      labels: options.labels ?? {},
      taints: options.taints ?? [],
      podCidr: options.podCidr,
      addresses: options.addresses,
      port,
      capacity,
      allocatable,
      runtime
    })
    yield* pods.run(node)
    if (!runtime.simulated) yield* Effect.forkScoped(keepLogsSmall(runtime, logDir))
    recorder.event({ apiVersion: "v1", kind: "Node", name: nodeName, uid: nodeName }, "Normal", "Starting", "Starting kubelet.")
    return { node: registered, port }
  })

/** Nothing runs on a simulated node that could read its environment, so it does not follow the services. */
const listedServices = (informers: Informers, runtime: ContainerRuntime): Effect.Effect<() => ReadonlyArray<Service>> =>
  Effect.gen(function* () {
    if (runtime.simulated) return () => []
    const informer = informers.of(services)
    yield* informer.synced
    return informer.list
  })
