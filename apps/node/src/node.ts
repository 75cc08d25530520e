/** A real node in one scope: pod network, service proxy, container runtime, kubelet; ended in the reverse order. @module */
import { mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { connect, type Informers, loadKubeconfig, makeClient, makeInformers } from "@tsukube/client"
import { which } from "@tsukube/host"
import { type ContainerRuntime, makeCri, runKubelet, startContainerd } from "@tsukube/kubelet"
import { pauseImage, writeImage } from "@tsukube/kubelet/oci-image"
import { nodeLeases, runOverlay, vxlanBackend } from "@tsukube/netoverlay"
import { iptablesBackend, runProxy } from "@tsukube/proxy"
import { Effect, type Scope } from "effect"
import type { NodeOptions } from "./flags.ts"

const clientOf = (kubeconfig: string) =>
  Effect.gen(function* () {
    const client = makeClient(yield* connect(yield* loadKubeconfig({ file: kubeconfig })))
    return { client, informers: yield* makeInformers(client) }
  })

/** Brings the pod network up as soon as the Node object tells this node's part of it. */
const startOverlay = (options: NodeOptions, cniConfDir: string, side: Effect.Success<ReturnType<typeof clientOf>>) =>
  runOverlay({
    leases: nodeLeases({ ...side, nodeName: options.nodeName }),
    backend: vxlanBackend({ publicIp: options.address }),
    clusterCidr: options.clusterCidr,
    cni: { confDir: cniConfDir, dataDir: join(options.rootDir, "cni") }
  })

const startProxy = (options: NodeOptions, informers: Informers) =>
  runProxy({
    informers,
    backend: iptablesBackend({ clusterCidr: options.clusterCidr }),
    nodeName: options.nodeName,
    cleanupAtEnd: true
  })

/** The image of every pod's first process is made here where that can be done, so that no registry is needed for it. */
const writePauseImage = (containerdDir: string): string => {
  const folder = join(containerdDir, "images")
  mkdirSync(folder, { recursive: true })
  const binary = which("catatonit")
  if (binary !== undefined) writeImage(join(folder, "pause.tar"), pauseImage(binary))
  return folder
}

/** The runtime behind a socket, or a containerd of our own with the images of the `--images` folder. */
const startRuntime = (options: NodeOptions, cniConfDir: string) =>
  Effect.gen(function* () {
    if (options.containerdDir === undefined) return yield* makeCri({ socket: options.runtimeSocket ?? "" })
    const containerd = yield* startContainerd({ dir: options.containerdDir, cniConfDir })
    yield* containerd.importImages(writePauseImage(options.containerdDir))
    if (options.images !== undefined) {
      const imported = yield* containerd.importImages(options.images)
      yield* Effect.logInfo(`imported ${imported.join(", ")}`)
    }
    return yield* makeCri(containerd)
  })

/** Runs the node until the scope ends; returns when it is registered. */
export const runNode = (options: NodeOptions): Effect.Effect<void, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const kubelet = yield* clientOf(options.kubeconfig)
    const cniConfDir = join(options.rootDir, "net.d")
    const runtime: ContainerRuntime = yield* startRuntime(options, cniConfDir)
    if (options.proxyMode === "iptables") yield* startProxy(options, (yield* clientOf(options.proxyKubeconfig)).informers)
    // The overlay waits for the Node object, which the kubelet makes; pods wait for the overlay, since containerd has no network before.
    if (options.containerdDir !== undefined) yield* startOverlay(options, cniConfDir, kubelet)
    yield* runKubelet({
      ...kubelet,
      nodeName: options.nodeName,
      runtime,
      rootDir: options.rootDir,
      addresses: [options.address],
      tls: {
        cert: readFileSync(options.tlsCert, "utf8"),
        key: readFileSync(options.tlsKey, "utf8"),
        clientCa: readFileSync(options.clientCa, "utf8")
      },
      ...(options.podCidr === undefined ? {} : { podCidr: options.podCidr })
    })
  })
