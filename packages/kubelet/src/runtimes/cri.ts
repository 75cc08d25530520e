/** A container runtime behind the Container Runtime Interface: containerd, or anything else that speaks CRI v1. @module */
import { Effect, Layer, type Scope } from "effect"
import { makeCriClient } from "../cri/client.ts"
import { containerConfig, sandboxConfig } from "../cri/config.ts"
import { readLogFile } from "../log-file.ts"
import {
  ContainerRuntime,
  labelKeys,
  type RuntimeContainer,
  type RuntimeError,
  type RuntimeImage,
  type RuntimePodSummary,
  type RuntimeSandbox
} from "../runtime.ts"

interface CriSandbox {
  readonly id: string
  readonly metadata: { readonly name: string; readonly uid: string; readonly namespace: string; readonly attempt: number }
  readonly state: "SANDBOX_READY" | "SANDBOX_NOTREADY"
  readonly created_at: number
  readonly labels: Readonly<Record<string, string>>
  readonly network?: { readonly ip: string; readonly additional_ips: ReadonlyArray<{ readonly ip: string }> } | null
}
interface CriContainer {
  readonly id: string
  readonly pod_sandbox_id: string
  readonly metadata: { readonly name: string; readonly attempt: number }
  readonly state: string
  readonly created_at: number
  readonly image_ref: string
  readonly labels: Readonly<Record<string, string>>
}
interface CriContainerStatus {
  readonly id: string
  readonly metadata: { readonly name: string; readonly attempt: number }
  readonly state: string
  readonly created_at: number
  readonly started_at: number
  readonly finished_at: number
  readonly exit_code: number
  readonly image: { readonly image: string }
  readonly image_ref: string
  readonly reason: string
  readonly message: string
  readonly annotations: Readonly<Record<string, string>>
  readonly log_path: string
}
interface CriImage {
  readonly id: string
  readonly repo_tags: ReadonlyArray<string>
  readonly repo_digests: ReadonlyArray<string>
  readonly size: number
  readonly uid?: { readonly value: number } | null
  readonly username: string
}
interface CriCondition {
  readonly type: string
  readonly status: boolean
  readonly reason: string
  readonly message: string
}
interface CriStats {
  readonly attributes?: {
    readonly id: string
    readonly metadata?: { readonly name: string }
    readonly labels: Readonly<Record<string, string>>
  }
  readonly cpu?: { readonly usage_core_nano_seconds?: { readonly value: number } | null } | null
  readonly memory?: { readonly working_set_bytes?: { readonly value: number } | null } | null
}

const stateNames: Readonly<Record<string, RuntimeContainer["state"]>> = {
  CONTAINER_CREATED: "created",
  CONTAINER_RUNNING: "running",
  CONTAINER_EXITED: "exited"
}
const milliseconds = (nanoseconds: number): number => Math.floor(nanoseconds / 1e6)
/** A runtime that is asked to forget what it does not know has done its work. */
const ignoreAbsent = <A>(effect: Effect.Effect<A, RuntimeError>): Effect.Effect<void, RuntimeError> =>
  effect.pipe(
    Effect.asVoid,
    Effect.catchTag("RuntimeError", (error) => (error.code === "NotFound" ? Effect.void : Effect.fail(error)))
  )

/** Where a runtime is. */
export interface CriOptions {
  /** A path, or `unix:///path`. */
  readonly socket: string
  /** The scheme of container ids; default `containerd`. */
  readonly name?: string
  /** The mount namespace the runtime was started in, when that is not ours: what the kubelet mounts has to be mounted there. */
  readonly mountNs?: string
}

