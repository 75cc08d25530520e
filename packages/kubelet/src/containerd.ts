/** A containerd of our own: configured, started, fed with images, and taken away without a trace. @module */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import {
  type ChildProcess,
  createMountNamespace,
  isMountPoint,
  type RunError,
  run,
  type SpawnError,
  spawn,
  unmountBelow,
  which
} from "@tsukube/host"
import { Data, Effect, Schedule, Scope } from "effect"
import { makeCriClient } from "./cri/client.ts"
import { unmountAll } from "./volume/mounts.ts"

/** Where and how a containerd runs. */
export interface ContainerdOptions {
  /** The folder of its own, for configuration, state, images and the socket; kept short, as a socket's path has at most 107 bytes. */
  readonly dir: string
  /** Path of the network namespace its pods' bridges and its streaming server live in; default ours. */
  readonly netns?: string
  /** A mount namespace made before; without it a persistent one with shared propagation is made. */
  readonly mountNs?: string
  /** Where the CNI configuration is (default `dir/cni`) and the plugins are. */
  readonly cniConfDir?: string
  readonly cniBinDir?: string
  readonly ociRuntime?: "runc" | "crun"
  /** Leave the pods running when the scope ends, for a containerd that is started again on the same folder. */
  readonly keepContainers?: boolean
}

/** A running containerd. */
export interface Containerd {
  readonly socket: string
  /** The mount namespace in which its mounts are. */
  readonly mountNs: string
  /** Imports every OCI or Docker archive (`*.tar`) of a folder; gives the names of the files. */
  readonly importImages: (dir: string) => Effect.Effect<ReadonlyArray<string>, RunError>
}

/** containerd could not be started; `output` is what it last said. */
export class ContainerdError extends Data.Error<{ readonly message: string; readonly output: string }> {
  readonly _tag = "ContainerdError"
}

/** Whether everything a containerd of our own needs is installed. */
export const containerdInstalled = (): boolean =>
  which("containerd") !== undefined && which("ctr") !== undefined && (which("runc") ?? which("crun")) !== undefined

const hasCapability = (bit: number): boolean => {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0"
  return ((BigInt(`0x${effective}`) >> BigInt(bit)) & 1n) === 1n
}
const capSysResource = 24

/** The configuration file. AppArmor is left out where the kernel has none, and OOM scores are only raised where we may not lower them. */
const configuration = (options: ContainerdOptions): string => {
  const { dir } = options
  const text = JSON.stringify
  const oci = options.ociRuntime ?? (which("runc") !== undefined ? "runc" : "crun")
  const cri = `plugins."io.containerd.grpc.v1.cri"`
  return `version = 2
root = ${text(join(dir, "root"))}
state = ${text(join(dir, "state"))}
[grpc]
  address = ${text(join(dir, "containerd.sock"))}
[plugins."io.containerd.internal.v1.opt"]
  path = ${text(join(dir, "opt"))}
[${cri}]
  sandbox_image = "registry.k8s.io/pause:3.9"
  disable_apparmor = ${!existsSync("/sys/module/apparmor")}
  restrict_oom_score_adj = ${!hasCapability(capSysResource)}
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  [${cri}.cni]
    bin_dir = ${text(options.cniBinDir ?? "/usr/lib/cni")}
    conf_dir = ${text(options.cniConfDir ?? join(dir, "cni"))}
  [${cri}.containerd]
    snapshotter = "overlayfs"
    default_runtime_name = ${text(oci)}
    [${cri}.containerd.runtimes.${oci}]
      runtime_type = "io.containerd.runc.v2"
      [${cri}.containerd.runtimes.${oci}.options]
        SystemdCgroup = false
        Root = ${text(join(dir, oci))}
        BinaryName = ${text(which(oci) ?? oci)}
`
}

/**
 * Starts containerd and waits until CRI answers; should it die, it is started again and finds its pods. Pods left by an earlier,
 * killed run are removed first, unless `keepContainers`. When the scope ends the pods are removed (unless `keepContainers`),
 * containerd stops, and everything it mounted is unmounted. Images and their layers stay in the folder for the next start.
 */
