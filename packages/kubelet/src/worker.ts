/** Brings one pod to where it should be, again and again, until it is gone. @module */
import { existsSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { Pod } from "@tsukube/api/core-v1"
import { Cause, Clock, Effect, Queue } from "effect"
import type { Rejection } from "./admission.ts"
import { adoptedPodOf } from "./adopt.ts"
import { sandboxSpecOf } from "./container-spec.ts"
import type { WorkerInput } from "./desired.ts"
import { containerEvent } from "./events.ts"
import { endContainer, endContainers } from "./lifecycle.ts"
import { dnsOf, hostnameOf, hostsFileOf } from "./network-files.ts"
import type { NodeContext } from "./node-context.ts"
import { statusOf } from "./phase.ts"
import { downwardFacts, endOptions, statusFacts, watchProbes } from "./pod-facts.ts"
import { areStale, noVolumes, prepareVolumes, refreshAfter, type VolumeMemory } from "./pod-volumes.ts"
import { type PodPlan, planPod, type Waiting } from "./restart.ts"
import type { RuntimeError, RuntimePod, SandboxSpec } from "./runtime.ts"
import { startContainer } from "./start.ts"
import { terminate } from "./terminate.ts"
import { unmountAll } from "./volume/mounts.ts"
import { podFolder } from "./volume/volumes.ts"

/** What a worker remembers between its rounds. */
interface Memory extends VolumeMemory {
  adopted: boolean
  troubles: Map<string, { readonly waiting: Waiting; readonly at: number }>
  told: Set<string>
  cleaned: boolean
}

const sandboxRetryMs = 2000
const longestRetryMs = 30_000

/** Works on one pod until it is gone from the node and from the API server. Errors of the runtime are retried for ever. */
export const runWorker = (node: NodeContext, input: WorkerInput): Effect.Effect<void> =>
  Effect.gen(function* () {
    const memory: Memory = {
      ...noVolumes(),
      adopted: false,
      troubles: new Map(),
      told: new Set(),
      cleaned: false
    }
    let retryMs = 500
    const nextRetry = (): number => {
      retryMs = Math.min(retryMs * 2, longestRetryMs)
      return retryMs
    }
    for (;;) {
      const { pod, gone } = input.desired()
      const ending = gone || pod.metadata?.deletionTimestamp !== undefined
      const round: Effect.Effect<number | undefined | "gone", RuntimeError> = ending
        ? Effect.as(terminate(node, input), "gone" as const)
        : sync(node, input, memory, node.statuses.refreshed(pod))
      const result = yield* round.pipe(
        Effect.tap(() => Effect.sync(() => (retryMs = 500))),
        Effect.catch((error) => Effect.as(later(pod, error.message), nextRetry())),
        // A mistake of ours in one pod must not stop the others, nor this one for good.
        Effect.catchDefect((defect) => Effect.as(later(pod, Cause.pretty(Cause.die(defect))), nextRetry()))
      )
      if (result === "gone") return
      if (result === 0) continue
      if (result === undefined) yield* Queue.take(input.wake)
      else yield* Effect.timeoutOption(Queue.take(input.wake), result)
    }
  })

/** Nothing of a rejected pod is ever started. */
const reject = (node: NodeContext, pod: Pod, rejection: Rejection): undefined => {
  if (pod.status?.phase === "Failed") return undefined
  node.recorder.event(pod, "Warning", rejection.reason, rejection.message)
  node.statuses.publish(pod, { ...pod.status, phase: "Failed", ...rejection })
  return undefined
}

const later = (pod: Pod, message: string): Effect.Effect<void> =>
  Effect.logWarning(`pod ${pod.metadata?.namespace}/${pod.metadata?.name}: ${message}`)

/** One round for a pod that is wanted; gives the milliseconds after which to look again, undefined = when told to. */
const sync = (node: NodeContext, input: WorkerInput, memory: Memory, pod: Pod): Effect.Effect<number | undefined, RuntimeError> =>
  Effect.gen(function* () {
    if (input.rejection !== undefined) return reject(node, pod, input.rejection)
    const uid = pod.metadata?.uid ?? ""
    let runtime = yield* node.runtime.pod(uid)
    if (!memory.adopted) {
      memory.adopted = true
      const adopted = runtime.sandboxes.length === 0 ? adoptedPodOf(pod, node.runtime.name) : undefined
      if (adopted !== undefined && node.runtime.adopt !== undefined) {
        node.runtime.adopt(adopted)
        runtime = yield* node.runtime.pod(uid)
      }
    }
    const now = yield* Clock.currentTimeMillis
    watchProbes(node, pod, runtime)
    const deadline = deadlineOf(pod, now)
    if (deadline.passed) return yield* failPod(node, input, pod, runtime)

    const plan = planPod({
      pod,
      runtime,
      now,
      backOff: node.restarts,
      started: node.probes.started,
      unhealthy: node.probes.unhealthy
    })
    tellBackOff(node, memory, pod, plan, runtime)
    const publish = () => node.statuses.publish(pod, statusOf(statusFacts(node, pod, runtime, now, waitingOf(memory, plan))))
    publish()

    if (plan.stop.length > 0) {
      const options = endOptions(node, pod, runtime)
      const grace = pod.spec?.terminationGracePeriodSeconds ?? 30
      yield* Effect.forEach(plan.stop, ({ container, message }) => endContainer(options, container, grace, message), {
        concurrency: "unbounded",
        discard: true
      })
      for (const { container } of plan.stop) node.probes.forget(container.id)
      return 0
    }
    if (plan.finished) return yield* settle(node, memory, pod, runtime)
    const untilDeadline = deadline.leftMs
    const wanted = yield* progress(node, input, memory, pod, runtime, plan, now)
    if (wanted === "again") return 0
    publish()
    return least(wanted, untilDeadline, refreshAfter(node, memory, pod, now))
  })

const least = (...times: ReadonlyArray<number | undefined>): number | undefined => {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.max(1, Math.min(...known))
}

/** Makes what is missing: the sandbox first, then the volumes, then the containers whose turn it is. */
const progress = (
  node: NodeContext,
  input: WorkerInput,
  memory: Memory,
  pod: Pod,
  runtime: RuntimePod,
  plan: PodPlan,
  now: number
): Effect.Effect<number | undefined | "again", RuntimeError> =>
  Effect.gen(function* () {
    const facts = downwardFacts(node, pod, runtime)
    const stale = areStale(memory, now)
    if (plan.newSandbox !== undefined || plan.start.length > 0 || stale) {
      const delay = stale || plan.newSandbox !== undefined ? yield* prepareVolumes(node, memory, pod, facts, now) : undefined
      if (delay !== undefined) return delay
    }
    const sandbox = sandboxFor(node, pod, plan)
    if (plan.newSandbox !== undefined) return yield* replaceSandbox(node, pod, runtime, sandbox)
    const current = plan.sandbox
    if (current === undefined) return plan.againMs
    const { hostname, domainName } = hostnameOf(pod, node.clusterDns?.domain ?? "cluster.local", node.nodeName)
    const nodeHosts = pod.spec?.hostNetwork === true && !node.runtime.simulated ? readOrEmpty("/etc/hosts") : ""
    const context = {
      pod,
      sandboxId: current.id,
      sandbox,
      runtime,
      volumes: memory.volumes ?? new Map<string, string>(),
      facts,
      hostsFile: hostsFileOf(pod, facts.podIps, hostname, domainName, nodeHosts),
      unwanted: input.unwanted
    }
    let againMs = plan.againMs
    let started = false
    for (const start of plan.start) {
      const trouble = memory.troubles.get(start.container.name)
      if (trouble !== undefined && now < trouble.at) {
        againMs = least(againMs, trouble.at - now)
        continue
      }
      const result = yield* startContainer(node, context, start)
      if (result.waiting === undefined) {
        memory.troubles.delete(start.container.name)
        started = true
        continue
      }
      const at = (yield* Clock.currentTimeMillis) + result.againMs
      memory.troubles.set(start.container.name, { waiting: result.waiting, at })
      againMs = least(againMs, result.againMs)
      node.statuses.publish(pod, statusOf(statusFacts(node, pod, runtime, now, waitingOf(memory, plan))))
    }
    return started ? "again" : againMs
  })

const readOrEmpty = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "")

