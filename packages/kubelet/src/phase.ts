/** What a pod's status says: container statuses, phase and conditions, from what the runtime and the probes report. @module */
import type {
  Container,
  ContainerState,
  ContainerStateTerminated,
  ContainerStatus,
  Pod,
  PodCondition,
  PodStatus
} from "@tsukube/api/core-v1"
import { type ContainerKind, isSidecar, restartsAfter, type Waiting } from "./restart.ts"
import type { RuntimeContainer, RuntimePod } from "./runtime.ts"

/** What the status is made from. */
export interface StatusFacts {
  readonly pod: Pod
  readonly runtime: RuntimePod
  readonly runtimeName: string
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly hostIps: ReadonlyArray<string>
  readonly waiting: ReadonlyMap<string, Waiting>
  readonly started: (containerId: string) => boolean
  readonly ready: (containerId: string) => boolean
  readonly terminationMessage: (container: RuntimeContainer) => string
  /** The pod is being deleted or has been failed: nothing of it may be reported as coming up. */
  readonly terminating: boolean
  /** All containers have been stopped for good. */
  readonly stopped: boolean
  /** A reason to fail the pod whatever its containers say, such as its deadline. */
  readonly failure?: { readonly reason: string; readonly message: string }
}

type Phase = NonNullable<PodStatus["phase"]>

/** A time in the API's form, without fractions of a second. */
export const timestamp = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z")

/** The status of a pod as its kubelet reports it. */
export const statusOf = (facts: StatusFacts): PodStatus => {
  const { pod, runtime, now } = facts
  const spec = pod.spec
  const old = pod.status
  const mains = spec?.containers ?? []
  const ephemerals = spec?.ephemeralContainers ?? []
  const inits = spec?.initContainers ?? []
  const initStatuses = inits.map((container) => containerStatusOf(facts, container, "init", false))
  const initialized = inits.every((container, index) => isInitialized(container, initStatuses[index]))
  const statuses = mains.map((container) => containerStatusOf(facts, container, "main", !initialized))
  const phase = facts.failure === undefined ? phaseOf(facts, initStatuses, statuses) : "Failed"
  const sandbox = runtime.sandboxes[0]
  const sandboxReady = sandbox?.ready === true && !facts.stopped
  const ips = spec?.hostNetwork === true ? (sandbox === undefined ? [] : facts.hostIps) : (sandbox?.ips ?? [])
  const podIps = ips.length > 0 ? ips : (old?.podIPs ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip]))
  const generation = pod.metadata?.generation
  const conditions = conditionsOf(facts, phase, sandboxReady, initialized, initStatuses, statuses)
  const hostIp = facts.hostIps[0]
  return {
    phase,
    ...(facts.failure ?? failureOf(old)),
    conditions,
    ...(hostIp === undefined ? {} : { hostIP: hostIp, hostIPs: facts.hostIps.map((ip) => ({ ip })) }),
    ...(podIps[0] === undefined ? {} : { podIP: podIps[0], podIPs: podIps.map((ip) => ({ ip })) }),
    startTime: old?.startTime ?? timestamp(now),
    ...(initStatuses.length === 0 ? {} : { initContainerStatuses: initStatuses }),
    containerStatuses: statuses,
    ...(ephemerals.length === 0
      ? {}
      : { ephemeralContainerStatuses: ephemerals.map((container) => containerStatusOf(facts, container, "ephemeral", false)) }),
    ...(old?.qosClass === undefined ? {} : { qosClass: old.qosClass }),
    ...(generation === undefined ? {} : { observedGeneration: generation })
  }
}

/** Why a pod was failed stays with it. */
const failureOf = (old: PodStatus | undefined): Partial<PodStatus> =>
  old?.phase === "Failed" && old.reason !== undefined
    ? { reason: old.reason, ...(old.message === undefined ? {} : { message: old.message }) }
    : {}

const isInitialized = (container: Container, status: ContainerStatus | undefined): boolean =>
  isSidecar(container)
    ? status?.started === true || status?.state?.terminated !== undefined
    : status?.state?.terminated?.exitCode === 0

const terminatedOf = (facts: StatusFacts, container: RuntimeContainer): ContainerStateTerminated => {
  const message = facts.terminationMessage(container)
  return {
    exitCode: container.exitCode,
    reason: container.reason !== "" ? container.reason : container.exitCode === 0 ? "Completed" : "Error",
    ...(message === "" ? {} : { message }),
    startedAt: container.startedAt > 0 ? timestamp(container.startedAt) : timestamp(container.createdAt),
    finishedAt: timestamp(container.finishedAt),
    containerID: `${facts.runtimeName}://${container.id}`
  }
}

