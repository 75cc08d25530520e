/** Decides what to start and stop for a pod: sandbox, init containers in order, sidecars, containers by restart policy. @module */
import type { Container, Pod } from "@tsukube/api/core-v1"
import { type BackOff, formatDelay } from "./back-off.ts"
import { annotationKeys, type RuntimeContainer, type RuntimePod, type RuntimeSandbox } from "./runtime.ts"

/** Which of a pod's lists a container is in. */
export type ContainerKind = "init" | "main" | "ephemeral"

/** A container to start, as instance number `attempt`. */
export interface Start {
  readonly container: Container
  readonly kind: ContainerKind
  readonly attempt: number
  /** When the instance before ended; absent for the first. */
  readonly failedAt?: number
}

/** A container to stop and why, in the words of the event. */
export interface Stop {
  readonly container: RuntimeContainer
  readonly message: string
}

/** Why a container waits. */
export interface Waiting {
  readonly reason: string
  readonly message?: string
}

/** What to do next for a pod; after a new sandbox or a stop the pod is looked at again. */
export interface PodPlan {
  /** The sandbox to work in; absent when one has to be made. */
  readonly sandbox?: RuntimeSandbox
  /** Number of the sandbox to make. */
  readonly newSandbox?: number
  readonly start: ReadonlyArray<Start>
  readonly stop: ReadonlyArray<Stop>
  readonly waiting: ReadonlyMap<string, Waiting>
  /** Milliseconds after which a back-off has passed. */
  readonly againMs?: number
  /** Nothing of this pod will run again. */
  readonly finished: boolean
}

/** What the plan is made from. */
export interface PodFacts {
  readonly pod: Pod
  readonly runtime: RuntimePod
  readonly now: number
  readonly backOff: BackOff
  /** The startup probe has passed and postStart has ended. */
  readonly started: (containerId: string) => boolean
  /** A probe asks for the container's end. */
  readonly unhealthy: (containerId: string) => "liveness" | "startup" | undefined
}

/** An init container that goes on running beside the pod's containers. */
export const isSidecar = (container: Container): boolean => container.restartPolicy === "Always"

