/** What a container runtime must do for the kubelet: sandboxes, images, containers, their logs and streams. @module */
import { Context, Data, type Effect } from "effect"

/** A call the runtime refused or could not answer; `code` is the gRPC name of the reason, as "NotFound" or "Unavailable". */
export class RuntimeError extends Data.Error<{ readonly operation: string; readonly code: string; readonly message: string }> {
  readonly _tag = "RuntimeError"
}

/** How system calls are filtered: the runtime's default profile, none, or a profile file of the node. */
export type SeccompProfile =
  | { readonly type: "RuntimeDefault" }
  | { readonly type: "Unconfined" }
  | { readonly type: "Localhost"; readonly path: string }

/** Which namespaces of the node a pod shares. */
export interface SharedNamespaces {
  readonly network: boolean
  readonly pid: boolean
  readonly ipc: boolean
  /** The containers of the pod see each other's processes. */
  readonly processes: boolean
}

/** A pod's sandbox: the network and the namespaces its containers live in. */
export interface SandboxSpec {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  /** Counts the sandboxes of one pod, from 0. */
  readonly attempt: number
  readonly hostname: string
  /** The folder below which the containers' log files are written. */
  readonly logDirectory: string
  readonly dns?: {
    readonly servers: ReadonlyArray<string>
    readonly searches: ReadonlyArray<string>
    readonly options: ReadonlyArray<string>
  }
  readonly portMappings: ReadonlyArray<{
    readonly protocol: "TCP" | "UDP" | "SCTP"
    readonly containerPort: number
    readonly hostPort: number
    readonly hostIp: string
  }>
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly cgroupParent: string
  readonly sysctls: Readonly<Record<string, string>>
  readonly share: SharedNamespaces
  readonly privileged: boolean
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly supplementalGroups: ReadonlyArray<number>
  readonly seccomp: SeccompProfile
  /** The runtime handler of the pod's RuntimeClass; "" is the default one. */
  readonly handler: string
}

/** A file or folder of the node shown inside a container. */
export interface ContainerMount {
  readonly containerPath: string
  readonly hostPath: string
  readonly readOnly: boolean
  readonly propagation: "None" | "HostToContainer" | "Bidirectional"
}

/** What a container may use; shares and quota are in the kernel's units, memory in bytes, 0 = no limit. */
export interface ContainerResources {
  readonly cpuShares: number
  readonly cpuQuota: number
  readonly cpuPeriod: number
  readonly memoryLimitBytes: number
  readonly oomScoreAdjust: number
}

/** The rights of a container's processes. */
export interface ContainerSecurity {
  readonly privileged: boolean
  readonly capabilities: { readonly add: ReadonlyArray<string>; readonly drop: ReadonlyArray<string> }
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly supplementalGroups: ReadonlyArray<number>
  readonly readOnlyRootFilesystem: boolean
  readonly noNewPrivileges: boolean
  readonly seccomp: SeccompProfile
  readonly unmaskedProc: boolean
}

/** One container to create inside a sandbox. */
export interface ContainerSpec {
  readonly name: string
  /** Counts the containers of this name in the pod, from 0. */
  readonly attempt: number
  readonly image: string
  readonly command: ReadonlyArray<string>
  readonly args: ReadonlyArray<string>
  readonly workingDir: string
  readonly environment: ReadonlyArray<{ readonly name: string; readonly value: string }>
  readonly mounts: ReadonlyArray<ContainerMount>
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Relative to the sandbox's log folder. */
  readonly logPath: string
  /** The TCP ports that it declares. */
  readonly ports: ReadonlyArray<number>
  readonly stdin: boolean
  readonly stdinOnce: boolean
  readonly tty: boolean
  readonly resources: ContainerResources
  readonly security: ContainerSecurity
  /** The container whose processes this one sees, by its id. */
  readonly targetId?: string
  readonly ends: ContainerEnd
}

/** Whether a container is expected to end by itself: a simulated runtime has nothing else to go by. */
export type ContainerEnd = "never" | "init" | "run"

/** A sandbox as the runtime sees it. */
export interface RuntimeSandbox {
  readonly id: string
  readonly podUid: string
  readonly podName: string
  readonly podNamespace: string
  readonly attempt: number
  readonly ready: boolean
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  /** Empty for a pod on the node's network. */
  readonly ips: ReadonlyArray<string>
}

