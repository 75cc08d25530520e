/** What is known of a pod, in the forms that statuses, volumes and the ends of containers are made from. @module */
import type { Pod } from "@tsukube/api/core-v1"
import type { DownwardFacts } from "./downward.ts"
import { containerEvent } from "./events.ts"
import type { EndOptions } from "./lifecycle.ts"
import type { NodeContext } from "./node-context.ts"
import type { StatusFacts } from "./phase.ts"
import type { Waiting } from "./restart.ts"
import type { RuntimePod } from "./runtime.ts"
import { terminationMessageOf } from "./termination-message.ts"

/** Has the running containers of a pod probed, and those that have ended no longer. */
export const watchProbes = (node: NodeContext, pod: Pod, runtime: RuntimePod): void => {
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? []), ...(pod.spec?.ephemeralContainers ?? [])]
  for (const running of runtime.containers) {
    if (running.state !== "running") {
      node.probes.forget(running.id)
      continue
    }
    const container = all.find(({ name }) => name === running.name)
    if (container !== undefined) node.probes.watch(pod, container, running, podIpsOf(node, pod, runtime)[0] ?? "")
  }
}

/** The addresses a pod is reached at. */
export const podIpsOf = (node: NodeContext, pod: Pod, runtime: RuntimePod): ReadonlyArray<string> =>
  pod.spec?.hostNetwork === true ? node.hostIps : (runtime.sandboxes[0]?.ips ?? [])

/** What the pod may be told about itself. */
export const downwardFacts = (node: NodeContext, pod: Pod, runtime: RuntimePod): DownwardFacts => ({
  pod,
  podIps: podIpsOf(node, pod, runtime),
  hostIps: node.hostIps,
  allocatable: node.allocatable
})

/** What the status is made from while the pod is wanted. */
export const statusFacts = (
  node: NodeContext,
  pod: Pod,
  runtime: RuntimePod,
  now: number,
  waiting: ReadonlyMap<string, Waiting>
): StatusFacts => ({
  pod,
  runtime,
  runtimeName: node.runtime.name,
  now,
  hostIps: node.hostIps,
  waiting,
  started: node.probes.started,
  ready: node.probes.ready,
  terminationMessage: (container) => (node.runtime.simulated ? container.message : terminationMessageOf(node.rootDir, container)),
  terminating: false,
  stopped: false
})

/** How the containers of a pod are ended, and who is told. */
export const endOptions = (node: NodeContext, pod: Pod, runtime: RuntimePod): EndOptions => ({
  runtime: node.runtime,
  pod,
  podIp: podIpsOf(node, pod, runtime)[0] ?? "",
  onKilling: ({ name }, message) => containerEvent(node.recorder, pod, name, "Normal", "Killing", message),
  onHookFailed: ({ name }, message) => containerEvent(node.recorder, pod, name, "Warning", "FailedPreStopHook", message)
})