/** Identifies the parts of a container whose change needs a new one: its name and image. */
export const containerHash = (container: Container): string => {
  let hash = 0x811c9dc5
  for (const character of `${container.name}\0${container.image ?? ""}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0
  }
  return hash.toString(16)
}

/** The key of a container's back-off. */
export const backOffKey = (pod: Pod, container: Container): string =>
  `${pod.metadata?.uid ?? ""}/${container.name}/${containerHash(container)}`

/** Whether a container that ended with this code is started again: its own rules first, then its policy, then the pod's. */
export const restartsAfter = (pod: Pod, container: Container, exitCode: number): boolean => {
  for (const rule of container.restartPolicyRules ?? []) {
    const listed = rule.exitCodes?.values?.includes(exitCode) ?? false
    if (rule.action === "Restart" && listed === (rule.exitCodes?.operator === "In")) return true
  }
  const policy = container.restartPolicy ?? pod.spec?.restartPolicy ?? "Always"
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0)
}

/** The newest instance of a container. */
export const newestOf = (runtime: RuntimePod, name: string): RuntimeContainer | undefined =>
  runtime.containers.find((container) => container.name === name)

const isUsable = (pod: Pod, sandbox: RuntimeSandbox): boolean =>
  sandbox.ready && (pod.spec?.hostNetwork === true || sandbox.ips.length > 0)

/** Decides for a pod that is wanted; one that is being deleted is only ever stopped. */
export const planPod = (facts: PodFacts): PodPlan => {
  const { pod, runtime } = facts
  const spec = pod.spec
  const phase = pod.status?.phase
  const idle: PodPlan = { start: [], stop: [], waiting: new Map(), finished: true }
  if (spec === undefined) return idle
  const sandbox = runtime.sandboxes[0]
  if (phase === "Succeeded" || phase === "Failed") return { ...idle, stop: runningOf(runtime, "Stopping container") }
  if (sandbox === undefined || !isUsable(pod, sandbox)) {
    if (hasLostItsOnlyRun(facts)) return idle
    if (sandbox !== undefined && hasRunItsCourse(facts)) return { ...idle, stop: runningOf(runtime, "Stopping container") }
    return {
      newSandbox: sandbox === undefined ? 0 : sandbox.attempt + 1,
      start: [],
      stop: runningOf(runtime, "Stopping container"),
      waiting: new Map(),
      finished: false
    }
  }
  return planContainers(facts, sandbox)
}

const runningOf = (runtime: RuntimePod, what: string): ReadonlyArray<Stop> =>
  runtime.containers.flatMap((container) =>
    container.state === "running" ? [{ container, message: `${what} ${container.name}` }] : []
  )

/** The number of the next instance when the runtime has lost those before it, and only the status remembers them. */
const attemptAfterLoss = (pod: Pod, name: string): number => {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {}
  const known = [...containerStatuses, ...initContainerStatuses].find((status) => status.name === name)
  return known?.containerID === undefined ? 0 : known.restartCount + 1
}

/** Whether the runtime has lost containers that must not run a second time. */
const hasLostItsOnlyRun = ({ pod, runtime }: PodFacts): boolean =>
  runtime.containers.length === 0 &&
  pod.spec?.restartPolicy === "Never" &&
  (pod.status?.containerStatuses ?? []).some(({ containerID }) => containerID !== undefined)

/** Whether a pod whose sandbox is gone has nothing left to start. */
const hasRunItsCourse = ({ pod, runtime }: PodFacts): boolean => {
  if (runtime.containers.length === 0) return false
  return (pod.spec?.containers ?? []).every((container) => {
    const newest = newestOf(runtime, container.name)
    if (newest === undefined) return pod.spec?.restartPolicy === "Never"
    return newest.state === "exited" && !restartsAfter(pod, container, newest.exitCode)
  })
}

const planContainers = (facts: PodFacts, sandbox: RuntimeSandbox): PodPlan => {
  const { pod, runtime } = facts
  const start: Array<Start> = []
  const stop: Array<Stop> = []
  const waiting = new Map<string, Waiting>()
  const delays: Array<number> = []
  const result = (finished: boolean): PodPlan => ({
    sandbox,
    start,
    stop,
    waiting,
    finished,
    ...(delays.length === 0 ? {} : { againMs: Math.min(...delays) })
  })
  const consider = (container: Container, kind: "init" | "main", newest: RuntimeContainer | undefined): void => {
    const key = backOffKey(pod, container)
    if (newest?.state === "exited") {
      const left = facts.backOff.remaining(key, newest.finishedAt, facts.now)
      if (left > 0) {
        const delay = formatDelay(facts.backOff.delayOf(key))
        const name = `${pod.metadata?.name}_${pod.metadata?.namespace}(${pod.metadata?.uid})`
        waiting.set(container.name, {
          reason: "CrashLoopBackOff",
          message: `back-off ${delay} restarting failed container=${container.name} pod=${name}`
        })
        delays.push(left)
        return
      }
    }
    start.push({
      container,
      kind,
      attempt: newest === undefined ? attemptAfterLoss(pod, container.name) : newest.attempt + 1,
      ...(newest?.state === "exited" ? { failedAt: newest.finishedAt } : {})
    })
  }
  const keepRunning = (container: Container, kind: "init" | "main", newest: RuntimeContainer): void => {
    const failed = facts.unhealthy(newest.id)
    if (failed !== undefined) {
      stop.push({ container: newest, message: `Container ${container.name} failed ${failed} probe, will be restarted` })
    } else if (isChanged(container, newest)) {
      stop.push({ container: newest, message: `Container ${container.name} definition changed, will be restarted` })
      start.push({ container, kind, attempt: newest.attempt + 1 })
    }
  }

  // Whoever debugs a pod does not want to wait for it to work; such a container is started once and never again.
  for (const container of pod.spec?.ephemeralContainers ?? []) {
    if (newestOf(runtime, container.name) === undefined) start.push({ container, kind: "ephemeral", attempt: 0 })
  }
  const mains = pod.spec?.containers ?? []
  const isHere = (container: RuntimeContainer | undefined) => container !== undefined && container.sandboxId === sandbox.id
  const initialized = mains.some((container) => isHere(newestOf(runtime, container.name)))
  const mainsDone = mains.every((container) => {
    const newest = newestOf(runtime, container.name)
    return newest?.state === "exited" && !restartsAfter(pod, container, newest.exitCode) && !isChanged(container, newest)
  })
  if (mainsDone) {
    for (const container of pod.spec?.initContainers ?? []) {
      const newest = newestOf(runtime, container.name)
      if (newest?.state === "running") stop.push({ container: newest, message: `Stopping container ${container.name}` })
    }
    return result(true)
  }

  for (const container of pod.spec?.initContainers ?? []) {
    const newest = newestOf(runtime, container.name)
    const here = isHere(newest) ? newest : undefined
    if (isSidecar(container)) {
      if (here?.state === "running") {
        keepRunning(container, "init", here)
        if (!initialized && !facts.started(here.id)) return result(false)
      } else {
        consider(container, "init", newest)
        if (!initialized) return result(false)
      }
      continue
    }
    if (initialized) continue
    if (here?.state === "exited" && here.exitCode === 0) continue
    if (here?.state === "running") {
      keepRunning(container, "init", here)
      return result(false)
    }
    if (here?.state === "exited" && pod.spec?.restartPolicy === "Never" && !restartsAfter(pod, container, here.exitCode)) {
      for (const sidecar of (pod.spec?.initContainers ?? []).filter(isSidecar)) {
        const running = newestOf(runtime, sidecar.name)
        if (running?.state === "running") stop.push({ container: running, message: `Stopping container ${sidecar.name}` })
      }
      start.length = 0
      return result(true)
    }
    consider(container, "init", newest)
    return result(false)
  }

  for (const container of mains) {
    const newest = newestOf(runtime, container.name)
    if (newest?.state === "running" && isHere(newest)) keepRunning(container, "main", newest)
    else if (newest?.state !== "exited") consider(container, "main", newest)
    else if (restartsAfter(pod, container, newest.exitCode) || isChanged(container, newest)) consider(container, "main", newest)
  }
  return result(false)
}

const isChanged = (container: Container, newest: RuntimeContainer): boolean => {
  const hash = newest.annotations[annotationKeys.hash]
  return hash !== undefined && hash !== containerHash(container)
}