/** A container as the runtime sees it; times are milliseconds since the epoch, 0 where not yet. */
export interface RuntimeContainer {
  readonly id: string
  readonly sandboxId: string
  readonly podUid: string
  readonly name: string
  readonly attempt: number
  readonly state: "created" | "running" | "exited" | "unknown"
  readonly createdAt: number
  readonly startedAt: number
  readonly finishedAt: number
  readonly exitCode: number
  readonly reason: string
  readonly message: string
  readonly image: string
  readonly imageId: string
  readonly logPath: string
  readonly annotations: Readonly<Record<string, string>>
}

/** Everything the runtime holds of one pod, newest first. */
export interface RuntimePod {
  readonly sandboxes: ReadonlyArray<RuntimeSandbox>
  readonly containers: ReadonlyArray<RuntimeContainer>
}

/** A pod in the runtime's list; `fingerprint` changes whenever the state of a sandbox or container does. */
export interface RuntimePodSummary {
  readonly uid: string
  readonly name: string
  readonly namespace: string
  readonly fingerprint: string
}

/** An image on the node. */
export interface RuntimeImage {
  readonly id: string
  readonly tags: ReadonlyArray<string>
  readonly digests: ReadonlyArray<string>
  readonly sizeBytes: number
  /** The user the image asks for, where it names one. */
  readonly uid?: number
  readonly username?: string
}

/** A login to a registry. */
export interface RegistryLogin {
  readonly username?: string
  readonly password?: string
  readonly auth?: string
  readonly identityToken?: string
  readonly registryToken?: string
  readonly server: string
}

/** What a command printed and how it ended. */
export interface ExecResult {
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
  readonly exitCode: number
}

