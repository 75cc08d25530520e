/** Startup, readiness and liveness of running containers, probed in the background. @module */
import type { Container, Pod, Probe } from "@tsukube/api/core-v1"
import { Clock, Effect, FiberMap, type Scope } from "effect"
import { runHandler } from "./handler.ts"
import type { ContainerRuntime, RuntimeContainer } from "./runtime.ts"

/** What the probes of a node know. */
export interface Probes {
  /** Begins to probe a running container; a second call changes nothing. */
  readonly watch: (pod: Pod, container: Container, running: RuntimeContainer, podIp: string) => void
  readonly started: (containerId: string) => boolean
  readonly ready: (containerId: string) => boolean
  /** The probe that wants the container to end, if any does. */
  readonly unhealthy: (containerId: string) => "liveness" | "startup" | undefined
  /** Stops probing a container. */
  readonly forget: (containerId: string) => void
}

/** What the probes report to. */
export interface ProbeOptions {
  readonly runtime: ContainerRuntime
  /** A verdict about a container of the pod has changed. */
  readonly onChange: (podUid: string) => void
  readonly onUnhealthy: (pod: Pod, container: Container, message: string) => void
}

type Kind = "startup" | "readiness" | "liveness"

interface Verdict {
  started: boolean
  ready: boolean
  failed: "liveness" | "startup" | undefined
}

const titles: Readonly<Record<Kind, string>> = { startup: "Startup", readiness: "Readiness", liveness: "Liveness" }

/** Probes whose fibers end with the scope. */
export const makeProbes = (options: ProbeOptions): Effect.Effect<Probes, never, Scope.Scope> =>
  Effect.gen(function* () {
    const fibers = yield* FiberMap.make<string>()
    const run = yield* FiberMap.runtime(fibers)<never>()
    const verdicts = new Map<string, Verdict>()

    const probing = (
      kind: Kind,
      probe: Probe,
      pod: Pod,
      container: Container,
      running: RuntimeContainer,
      podIp: string,
      settle: (success: boolean) => boolean
    ): Effect.Effect<void> =>
      Effect.gen(function* () {
        const target = { container, containerId: running.id, podIp, userAgent: "kube-probe/1.36" }
        const now = yield* Clock.currentTimeMillis
        const delayMs = running.startedAt + (probe.initialDelaySeconds ?? 0) * 1000 - now
        if (delayMs > 0) yield* Effect.sleep(delayMs)
        let streak = 0
        let last: boolean | undefined
        for (;;) {
          const { healthy, output } = yield* runHandler(options.runtime, target, probe, probe.timeoutSeconds ?? 1)
          streak = healthy === last ? streak + 1 : 1
          last = healthy
          if (!healthy) options.onUnhealthy(pod, container, `${titles[kind]} probe failed: ${output}`)
          const threshold = healthy ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3)
          if (streak >= threshold && settle(healthy)) return
          yield* Effect.sleep((probe.periodSeconds ?? 10) * 1000)
        }
      })

    const watch: Probes["watch"] = (pod, container, running, podIp) => {
      if (verdicts.has(running.id)) return
      const uid = pod.metadata?.uid ?? ""
      const { startupProbe, readinessProbe, livenessProbe } = options.runtime.simulated ? ({} as Container) : container
      const known = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].find(
        ({ containerID }) => containerID?.endsWith(running.id)
      )
      const verdict: Verdict = {
        started: startupProbe === undefined || known?.started === true,
        ready: readinessProbe === undefined || known?.ready === true,
        failed: undefined
      }
      verdicts.set(running.id, verdict)
      const update = (change: Partial<Verdict>): void => {
        const before = { ...verdict }
        Object.assign(verdict, change)
        const same = before.started === verdict.started && before.ready === verdict.ready && before.failed === verdict.failed
        if (!same) options.onChange(uid)
      }
      const begin = (kind: Kind, probe: Probe | undefined, settle: (success: boolean) => boolean): void => {
        if (probe !== undefined) run(`${running.id}/${kind}`, probing(kind, probe, pod, container, running, podIp, settle))
      }
      const beginOthers = (): void => {
        begin("readiness", readinessProbe, (ready) => {
          update({ ready })
          return false
        })
        begin("liveness", livenessProbe, (alive) => {
          if (!alive) update({ failed: "liveness" })
          return !alive
        })
      }
      if (verdict.started) return beginOthers()
      begin("startup", startupProbe, (success) => {
        update(success ? { started: true } : { failed: "startup" })
        if (success) beginOthers()
        return true
      })
    }

    return {
      watch,
      started: (id) => verdicts.get(id)?.started ?? false,
      ready: (id) => verdicts.get(id)?.ready ?? false,
      unhealthy: (id) => verdicts.get(id)?.failed,
      forget: (id) => {
        if (!verdicts.delete(id)) return
        for (const kind of ["startup", "readiness", "liveness"]) {
          if (FiberMap.hasUnsafe(fibers, `${id}/${kind}`)) run(`${id}/${kind}`, Effect.void)
        }
      }
    }
  })