const containerStatusOf = (
  facts: StatusFacts,
  container: Container,
  kind: ContainerKind,
  initializing: boolean
): ContainerStatus => {
  const [newest, previous] = facts.runtime.containers.filter((candidate) => candidate.name === container.name)
  const { initContainerStatuses, containerStatuses, ephemeralContainerStatuses } = facts.pod.status ?? {}
  const list = { init: initContainerStatuses, main: containerStatuses, ephemeral: ephemeralContainerStatuses }[kind]
  const old = list?.find((status) => status.name === container.name)
  const waiting = facts.waiting.get(container.name)
  if (newest === undefined) return absentStatus(facts, container, old, waiting, kind, initializing)
  const sidecar = kind === "init" && isSidecar(container)
  const running = newest.state === "running"
  const started = running && facts.started(newest.id)
  const ended = newest.state === "exited" ? terminatedOf(facts, newest) : undefined
  const before = previous?.state === "exited" ? terminatedOf(facts, previous) : undefined
  const held = waiting !== undefined && !running && !facts.terminating
  const state: ContainerState = held
    ? { waiting }
    : running
      ? { running: { startedAt: timestamp(newest.startedAt) } }
      : ended !== undefined
        ? { terminated: ended }
        : { waiting: { reason: initializing || kind === "init" ? "PodInitializing" : "ContainerCreating" } }
  const kept = old?.restartCount === newest.attempt ? old.lastState : undefined
  const last = held && ended !== undefined ? { terminated: ended } : before !== undefined ? { terminated: before } : kept
  return {
    name: container.name,
    state,
    lastState: last ?? {},
    ready: kind === "main" || sidecar ? started && facts.ready(newest.id) : kind === "init" && ended?.exitCode === 0,
    restartCount: newest.attempt,
    image: newest.image,
    imageID: newest.imageId,
    containerID: `${facts.runtimeName}://${newest.id}`,
    started: kind === "init" && !sidecar ? running : started,
    ...resourcesOf(container, running),
    ...mountsOf(container)
  }
}

const resourcesOf = (container: Container, running: boolean): Partial<ContainerStatus> => {
  if (!running) return {}
  const { limits, requests } = container.resources ?? {}
  return {
    ...(requests === undefined ? {} : { allocatedResources: requests }),
    resources: { ...(limits === undefined ? {} : { limits }), ...(requests === undefined ? {} : { requests }) }
  }
}

const mountsOf = (container: Container): Partial<ContainerStatus> => {
  const mounts = container.volumeMounts ?? []
  if (mounts.length === 0) return {}
  return {
    volumeMounts: mounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly === true ? { readOnly, recursiveReadOnly: "Disabled" } : {})
    }))
  }
}

/** The status of a container the runtime does not know: not there yet, or lost. */
const absentStatus = (
  facts: StatusFacts,
  container: Container,
  old: ContainerStatus | undefined,
  waiting: Waiting | undefined,
  kind: ContainerKind,
  initializing: boolean
): ContainerStatus => {
  const hasInit = (facts.pod.spec?.initContainers?.length ?? 0) > 0
  const base = {
    name: container.name,
    ready: false,
    restartCount: old?.restartCount ?? 0,
    image: container.image ?? "",
    imageID: "",
    ...mountsOf(container)
  }
  if (old?.state?.terminated !== undefined && (facts.terminating || old.state.terminated.containerID !== undefined)) {
    return { ...base, ...old, ready: kind === "init" && old.state.terminated.exitCode === 0, started: false }
  }
  const isLost = old?.state?.running !== undefined
  if (isLost && (facts.stopped || !restartsAfter(facts.pod, container, lost.exitCode)))
    return { ...base, started: false, state: { terminated: lost }, lastState: {} }
  const reason = kind === "init" || (hasInit && initializing) ? "PodInitializing" : "ContainerCreating"
  const lastState = isLost ? { terminated: lost } : (old?.lastState ?? {})
  return { ...base, started: false, state: { waiting: waiting ?? { reason } }, lastState }
}

/** How a container ended that nobody saw end. */
const lost: ContainerStateTerminated = {
  exitCode: 137,
  reason: "ContainerStatusUnknown",
  message: "The container could not be located when the pod was terminated"
}