/** A command to run with streams, or (without a command) the container's own process to attach to. */
export interface StreamRequest {
  readonly command?: ReadonlyArray<string>
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

/** The size of a terminal, in characters. */
export interface TerminalSize {
  readonly width: number
  readonly height: number
}

/** What a program that runs in this process is joined to. */
export interface ProgramStreams {
  /** Ends when the client has no more to say, or has gone. */
  readonly stdin: AsyncIterable<Uint8Array>
  /** Resolves when there is room for more. */
  readonly stdout: (bytes: Uint8Array) => Promise<void>
  readonly stderr: (bytes: Uint8Array) => Promise<void>
  /** Calls back with the size of the client's terminal, now and whenever it changes. */
  readonly onResize: (listener: (size: TerminalSize) => void) => void
  /** The client has gone. */
  readonly signal: AbortSignal
}

/** A program that runs in this process; resolves to its exit code. */
export type Program = (streams: ProgramStreams) => Promise<number>

/** Where the streams are: at a streaming server that speaks SPDY/3.1, or at a program of this process. */
export type StreamTarget = { readonly url: string } | { readonly program: Program }

/** One connection to a port, seen from the side that serves it. */
export interface PortConnection {
  readonly input: AsyncIterable<Uint8Array>
  /** Resolves when there is room for more. */
  readonly output: (bytes: Uint8Array) => Promise<void>
}

/** Serves connections to a port; the connection is over when it resolves. */
export type PortServer = (connection: PortConnection) => Promise<void>

/** Where ports are: at a streaming server, or in this process, where a port that nobody listens on has no server. */
export type PortTarget = { readonly url: string } | { readonly serverOf: (port: number) => PortServer | undefined }

/** Which part of a container's log is wanted. */
export interface LogOptions {
  readonly follow: boolean
  readonly timestamps: boolean
  readonly tailLines?: number
  /** Milliseconds since the epoch. */
  readonly since?: number
  readonly limitBytes?: number
  /** One of the two; default both. */
  readonly stream?: "stdout" | "stderr"
}

/** How much a container uses. */
export interface RuntimeStats {
  readonly containerId: string
  readonly podUid: string
  readonly name: string
  readonly cpuNanoSeconds: number
  readonly memoryBytes: number
}

/** A container runtime: containerd through CRI, or a simulated one. */
export interface ContainerRuntime {
  /** The scheme of container ids: "containerd", "simulated". */
  readonly name: string
  readonly version: Effect.Effect<string, RuntimeError>
  /** Why no pod can be started, in words; undefined when pods can. Fails when the runtime does not answer. */
  readonly notReady: Effect.Effect<string | undefined, RuntimeError>
  /** No process runs: volumes are resolved but not written, probes always succeed. */
  readonly simulated: boolean
  /** The mount namespace in which the runtime sees the node's files; absent when it is this process's own. */
  readonly mountNs?: string
  /** Takes a sandbox's network and namespaces into being; gives its id. */
  readonly runSandbox: (spec: SandboxSpec) => Effect.Effect<string, RuntimeError>
  /** Ends all processes and gives the IP back; may be repeated. */
  readonly stopSandbox: (id: string) => Effect.Effect<void, RuntimeError>
  readonly removeSandbox: (id: string) => Effect.Effect<void, RuntimeError>
  readonly createContainer: (sandboxId: string, spec: ContainerSpec, sandbox: SandboxSpec) => Effect.Effect<string, RuntimeError>
  readonly startContainer: (id: string) => Effect.Effect<void, RuntimeError>
  /** Asks the process to end, and kills it after `timeoutSeconds`. */
  readonly stopContainer: (id: string, timeoutSeconds: number) => Effect.Effect<void, RuntimeError>
  readonly removeContainer: (id: string) => Effect.Effect<void, RuntimeError>
  /** All pods the runtime knows, the kubelet's and those left over. */
  readonly pods: Effect.Effect<ReadonlyArray<RuntimePodSummary>, RuntimeError>
  readonly pod: (uid: string) => Effect.Effect<RuntimePod, RuntimeError>
  /** Calls `listener` with the uid of a pod that changed. A runtime without it is listed every second. */
  readonly subscribe?: (listener: (uid: string) => void) => () => void
  readonly image: (image: string) => Effect.Effect<RuntimeImage | undefined, RuntimeError>
  readonly images: Effect.Effect<ReadonlyArray<RuntimeImage>, RuntimeError>
  readonly pullImage: (image: string, login?: RegistryLogin) => Effect.Effect<string, RuntimeError>
  readonly removeImage: (image: string) => Effect.Effect<void, RuntimeError>
  readonly execute: (
    id: string,
    command: ReadonlyArray<string>,
    timeoutSeconds: number
  ) => Effect.Effect<ExecResult, RuntimeError>
  readonly stream: (id: string, request: StreamRequest) => Effect.Effect<StreamTarget, RuntimeError>
  readonly portForward: (sandboxId: string, ports: ReadonlyArray<number>) => Effect.Effect<PortTarget, RuntimeError>
  /** What a port answers to a request by HTTP, where the pod network does not reach it; undefined when nobody listens. */
  readonly pageAt?: (
    sandboxId: string,
    port: number,
    request: { readonly method: string; readonly path: string }
  ) => string | undefined
  /** The log of a container as bytes; `ended` tells whether the container has stopped writing. */
  readonly logs: (container: RuntimeContainer, options: LogOptions, ended: () => Promise<boolean>) => AsyncIterable<Uint8Array>
  /** Has the runtime begin the container's log anew, after the file was moved. */
  readonly reopenLog: (id: string) => Effect.Effect<void, RuntimeError>
  readonly stats: Effect.Effect<ReadonlyArray<RuntimeStats>, RuntimeError>
  /** Takes over a pod that the API server says was running before this process began; only where the runtime itself forgets. */
  readonly adopt?: (pod: AdoptedPod) => void
}

/** What the API server remembers of a pod that a forgetful runtime ran. */
export interface AdoptedPod {
  readonly uid: string
  /** Newest first. */
  readonly sandboxes: ReadonlyArray<RuntimeSandbox>
  readonly containers: ReadonlyArray<RuntimeContainer & Pick<ContainerSpec, "ends" | "ports">>
}

/** The tag under which a layer provides a `ContainerRuntime`. */
export const ContainerRuntime: Context.Service<ContainerRuntime, ContainerRuntime> = Context.Service(
  "@tsukube/kubelet/ContainerRuntime"
)

/** What the kubelet writes on every container it creates, to know it again after a restart. */
export const annotationKeys = {
  hash: "io.kubernetes.container.hash",
  restartCount: "io.kubernetes.container.restartCount",
  terminationMessagePath: "io.kubernetes.container.terminationMessagePath",
  terminationMessagePolicy: "io.kubernetes.container.terminationMessagePolicy",
  gracePeriod: "io.kubernetes.pod.terminationGracePeriod",
  preStop: "io.kubernetes.container.preStopHandler"
} as const

/** The labels by which sandboxes and containers of a pod are found. */
export const labelKeys = {
  podName: "io.kubernetes.pod.name",
  podNamespace: "io.kubernetes.pod.namespace",
  podUid: "io.kubernetes.pod.uid",
  container: "io.kubernetes.container.name"
} as const