const sandboxFor = (node: NodeContext, pod: Pod, plan: PodPlan): SandboxSpec =>
  sandboxSpecOf(pod, {
    attempt: plan.newSandbox ?? plan.sandbox?.attempt ?? 0,
    hostname: hostnameOf(pod, node.clusterDns?.domain ?? "cluster.local", node.nodeName).hostname,
    dns: dnsOf(pod, node.hostDns, node.clusterDns),
    logDir: node.logDir,
    seccompDir: join(node.rootDir, "seccomp")
  })

const replaceSandbox = (
  node: NodeContext,
  pod: Pod,
  runtime: RuntimePod,
  spec: SandboxSpec
): Effect.Effect<number | "again", RuntimeError> =>
  Effect.gen(function* () {
    if (runtime.sandboxes.length > 0) {
      node.recorder.event(pod, "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")
    }
    for (const old of runtime.sandboxes) yield* node.runtime.stopSandbox(old.id)
    const made = yield* node.runtime.runSandbox(spec).pipe(Effect.result)
    if (made._tag === "Success") return "again"
    node.recorder.event(pod, "Warning", "FailedCreatePodSandBox", `Failed to create pod sandbox: ${made.failure.message}`)
    return sandboxRetryMs
  })

/** A pod that has ended gives its address and its volumes back; its containers stay for their logs. */
const settle = (node: NodeContext, memory: Memory, pod: Pod, runtime: RuntimePod): Effect.Effect<undefined, RuntimeError> =>
  Effect.gen(function* () {
    if (memory.cleaned || runtime.containers.some(({ state }) => state === "running")) return undefined
    for (const sandbox of runtime.sandboxes) if (sandbox.ready) yield* node.runtime.stopSandbox(sandbox.id)
    for (const container of runtime.containers) node.probes.forget(container.id)
    if (!node.runtime.simulated) {
      const volumes = join(podFolder(node.rootDir, pod.metadata?.uid ?? ""), "volumes")
      yield* unmountAll(volumes, node.runtime)
      rmSync(volumes, { recursive: true, force: true })
    }
    memory.cleaned = true
    return undefined
  })

