/** Starts one container: its image, its environment, its mounts, the runtime's calls, and its postStart hook. @module */
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import type { ConfigMap, Container, Pod, Secret } from "@tsukube/api/core-v1"
import type { ClientError } from "@tsukube/client"
import { Clock, Effect } from "effect"
import { containerSpecOf, volumeMountsOf } from "./container-spec.ts"
import type { DownwardFacts } from "./downward.ts"
import { EnvironmentError, environmentOf, referencesOf, type Variable } from "./environment.ts"
import { containerEvent } from "./events.ts"
import { loginsOf } from "./images.ts"
import { endContainer, runHook } from "./lifecycle.ts"
import type { NodeContext } from "./node-context.ts"
import { NotStarted } from "./not-started.ts"
import { backOffKey, type Start, type Waiting } from "./restart.ts"
import type { ContainerMount, RegistryLogin, RuntimeContainer, RuntimePod, SandboxSpec } from "./runtime.ts"
import { rootProblem } from "./security.ts"
import { terminationFile } from "./termination-message.ts"
import { VolumeError } from "./volume/files.ts"
import { podFolder } from "./volume/volumes.ts"

/** The pod a container is started in. */
export interface StartContext {
  readonly pod: Pod
  readonly sandboxId: string
  readonly sandbox: SandboxSpec
  readonly runtime: RuntimePod
  readonly volumes: ReadonlyMap<string, string>
  readonly facts: DownwardFacts
  readonly hostsFile: string
  /** Ends when the pod is no longer wanted: pulls and hooks stop then. */
  readonly unwanted: Effect.Effect<void>
}

/** Started, or why not yet. */
export type StartResult = { readonly waiting?: never } | { readonly waiting: Waiting; readonly againMs: number }

/** Asked again after so long when the reason is outside the node, such as a missing ConfigMap. */
const configRetryMs = 2000
const createRetryMs = 5000

/** Starts the next instance of a container; what keeps it from starting is said in an event and in the result. */
export const startContainer = (node: NodeContext, context: StartContext, start: Start): Effect.Effect<StartResult> =>
  Effect.gen(function* () {
    const { pod } = context
    const { container } = start
    const name = container.name
    const tell = (type: "Normal" | "Warning", reason: string, message: string) =>
      containerEvent(node.recorder, pod, name, type, reason, message)
    const fail = (reason: string, message: string, againMs: number) => {
      tell("Warning", "Failed", `Error: ${message}`)
      return Effect.fail(new NotStarted(reason, message, againMs))
    }

    const logins = yield* pullLogins(node, pod)
    const ensured = yield* Effect.raceFirst(
      node.images
        .ensure(pod, container, logins, {
          normal: (reason, message) => tell("Normal", reason, message),
          warning: (reason, message) => tell("Warning", reason, message)
        })
        .pipe(Effect.map((image) => ({ image }))),
      Effect.as(context.unwanted, undefined)
    )
    if (ensured === undefined) return {}
    const { image } = ensured
    const asRoot = rootProblem(pod, container, image)
    if (asRoot !== undefined) return yield* fail("CreateContainerConfigError", asRoot, configRetryMs)

    const environment = yield* variablesOf(node, context, container).pipe(
      Effect.catch((error) => fail("CreateContainerConfigError", error.message, configRetryMs))
    )
    const mounts = yield* Effect.try({
      try: () => mountsOf(node, context, start, environment),
      catch: (cause) => new VolumeError(cause instanceof Error ? cause.message : String(cause))
    }).pipe(Effect.catch((error) => fail("CreateContainerConfigError", error.message, configRetryMs)))

    yield* removeOld(node, context.runtime, name)
    const spec = containerSpecOf(pod, container, {
      kind: start.kind,
      targetId: targetOf(context, name),
      attempt: start.attempt,
      environment,
      mounts,
      nodeMemoryBytes: node.memoryBytes,
      seccompDir: join(node.rootDir, "seccomp")
    })
    const now = yield* Clock.currentTimeMillis
    if (start.failedAt !== undefined) node.restarts.next(backOffKey(pod, container), start.failedAt, now)
    const id = yield* node.runtime
      .createContainer(context.sandboxId, spec, context.sandbox)
      .pipe(Effect.catch((error) => fail("CreateContainerError", error.message, createRetryMs)))
    tell("Normal", "Created", "Container created")
    yield* node.runtime.startContainer(id).pipe(Effect.catch((error) => fail("RunContainerError", error.message, createRetryMs)))
    tell("Normal", "Started", "Container started")
    return yield* afterStart(node, context, container, id, tell)
  }).pipe(Effect.catch(({ waiting, againMs }) => Effect.succeed({ waiting, againMs })))

/** The running container that an ephemeral one was started to look at. */
const targetOf = ({ pod, runtime }: StartContext, name: string): string | undefined => {
  const target = pod.spec?.ephemeralContainers?.find((container) => container.name === name)?.targetContainerName
  return runtime.containers.find((container) => container.name === target && container.state === "running")?.id
}

type Tell = (type: "Normal" | "Warning", reason: string, message: string) => void