/** The phase, by upstream's rules: a pod waits until all containers exist, runs while one does, and ends by its restart policy. */
const phaseOf = (facts: StatusFacts, inits: ReadonlyArray<ContainerStatus>, mains: ReadonlyArray<ContainerStatus>): Phase => {
  const { pod } = facts
  const old = pod.status?.phase
  if (old === "Succeeded" || old === "Failed") return old
  const specs = pod.spec?.containers ?? []
  const initSpecs = pod.spec?.initContainers ?? []
  const anyMain = mains.some(({ state, lastState }) => state?.waiting === undefined || lastState?.terminated !== undefined)
  let initPending = false
  for (const [index, container] of initSpecs.entries()) {
    const status = inits[index]
    if (isSidecar(container)) {
      if (status?.started !== true && !anyMain && status?.state?.terminated === undefined) initPending = true
      continue
    }
    const ended = status?.state?.terminated
    if (ended?.exitCode === 0) continue
    if (ended !== undefined && !restartsAfter(pod, container, ended.exitCode)) return "Failed"
    if (!anyMain) initPending = true
  }
  let running = 0
  let waiting = 0
  let restarting = 0
  let failed = 0
  for (const [index, status] of mains.entries()) {
    const container = specs[index]
    const ended = status.state?.terminated
    if (status.state?.running !== undefined) running++
    else if (ended !== undefined) {
      if (container !== undefined && restartsAfter(pod, container, ended.exitCode) && !facts.terminating) restarting++
      else if (ended.exitCode !== 0) failed++
    } else if (status.lastState?.terminated !== undefined) restarting++
    else waiting++
  }
  if (facts.stopped && waiting === 0 && restarting === 0) return failed > 0 ? "Failed" : "Succeeded"
  if (facts.stopped) return "Failed"
  if (initPending || waiting > 0) return "Pending"
  if (running > 0 || restarting > 0) return "Running"
  // While sidecars are still being stopped the pod has not ended.
  if (facts.terminating || sidecarsRun(initSpecs, inits)) return "Running"
  return failed > 0 ? "Failed" : "Succeeded"
}

const sidecarsRun = (specs: ReadonlyArray<Container>, statuses: ReadonlyArray<ContainerStatus>): boolean =>
  specs.some((container, index) => isSidecar(container) && statuses[index]?.state?.running !== undefined)

interface Verdict {
  readonly type: string
  readonly status: "True" | "False"
  readonly reason?: string
  readonly message?: string
}

const conditionsOf = (
  facts: StatusFacts,
  phase: Phase,
  sandboxReady: boolean,
  initialized: boolean,
  inits: ReadonlyArray<ContainerStatus>,
  mains: ReadonlyArray<ContainerStatus>
): ReadonlyArray<PodCondition> => {
  const { pod, now } = facts
  const containers = containersReady(pod, phase, inits, mains)
  const verdicts: ReadonlyArray<Verdict> = [
    { type: "PodReadyToStartContainers", status: sandboxReady ? "True" : "False" },
    initializedVerdict(phase, initialized, pod, inits),
    gatedReady(pod, containers),
    containers,
    { type: "PodScheduled", status: "True" }
  ]
  const generation = pod.metadata?.generation
  return verdicts.map((verdict) => {
    const old = pod.status?.conditions?.find(({ type }) => type === verdict.type)
    const since = old?.status === verdict.status ? old.lastTransitionTime : undefined
    return {
      ...verdict,
      lastTransitionTime: since ?? timestamp(now),
      ...(generation === undefined ? {} : { observedGeneration: generation })
    }
  })
}

const initializedVerdict = (phase: Phase, initialized: boolean, pod: Pod, inits: ReadonlyArray<ContainerStatus>): Verdict => {
  if (phase === "Succeeded") return { type: "Initialized", status: "True", reason: "PodCompleted" }
  if (initialized) return { type: "Initialized", status: "True" }
  const specs = pod.spec?.initContainers ?? []
  const incomplete = specs.filter((container, index) => !isInitialized(container, inits[index])).map(({ name }) => name)
  return {
    type: "Initialized",
    status: "False",
    reason: "ContainersNotInitialized",
    message: `containers with incomplete status: [${incomplete.join(" ")}]`
  }
}

const containersReady = (
  pod: Pod,
  phase: Phase,
  inits: ReadonlyArray<ContainerStatus>,
  mains: ReadonlyArray<ContainerStatus>
): Verdict => {
  const type = "ContainersReady"
  if (phase === "Succeeded") return { type, status: "False", reason: "PodCompleted" }
  if (phase === "Failed") return { type, status: "False", reason: "PodFailed" }
  const sidecars = (pod.spec?.initContainers ?? []).flatMap((container, index) => {
    const status = inits[index]
    return isSidecar(container) && status !== undefined ? [status] : []
  })
  const unready = [...sidecars, ...mains].filter(({ ready }) => !ready).map(({ name }) => name)
  if (unready.length === 0) return { type, status: "True" }
  return {
    type,
    status: "False",
    reason: "ContainersNotReady",
    message: `containers with unready status: [${unready.join(" ")}]`
  }
}

/** Ready is ContainersReady and every readiness gate's condition. */
const gatedReady = (pod: Pod, containers: Verdict): Verdict => {
  const ready: Verdict = { ...containers, type: "Ready" }
  if (containers.status === "False") return ready
  const messages = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = pod.status?.conditions?.find(({ type }) => type === conditionType)
    if (condition === undefined) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`]
    return condition.status === "True"
      ? []
      : [`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`]
  })
  if (messages.length === 0) return ready
  return { type: "Ready", status: "False", reason: "ReadinessGatesNotReady", message: messages.join(", ") }
}
