/** Rebuilds, from a pod's status, what a runtime that forgets had been running. @module */
import type { Container, ContainerStatus, Pod } from "@tsukube/api/core-v1"
import { endOf, portsOf } from "./container-spec.ts"
import { containerHash } from "./restart.ts"
import { type AdoptedPod, annotationKeys } from "./runtime.ts"

/** The pod as the API server knows it to run on this node; undefined when nothing of it had been started yet. */
export const adoptedPodOf = (pod: Pod, runtimeName: string): AdoptedPod | undefined => {
  const { uid = "", name = "", namespace = "" } = pod.metadata ?? {}
  const prefix = `${runtimeName}://`
  const sandboxId = `adopted-${uid}`
  const inits = (pod.spec?.initContainers ?? []).map((container) => [container, "init"] as const)
  const mains = (pod.spec?.containers ?? []).map((container) => [container, "main"] as const)
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
  const containers = [...inits, ...mains].flatMap(([container, kind]) => {
    const status = statuses.find((candidate) => candidate.name === container.name)
    if (status?.containerID?.startsWith(prefix) !== true) return []
    const id = status.containerID.slice(prefix.length)
    const known = { id, sandboxId, podUid: uid, ends: endOf(pod, container, kind), ports: portsOf(container) }
    return [{ ...fromStatus(container, status), ...known }]
  })
  if (containers.length === 0) return undefined
  const ips = pod.spec?.hostNetwork === true ? [] : (pod.status?.podIPs ?? []).flatMap(({ ip }) => ip ?? [])
  const createdAt = Date.parse(pod.status?.startTime ?? "") || 0
  const finished = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed"
  return {
    uid,
    sandboxes: [
      { id: sandboxId, podUid: uid, podName: name, podNamespace: namespace, attempt: 0, ready: !finished, createdAt, ips }
    ],
    containers: containers.toReversed()
  }
}

const fromStatus = (container: Container, status: ContainerStatus) => {
  const ended = status.state?.terminated ?? (status.state?.waiting === undefined ? undefined : status.lastState?.terminated)
  const startedAt = Date.parse(status.state?.running?.startedAt ?? ended?.startedAt ?? "") || 0
  return {
    name: container.name,
    attempt: status.restartCount,
    state: ended === undefined ? ("running" as const) : ("exited" as const),
    createdAt: startedAt,
    startedAt,
    finishedAt: Date.parse(ended?.finishedAt ?? "") || 0,
    exitCode: ended?.exitCode ?? 0,
    reason: ended?.reason ?? "",
    message: "",
    image: status.image,
    imageId: status.imageID,
    logPath: "",
    annotations: { [annotationKeys.hash]: containerHash(container) }
  }
}