export const startContainerd = (
  options: ContainerdOptions
): Effect.Effect<Containerd, RunError | SpawnError | ContainerdError, Scope.Scope> =>
  Effect.gen(function* () {
    const { dir } = options
    const keep = options.keepContainers === true
    mkdirSync(dir, { recursive: true, mode: 0o711 })
    mkdirSync(options.cniConfDir ?? join(dir, "cni"), { recursive: true })
    const mountNs = options.mountNs ?? (yield* mountNamespace(join(dir, "ns"), "mnt", keep))
    // Sandboxes' network namespaces and shared memory are mounted below; whatever survives us is ours to take away.
    yield* Effect.addFinalizer(() => (keep ? Effect.void : clean(dir, mountNs)))
    const config = join(dir, "config.toml")
    const socket = join(dir, "containerd.sock")
    writeFileSync(config, configuration(options))
    const call = yield* makeCriClient(socket)
    const start = spawn({
      command: "containerd",
      args: ["--config", config],
      logFile: join(dir, "containerd.log"),
      mountNs,
      ...(options.netns === undefined ? {} : { netns: options.netns })
    })
    rmSync(socket, { force: true })
    yield* Effect.forkScoped(Effect.forever(runOnce(start)), { startImmediately: true })
    yield* waitUntilReady(call, dir)
    if (!keep) {
      yield* removePods(call)
      yield* Effect.addFinalizer(() => waitUntilReady(call, dir).pipe(Effect.andThen(removePods(call)), Effect.ignore))
    }
    return { socket, mountNs, importImages: (folder) => importImages(socket, folder) }
  })

type Call = Effect.Success<ReturnType<typeof makeCriClient>>

/** The mount namespace of a run that was killed still holds what its pods are made of: it is used again. */
const mountNamespace = (folder: string, name: string, keep: boolean): Effect.Effect<string, RunError, Scope.Scope> =>
  Effect.gen(function* () {
    const path = join(folder, name)
    const made = isMountPoint(path) ? Effect.succeed({ path }) : createMountNamespace(folder, name)
    // A namespace that is to outlive us must not end with our scope.
    if (keep) return (yield* Scope.provide(made, yield* Scope.make())).path
    yield* Effect.addFinalizer(() => Effect.ignore(unmountBelow(folder)))
    return (yield* made).path
  })
const restartDelay = "500 millis"

/** One life of containerd. It ends before its time only when something went wrong, and then comes back. */
const runOnce = (start: Effect.Effect<ChildProcess, SpawnError, Scope.Scope>): Effect.Effect<void> =>
  Effect.scoped(
    Effect.gen(function* () {
      const child = yield* start
      const { code, signal } = yield* Effect.promise(() => child.exited)
      yield* Effect.logWarning(`containerd ended (${signal ?? `exit ${code}`}) and is started again: ${child.tail().slice(-500)}`)
    })
  ).pipe(
    Effect.catch((error) => Effect.logWarning(error.message)),
    Effect.andThen(Effect.sleep(restartDelay))
  )

const waitUntilReady = (call: Call, dir: string): Effect.Effect<void, ContainerdError> =>
  call("RuntimeService", "Version", { version: "v1" }, { timeoutMs: 1000 }).pipe(
    Effect.retry({ schedule: Schedule.spaced("20 millis"), times: 750 }),
    Effect.asVoid,
    Effect.mapError(({ message }) => {
      const log = join(dir, "containerd.log")
      const output = existsSync(log) ? readFileSync(log, "utf8").slice(-2000) : ""
      return new ContainerdError({ message: `containerd did not start: ${message}`, output })
    })
  )

/** Ends every pod at once: who closes the runtime has decided that nothing needs to run any longer. */
const removePods = (call: Call): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { items } = yield* call<{ items: ReadonlyArray<{ id: string }> }>("RuntimeService", "ListPodSandbox", {})
    const remove = (id: string) =>
      call("RuntimeService", "StopPodSandbox", { pod_sandbox_id: id }).pipe(
        Effect.andThen(call("RuntimeService", "RemovePodSandbox", { pod_sandbox_id: id })),
        Effect.retry({ times: 3, schedule: Schedule.spaced("200 millis") }),
        Effect.ignore
      )
    yield* Effect.forEach(items, ({ id }) => remove(id), { concurrency: 8, discard: true })
  }).pipe(Effect.ignore)

/** Takes away what is mounted below the folder, in its mount namespace and in ours, so that the folder can be deleted. */
const clean = (dir: string, mountNs: string): Effect.Effect<void> =>
  Effect.gen(function* () {
    yield* unmountAll(dir, existsSync(mountNs) ? { mountNs } : {})
    rmSync(join(dir, "state"), { recursive: true, force: true })
  })

const importImages = (socket: string, dir: string): Effect.Effect<ReadonlyArray<string>, RunError> => {
  const files = readdirSync(dir)
    .filter((file) => file.endsWith(".tar"))
    .toSorted()
  return Effect.forEach(files, (file) =>
    run("ctr", ["--address", socket, "--namespace", "k8s.io", "images", "import", join(dir, file)]).pipe(Effect.as(file))
  )
}
