/** Hooks after the start and before the end of a container, and its end within a grace period. @module */
import type { Container, LifecycleHandler, Pod } from "@tsukube/api/core-v1"
import { Clock, Effect } from "effect"
import { type HandlerResult, type HandlerTarget, runHandler } from "./handler.ts"
import { isSidecar } from "./restart.ts"
import type { ContainerRuntime, RuntimeContainer, RuntimeError } from "./runtime.ts"

/** How long an HTTP hook may take that nothing else limits. */
const httpHookSeconds = 30

/** Runs a hook to its end, or for at most `limitSeconds`. */
export const runHook = (
  runtime: ContainerRuntime,
  target: HandlerTarget,
  hook: LifecycleHandler,
  limitSeconds?: number
): Effect.Effect<HandlerResult> => {
  if (hook.sleep !== undefined) {
    const seconds = Math.min(hook.sleep.seconds, limitSeconds ?? Number.POSITIVE_INFINITY)
    return Effect.sleep(seconds * 1000).pipe(Effect.as({ healthy: true, output: "" }))
  }
  // A command without a limit may take as long as it likes; the runtime calls that 0.
  return runHandler(runtime, target, hook, limitSeconds ?? (hook.exec === undefined ? httpHookSeconds : 0))
}

/** What ending a container needs to know and tell. */
export interface EndOptions {
  readonly runtime: ContainerRuntime
  readonly pod: Pod
  readonly podIp: string
  readonly onKilling: (container: RuntimeContainer, message: string) => void
  readonly onHookFailed: (container: RuntimeContainer, message: string) => void
}

/** Every process gets at least this long to react to its signal, even when the hook has used all the time. */
const leastStopSeconds = 2

const specOf = (pod: Pod, name: string): Container | undefined =>
  [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find((container) => container.name === name)

/** Runs the container's preStop hook and stops it, both within the grace period; 0 kills at once. */
export const endContainer = (
  options: EndOptions,
  running: RuntimeContainer,
  graceSeconds: number,
  message: string
): Effect.Effect<void, RuntimeError> =>
  Effect.gen(function* () {
    options.onKilling(running, message)
    const container = specOf(options.pod, running.name)
    const hook = container?.lifecycle?.preStop
    let left = graceSeconds
    if (container !== undefined && hook !== undefined && graceSeconds > 0 && !options.runtime.simulated) {
      const target = { container, containerId: running.id, podIp: options.podIp, userAgent: "kube-lifecycle/1.36" }
      const began = yield* Clock.currentTimeMillis
      const result = yield* runHook(options.runtime, target, hook, graceSeconds).pipe(Effect.timeoutOption(graceSeconds * 1000))
      if (result._tag === "Some" && !result.value.healthy) options.onHookFailed(running, `PreStopHook failed`)
      const spent = Math.floor(((yield* Clock.currentTimeMillis) - began) / 1000)
      left = Math.max(leastStopSeconds, graceSeconds - spent)
    }
    yield* options.runtime.stopContainer(running.id, left)
  })

/** Ends all containers of a pod: the main ones together, then the sidecars, the last started first, in what is left of the time. */
export const endContainers = (
  options: EndOptions,
  running: ReadonlyArray<RuntimeContainer>,
  graceSeconds: number
): Effect.Effect<void, RuntimeError> =>
  Effect.gen(function* () {
    const sidecars = (options.pod.spec?.initContainers ?? []).filter(isSidecar).map(({ name }) => name)
    const began = yield* Clock.currentTimeMillis
    const mains = running.filter(({ name }) => !sidecars.includes(name))
    const end = (container: RuntimeContainer, seconds: number) =>
      endContainer(options, container, seconds, `Stopping container ${container.name}`)
    yield* Effect.forEach(mains, (container) => end(container, graceSeconds), { concurrency: "unbounded", discard: true })
    for (const name of sidecars.toReversed()) {
      const container = running.find((candidate) => candidate.name === name)
      if (container === undefined) continue
      const spent = Math.floor(((yield* Clock.currentTimeMillis) - began) / 1000)
      yield* end(container, graceSeconds === 0 ? 0 : Math.max(leastStopSeconds, graceSeconds - spent))
    }
  })
