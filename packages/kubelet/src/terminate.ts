/** The end of a pod: its containers within their grace period, then its traces on the node, then its object. @module */
import { rmSync } from "node:fs"
import { type Pod, pods } from "@tsukube/api/core-v1"
import { Clock, Effect, Queue } from "effect"
import { logFolder } from "./container-spec.ts"
import type { Desired, WorkerInput } from "./desired.ts"
import { endContainers } from "./lifecycle.ts"
import type { NodeContext } from "./node-context.ts"
import { statusOf } from "./phase.ts"
import { endOptions, statusFacts, watchProbes } from "./pod-facts.ts"
import type { RuntimeError, RuntimePod } from "./runtime.ts"
import { removePodFolder } from "./volume/volumes.ts"

/** Ends everything of a pod within its grace period, then lets the API server forget it. */
export const terminate = (node: NodeContext, input: WorkerInput): Effect.Effect<void, RuntimeError> =>
  Effect.gen(function* () {
    const uid = input.desired().pod.metadata?.uid ?? ""
    for (;;) {
      const pod = node.statuses.refreshed(input.desired().pod)
      const runtime = yield* node.runtime.pod(uid)
      const running = runtime.containers.filter(({ state }) => state === "running")
      if (running.length === 0) break
      const now = yield* Clock.currentTimeMillis
      watchProbes(node, pod, runtime)
      if (!input.desired().gone)
        node.statuses.publish(pod, statusOf({ ...statusFacts(node, pod, runtime, now, new Map()), terminating: true }))
      const grace = graceOf(input.desired())
      yield* Effect.raceFirst(endContainers(endOptions(node, pod, runtime), running, grace), untilShorter(input, grace))
    }
    const pod = node.statuses.refreshed(input.desired().pod)
    const runtime = yield* node.runtime.pod(uid)
    if (!input.desired().gone) yield* writeFinal(node, pod, runtime)
    for (const sandbox of runtime.sandboxes) yield* node.runtime.stopSandbox(sandbox.id)
    for (const container of runtime.containers) {
      node.probes.forget(container.id)
      yield* node.runtime.removeContainer(container.id)
    }
    for (const sandbox of runtime.sandboxes) yield* node.runtime.removeSandbox(sandbox.id)
    if (!node.runtime.simulated) {
      yield* removePodFolder(node.rootDir, uid, node.runtime)
      rmSync(logFolder(node.logDir, pod), { recursive: true, force: true })
    }
    yield* forgetObject(node, input)
    node.statuses.forget(uid)
    node.tokens.forget(uid)
    node.restarts.forget(`${uid}/`)
    node.images.forget(uid)
  })

/** The last word about the pod, so that whoever waits for its result can read it before the object is gone. */
const writeFinal = (node: NodeContext, pod: Pod, runtime: RuntimePod): Effect.Effect<void> =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const facts = { ...statusFacts(node, pod, runtime, now, new Map()), terminating: true, stopped: true }
    yield* Effect.ignore(node.statuses.write(pod, statusOf(facts)))
  })

/** Deletes the object for good, once nothing of it runs; as long as finalizers hold it there is nothing more to do here. */
const forgetObject = (node: NodeContext, input: WorkerInput): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { name = "", namespace = "", uid = "" } = input.desired().pod.metadata ?? {}
    for (;;) {
      if (input.desired().gone) return
      const result = yield* node.client
        .delete(pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } })
        .pipe(Effect.result)
      if (result._tag === "Success") return
      if (result.failure._tag === "StatusError" && (result.failure.code === 404 || result.failure.code === 409)) return
      yield* Effect.logDebug(`delete pod ${namespace}/${name}: ${result.failure.message}`)
      yield* Effect.sleep("1 second")
    }
  })

const graceOf = ({ pod, gone }: Desired): number => {
  const asked = pod.metadata?.deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 30
  // Who deletes by force does not want to wait, but the process still gets its signal.
  return gone ? Math.min(asked, 1) : asked
}

const untilShorter = (input: WorkerInput, grace: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    while (graceOf(input.desired()) >= grace) yield* Queue.take(input.wake)
  })
