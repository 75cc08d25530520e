/** A node with a real containerd for the system tests: images, a pod network, certificates, and nothing left afterwards. @module */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { request } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type CertificatePair, createAuthority, issueCertificate } from "@tsukube/apiserver/certificates"
import type { Client } from "@tsukube/client"
import { isRoot, run, which } from "@tsukube/host"
import { requireTool } from "@tsukube/testing"
import { Effect, Exit, Scope } from "effect"
import { WebSocket } from "ws"
import { type Containerd, startContainerd } from "../containerd.ts"
import { type Kubelet, runKubelet } from "../kubelet.ts"
import { busyboxImage, pauseImage, writeImage } from "../oci-image.ts"
import type { ContainerRuntime } from "../runtime.ts"
import { makeCri } from "../runtimes/cri.ts"

/** Whether the machine can run real containers. */
export const canRunContainers = (suite: string): boolean =>
  requireTool(suite, {
    root: isRoot(),
    containerd: which("containerd") !== undefined,
    runc: which("runc") !== undefined,
    "CNI plugins": which("/usr/lib/cni/bridge") !== undefined,
    busybox: which("busybox") !== undefined,
    catatonit: which("catatonit") !== undefined
  })

/** A machine on which kubelets can be started and stopped. */
export interface TestNode {
  readonly dir: string
  readonly containerd: Containerd
  readonly runtime: ContainerRuntime
  /** Starts a kubelet, in the place of the one before. */
  readonly startKubelet: (client: Client) => Promise<Kubelet>
  readonly stopKubelet: () => Promise<void>
  readonly get: (path: string) => Promise<{ readonly status: number; readonly body: string }>
  readonly exec: (path: string, options?: ExecOptions) => Promise<ExecOutput>
}

export interface ExecOptions {
  readonly stdin?: string
  readonly protocol?: string
}
export interface ExecOutput {
  readonly stdout: string
  readonly stderr: string
  readonly status: {
    readonly status: string
    readonly details?: { readonly causes?: ReadonlyArray<{ readonly message: string }> }
  }
}

export const nodeName = "metal"
const bridge = "tsukube-test0"

const network = (dir: string) => ({
  cniVersion: "0.4.0",
  name: "podnet",
  plugins: [
    {
      type: "bridge",
      bridge,
      isGateway: true,
      ipMasq: false,
      hairpinMode: true,
      ipam: {
        type: "host-local",
        dataDir: join(dir, "cni-data"),
        ranges: [[{ subnet: "10.231.9.0/24" }]],
        routes: [{ dst: "0.0.0.0/0" }]
      }
    }
  ]
})

/** Builds the machine; all of it goes with the scope. */
export const makeTestNode = (): Effect.Effect<TestNode, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const dir = mkdtempSync(join(tmpdir(), "tsk-"))
    yield* Effect.addFinalizer(() =>
      Effect.ignore(run("ip", ["link", "delete", bridge])).pipe(
        Effect.andThen(Effect.sync(() => rmSync(dir, { recursive: true, force: true })))
      )
    )
    const images = join(dir, "images")
    mkdirSync(images)
    mkdirSync(join(dir, "cni"))
    writeImage(join(images, "pause.tar"), pauseImage())
    writeImage(join(images, "busybox.tar"), busyboxImage())
    writeFileSync(join(dir, "cni", "10-podnet.conflist"), JSON.stringify(network(dir)))
    const authority = yield* Effect.promise(() => createAuthority())
    const server = yield* Effect.promise(() =>
      issueCertificate(authority, { commonName: "kubelet", ipAddresses: ["127.0.0.1"], usages: ["server"] })
    )
    const client = yield* Effect.promise(() =>
      issueCertificate(authority, { commonName: "apiserver", organizations: ["system:masters"], usages: ["client"] })
    )
    const containerd = yield* startContainerd({ dir })
    yield* containerd.importImages(images)

    const runtime = yield* makeCri(containerd)
    let scope: Scope.Closeable | undefined
    let port = 0
    const stopKubelet = async (): Promise<void> => {
      if (scope !== undefined) await Effect.runPromise(Scope.close(scope, Exit.void))
      scope = undefined
    }
    yield* Effect.addFinalizer(() => Effect.promise(stopKubelet))
    const startKubelet = async (api: Client): Promise<Kubelet> => {
      await stopKubelet()
      scope = Scope.makeUnsafe()
      const started = runKubelet({
        client: api,
        nodeName,
        runtime,
        rootDir: join(dir, "kubelet"),
        addresses: ["127.0.0.1"],
        port: 0,
        tls: { cert: server.cert, key: server.key, clientCa: authority.cert }
      })
      const kubelet = await Effect.runPromise(Scope.provide(started, scope))
      port = kubelet.port
      return kubelet
    }
    const credentials = (who: CertificatePair) => ({ cert: who.cert, key: who.key, ca: authority.cert })
    return {
      dir,
      containerd,
      runtime,
      startKubelet,
      stopKubelet,
      get: (path) =>
        new Promise((resolve, reject) => {
          const call = request({ host: "127.0.0.1", port, path, agent: false, ...credentials(client) }, (response) => {
            let body = ""
            response.setEncoding("utf8").on("data", (text: string) => (body += text))
            response.on("end", () => resolve({ status: response.statusCode ?? 0, body }))
          })
          call.on("error", reject)
          call.end()
        }),
      exec: (path, options = {}) => exec(`wss://127.0.0.1:${port}${path}`, credentials(client), options)
    }
  })

const exec = (
  url: string,
  credentials: { readonly cert: string; readonly key: string; readonly ca: string },
  { stdin, protocol = "v5.channel.k8s.io" }: ExecOptions
): Promise<ExecOutput> =>
  new Promise((resolve, reject) => {
    const texts = ["", "", "", ""]
    const socket = new WebSocket(url, [protocol], credentials)
    socket.binaryType = "nodebuffer"
    socket.on("open", () => {
      if (stdin === undefined) return
      socket.send(Buffer.concat([Buffer.from([0]), Buffer.from(stdin)]))
      socket.send(Buffer.from([255, 0]))
    })
    socket.on("message", (data: Buffer) => {
      const channel = data[0] ?? 0
      texts[channel] += data.subarray(1).toString("utf8")
    })
    socket.on("error", reject)
    socket.on("close", () => {
      const [, stdout = "", stderr = "", status = ""] = texts
      if (status === "") reject(new Error(`closed without a status; stdout ${stdout}; stderr ${stderr}`))
      else resolve({ stdout, stderr, status: JSON.parse(status) })
    })
  })