/** The hook belongs to the start: until it has ended the container does not count as started, and when it fails it is killed. */
const afterStart = (
  node: NodeContext,
  context: StartContext,
  container: Container,
  id: string,
  tell: Tell
): Effect.Effect<StartResult> =>
  Effect.gen(function* () {
    const hook = container.lifecycle?.postStart
    if (hook === undefined || node.runtime.simulated) return {}
    const podIp = context.facts.podIps[0] ?? ""
    const target = { container, containerId: id, podIp, userAgent: "kube-lifecycle/1.36" }
    const result = yield* Effect.raceFirst(
      runHook(node.runtime, target, hook),
      Effect.as(context.unwanted, { healthy: true, output: "" })
    )
    if (result.healthy) return {}
    tell("Warning", "FailedPostStartHook", "PostStartHook failed")
    const running = (yield* node.runtime
      .pod(context.sandbox.uid)
      .pipe(Effect.orElseSucceed(() => context.runtime))).containers.find((candidate) => candidate.id === id)
    if (running !== undefined) yield* Effect.ignore(killAfterHook(node, context, running))
    return { waiting: { reason: "PostStartHookError", message: "PostStartHook failed" }, againMs: 0 }
  })

const killAfterHook = (node: NodeContext, { pod, facts }: StartContext, running: RuntimeContainer) =>
  endContainer(
    {
      runtime: node.runtime,
      pod,
      podIp: facts.podIps[0] ?? "",
      onKilling: (container, message) => containerEvent(node.recorder, pod, container.name, "Normal", "Killing", message),
      onHookFailed: (container, message) =>
        containerEvent(node.recorder, pod, container.name, "Warning", "FailedPreStopHook", message)
    },
    running,
    pod.spec?.terminationGracePeriodSeconds ?? 30,
    "FailedPostStartHook"
  )

const pullLogins = (node: NodeContext, pod: Pod): Effect.Effect<ReadonlyArray<RegistryLogin>> =>
  node.runtime.simulated
    ? Effect.succeed([])
    : Effect.forEach(pod.spec?.imagePullSecrets ?? [], ({ name = "" }) =>
        node.objects.secret(pod.metadata?.namespace ?? "", name).pipe(
          Effect.map((secret) => (secret === undefined ? [] : loginsOf(secret))),
          // Without the secret the pull is tried without a login, and fails on its own if it needs one.
          Effect.orElseSucceed(() => [])
        )
      ).pipe(Effect.map((lists) => lists.flat()))

/** Fetches what the variables come from, then works them out. */
const variablesOf = (
  node: NodeContext,
  context: StartContext,
  container: Container
): Effect.Effect<ReadonlyArray<Variable>, EnvironmentError | ClientError> =>
  Effect.gen(function* () {
    const namespace = context.pod.metadata?.namespace ?? ""
    const names = referencesOf(container)
    const configMaps = new Map<string, ConfigMap>()
    const secrets = new Map<string, Secret>()
    for (const name of names.configMaps) {
      const object = yield* node.objects.configMap(namespace, name)
      if (object !== undefined) configMaps.set(name, object)
    }
    for (const name of names.secrets) {
      const object = yield* node.objects.secret(namespace, name)
      if (object !== undefined) secrets.set(name, object)
    }
    return yield* Effect.try({
      try: () => environmentOf({ ...context.facts, container, configMaps, secrets, services: node.services() }),
      catch: (cause) => new EnvironmentError(cause instanceof Error ? cause.message : String(cause))
    })
  })

const mountsOf = (
  node: NodeContext,
  context: StartContext,
  { container, attempt }: Start,
  environment: ReadonlyArray<Variable>
): ReadonlyArray<ContainerMount> => {
  if (node.runtime.simulated) return []
  const uid = context.sandbox.uid
  const values = new Map(environment.map(({ name, value }) => [name, value]))
  const mounts = [...volumeMountsOf(context.pod, container, context.volumes, values)]
  const termination = terminationFile(node.rootDir, uid, container.name, attempt)
  mkdirSync(dirname(termination), { recursive: true })
  // Whoever the container's process is, it may write here.
  writeFileSync(termination, "")
  // By itself: the umask would take the right from others.
  chmodSync(termination, 0o666)
  const plain = { readOnly: false, propagation: "None" } as const
  mounts.push({ containerPath: container.terminationMessagePath ?? "/dev/termination-log", hostPath: termination, ...plain })
  if (!mounts.some(({ containerPath }) => containerPath === "/etc/hosts")) {
    const hosts = join(podFolder(node.rootDir, uid), "etc-hosts")
    writeFileSync(hosts, context.hostsFile, { mode: 0o644 })
    mounts.push({ containerPath: "/etc/hosts", hostPath: hosts, ...plain })
  }
  return mounts
}

/** The log and what was put aside of it. */
const removeLog = (path: string): void => {
  const folder = dirname(path)
  const name = basename(path)
  if (!existsSync(folder)) return
  for (const file of readdirSync(folder))
    if (file === name || file.startsWith(`${name}.`)) rmSync(join(folder, file), { force: true })
}

/** Keeps the last instance that ended, for `kubectl logs --previous`, and removes those before it with their logs. */
const removeOld = (node: NodeContext, runtime: RuntimePod, name: string): Effect.Effect<void> => {
  const dead = runtime.containers.filter((container) => container.name === name && container.state !== "running")
  const [, ...old] = dead.filter(({ state }) => state === "exited")
  const unusable = dead.filter(({ state }) => state !== "exited")
  return Effect.forEach(
    [...old, ...unusable],
    (container) =>
      Effect.ignore(node.runtime.removeContainer(container.id)).pipe(
        Effect.tap(() =>
          Effect.sync(() => {
            if (container.logPath !== "") removeLog(container.logPath)
          })
        )
      ),
    { discard: true }
  )
}