const deadlineOf = (pod: Pod, now: number): { readonly passed: boolean; readonly leftMs?: number } => {
  const seconds = pod.spec?.activeDeadlineSeconds
  const start = Date.parse(pod.status?.startTime ?? "")
  const phase = pod.status?.phase
  if (seconds === undefined || Number.isNaN(start) || phase === "Succeeded" || phase === "Failed") return { passed: false }
  const leftMs = start + seconds * 1000 - now
  return { passed: leftMs <= 0, leftMs: Math.max(1, leftMs) }
}

const failPod = (node: NodeContext, input: WorkerInput, pod: Pod, runtime: RuntimePod): Effect.Effect<number, RuntimeError> =>
  Effect.gen(function* () {
    const failure = { reason: "DeadlineExceeded", message: "Pod was active on the node longer than the specified deadline" }
    node.recorder.event(pod, "Normal", failure.reason, failure.message)
    const running = runtime.containers.filter(({ state }) => state === "running")
    yield* Effect.raceFirst(
      endContainers(endOptions(node, pod, runtime), running, pod.spec?.terminationGracePeriodSeconds ?? 30),
      input.unwanted
    )
    const now = yield* Clock.currentTimeMillis
    const after = yield* node.runtime.pod(pod.metadata?.uid ?? "")
    const facts = { ...statusFacts(node, pod, after, now, new Map()), terminating: true, stopped: true, failure }
    node.statuses.publish(pod, statusOf(facts))
    return 1
  })

/** What keeps containers from starting, as the status shows it: back-offs first, then what went wrong at the last try. */
const waitingOf = (memory: Memory, plan: PodPlan): ReadonlyMap<string, Waiting> => {
  const troubles = [...memory.troubles]
    .filter(([name]) => plan.start.some(({ container }) => container.name === name))
    .map(([name, { waiting }]) => [name, waiting] as const)
  return new Map([...troubles, ...plan.waiting])
}

const tellBackOff = (node: NodeContext, memory: Memory, pod: Pod, plan: PodPlan, runtime: RuntimePod): void => {
  for (const [name, { reason }] of plan.waiting) {
    const attempt = runtime.containers.find((container) => container.name === name)?.attempt ?? 0
    const key = `${name}/${attempt}`
    if (reason !== "CrashLoopBackOff" || memory.told.has(key)) continue
    memory.told.clear()
    memory.told.add(key)
    const { name: podName, namespace, uid } = pod.metadata ?? {}
    const message = `Back-off restarting failed container ${name} in pod ${podName}_${namespace}(${uid})`
    containerEvent(node.recorder, pod, name, "Warning", "BackOff", message)
  }
}