/** A runtime at a unix socket. */
export const makeCri = (options: CriOptions): Effect.Effect<ContainerRuntime, never, Scope.Scope> =>
  Effect.gen(function* () {
    const call = yield* makeCriClient(options.socket.replace(/^unix:\/\//, ""))
    const service = "RuntimeService"
    const images = "ImageService"
    /** What ended stays as it ended: it need not be asked for again. */
    const ended = new Map<string, RuntimeContainer>()

    const statusOf = (item: CriContainer): Effect.Effect<RuntimeContainer | undefined, RuntimeError> => {
      const known = ended.get(item.id)
      if (known !== undefined) return Effect.succeed(known)
      return call<{ status: CriContainerStatus }>(service, "ContainerStatus", { container_id: item.id }).pipe(
        Effect.map(({ status }) => {
          const container = containerOf(item, status)
          if (container.state === "exited") ended.set(item.id, container)
          return container
        }),
        // It was removed between the list and the question.
        Effect.catchTag("RuntimeError", (error) => (error.code === "NotFound" ? Effect.succeed(undefined) : Effect.fail(error)))
      )
    }
    const sandboxOf = (item: CriSandbox): Effect.Effect<RuntimeSandbox | undefined, RuntimeError> =>
      call<{ status: CriSandbox }>(service, "PodSandboxStatus", { pod_sandbox_id: item.id }).pipe(
        Effect.map(({ status }) => toSandbox(status)),
        Effect.catchTag("RuntimeError", (error) => (error.code === "NotFound" ? Effect.succeed(undefined) : Effect.fail(error)))
      )

    const runtime: ContainerRuntime = {
      name: options.name ?? "containerd",
      simulated: false,
      ...(options.mountNs === undefined ? {} : { mountNs: options.mountNs }),
      version: call<{ runtime_name: string; runtime_version: string }>(service, "Version", { version: "v1" }).pipe(
        Effect.map(({ runtime_name, runtime_version }) => `${runtime_name}://${runtime_version.replace(/^v/, "")}`)
      ),
      notReady: call<{ status?: { conditions: ReadonlyArray<CriCondition> } | null }>(service, "Status", {}).pipe(
        Effect.map(({ status }) => {
          const failed = status?.conditions.find((condition) => !condition.status)
          if (failed === undefined) return undefined
          const what = failed.type === "NetworkReady" ? "container runtime network not ready: " : "container runtime not ready: "
          return `${what}${failed.type}=false reason:${failed.reason} message:${failed.message}`
        })
      ),
      runSandbox: (spec) =>
        call<{ pod_sandbox_id: string }>(
          service,
          "RunPodSandbox",
          { config: sandboxConfig(spec), runtime_handler: spec.handler },
          { timeoutMs: 240_000 }
        ).pipe(Effect.map(({ pod_sandbox_id }) => pod_sandbox_id)),
      stopSandbox: (id) => ignoreAbsent(call(service, "StopPodSandbox", { pod_sandbox_id: id })),
      removeSandbox: (id) => ignoreAbsent(call(service, "RemovePodSandbox", { pod_sandbox_id: id })),
      createContainer: (sandboxId, spec, sandbox) =>
        call<{ container_id: string }>(service, "CreateContainer", {
          pod_sandbox_id: sandboxId,
          config: containerConfig(spec, sandbox),
          sandbox_config: sandboxConfig(sandbox)
        }).pipe(Effect.map(({ container_id }) => container_id)),
      startContainer: (id) => Effect.asVoid(call(service, "StartContainer", { container_id: id })),
      stopContainer: (id, timeoutSeconds) =>
        ignoreAbsent(
          call(
            service,
            "StopContainer",
            { container_id: id, timeout: timeoutSeconds },
            { timeoutMs: 120_000 + timeoutSeconds * 1000 }
          )
        ),
      removeContainer: (id) =>
        ignoreAbsent(call(service, "RemoveContainer", { container_id: id })).pipe(
          Effect.tap(() => Effect.sync(() => ended.delete(id)))
        ),
      pods: Effect.gen(function* () {
        const { items } = yield* call<{ items: ReadonlyArray<CriSandbox> }>(service, "ListPodSandbox", {})
        const { containers } = yield* call<{ containers: ReadonlyArray<CriContainer> }>(service, "ListContainers", {})
        return summariesOf(items, containers)
      }),
      pod: (uid) =>
        Effect.gen(function* () {
          const filter = { label_selector: { [labelKeys.podUid]: uid } }
          const { items } = yield* call<{ items: ReadonlyArray<CriSandbox> }>(service, "ListPodSandbox", { filter })
          const { containers } = yield* call<{ containers: ReadonlyArray<CriContainer> }>(service, "ListContainers", { filter })
          const sandboxes = yield* Effect.all(items.map(sandboxOf))
          const statuses = yield* Effect.all(containers.map(statusOf))
          return {
            sandboxes: sandboxes.filter((sandbox) => sandbox !== undefined).toSorted((a, b) => b.createdAt - a.createdAt),
            containers: statuses.filter((container) => container !== undefined).toSorted((a, b) => b.createdAt - a.createdAt)
          }
        }),
      image: (image) =>
        call<{ image?: CriImage | null }>(images, "ImageStatus", { image: { image } }).pipe(
          Effect.map((response) => (response.image == null || response.image.id === "" ? undefined : toImage(response.image)))
        ),
      images: call<{ images: ReadonlyArray<CriImage> }>(images, "ListImages", {}).pipe(
        Effect.map((response) => response.images.map(toImage))
      ),
      pullImage: (image, login) =>
        call<{ image_ref: string }>(
          images,
          "PullImage",
          {
            image: { image },
            ...(login === undefined
              ? {}
              : {
                  auth: {
                    username: login.username ?? "",
                    password: login.password ?? "",
                    auth: login.auth ?? "",
                    server_address: login.server,
                    identity_token: login.identityToken ?? "",
                    registry_token: login.registryToken ?? ""
                  }
                })
          },
          { timeoutMs: 3_600_000 }
        ).pipe(Effect.map(({ image_ref }) => image_ref)),
      removeImage: (image) => ignoreAbsent(call(images, "RemoveImage", { image: { image } })),
      execute: (id, command, timeoutSeconds) =>
        call<{ stdout: Uint8Array; stderr: Uint8Array; exit_code: number }>(
          service,
          "ExecSync",
          { container_id: id, cmd: command, timeout: timeoutSeconds },
          { timeoutMs: timeoutSeconds > 0 ? timeoutSeconds * 1000 + 5000 : 3_600_000 }
        ).pipe(Effect.map(({ stdout, stderr, exit_code }) => ({ stdout, stderr, exitCode: exit_code }))),
      stream: (id, { command, ...streams }) =>
        command === undefined
          ? call<{ url: string }>(service, "Attach", { container_id: id, ...streams })
          : call<{ url: string }>(service, "Exec", { container_id: id, cmd: command, ...streams }),
      portForward: (sandboxId, ports) =>
        call<{ url: string }>(service, "PortForward", { pod_sandbox_id: sandboxId, port: ports }),
      logs: (container, wanted, isEnded) => readLogFile(container.logPath, wanted, isEnded),
      reopenLog: (id) => Effect.asVoid(call(service, "ReopenContainerLog", { container_id: id })),
      stats: call<{ stats: ReadonlyArray<CriStats> }>(service, "ListContainerStats", {}).pipe(
        Effect.map(({ stats }) =>
          stats.map((item) => ({
            containerId: item.attributes?.id ?? "",
            podUid: item.attributes?.labels[labelKeys.podUid] ?? "",
            name: item.attributes?.metadata?.name ?? "",
            cpuNanoSeconds: item.cpu?.usage_core_nano_seconds?.value ?? 0,
            memoryBytes: item.memory?.working_set_bytes?.value ?? 0
          }))
        )
      )
    }
    return runtime
  })

/** A layer of `makeCri`. */
export const layerCri = (options: CriOptions): Layer.Layer<ContainerRuntime> => Layer.effect(ContainerRuntime, makeCri(options))

const toSandbox = (status: CriSandbox): RuntimeSandbox => ({
  id: status.id,
  podUid: status.metadata.uid,
  podName: status.metadata.name,
  podNamespace: status.metadata.namespace,
  attempt: status.metadata.attempt,
  ready: status.state === "SANDBOX_READY",
  createdAt: milliseconds(status.created_at),
  ips: [status.network?.ip ?? "", ...(status.network?.additional_ips ?? []).map(({ ip }) => ip)].filter((ip) => ip !== "")
})

const containerOf = (item: CriContainer, status: CriContainerStatus): RuntimeContainer => ({
  id: item.id,
  sandboxId: item.pod_sandbox_id,
  podUid: item.labels[labelKeys.podUid] ?? "",
  name: status.metadata.name,
  attempt: status.metadata.attempt,
  state: stateNames[status.state] ?? "unknown",
  createdAt: milliseconds(status.created_at),
  startedAt: milliseconds(status.started_at),
  finishedAt: milliseconds(status.finished_at),
  exitCode: status.exit_code,
  reason: status.reason,
  message: status.message,
  image: status.image.image,
  imageId: status.image_ref,
  logPath: status.log_path,
  annotations: status.annotations
})

const toImage = (image: CriImage): RuntimeImage => ({
  id: image.id,
  tags: image.repo_tags,
  digests: image.repo_digests,
  sizeBytes: image.size,
  ...(image.uid == null ? {} : { uid: image.uid.value }),
  ...(image.username === "" ? {} : { username: image.username })
})

/** Sandboxes and containers that the kubelet made, by pod; what others made has no pod uid and is left alone. */
const summariesOf = (
  sandboxes: ReadonlyArray<CriSandbox>,
  containers: ReadonlyArray<CriContainer>
): ReadonlyArray<RuntimePodSummary> => {
  const pods = new Map<string, { uid: string; name: string; namespace: string; states: Array<string> }>()
  for (const { id, state, labels } of [...sandboxes, ...containers]) {
    const uid = labels[labelKeys.podUid]
    if (uid === undefined) continue
    const pod = pods.get(uid) ?? {
      uid,
      name: labels[labelKeys.podName] ?? "",
      namespace: labels[labelKeys.podNamespace] ?? "",
      states: []
    }
    pod.states.push(`${id}:${state}`)
    pods.set(uid, pod)
  }
  return [...pods.values()].map(({ states, ...pod }) => ({ ...pod, fingerprint: states.toSorted().join(" ") }))
}
