/** Why a node does not take a pod that was put on it, past the scheduler or in a race with another one. Pure. @module */
import type { ContainerPort, Pod } from "@tsukube/api/core-v1"

/** As the status of a refused pod tells it. */
export interface Rejection {
  readonly reason: string
  readonly message: string
}

const isEnded = ({ status }: Pod): boolean => status?.phase === "Failed" || status?.phase === "Succeeded"

/** Ports of the node that the pod's containers take as long as they run. */
const hostPortsOf = ({ spec }: Pod): ReadonlyArray<ContainerPort> => {
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always")
  return [...sidecars, ...(spec?.containers ?? [])].flatMap(({ ports = [] }) => ports.filter(({ hostPort = 0 }) => hostPort > 0))
}

const addressOf = ({ hostIP }: ContainerPort): string =>
  hostIP === undefined || hostIP === "" || hostIP === "::" ? "0.0.0.0" : hostIP

const collide = (left: ContainerPort, right: ContainerPort): boolean => {
  const [here, there] = [addressOf(left), addressOf(right)]
  return (
    left.hostPort === right.hostPort &&
    (left.protocol ?? "TCP") === (right.protocol ?? "TCP") &&
    (here === there || here === "0.0.0.0" || there === "0.0.0.0")
  )
}

/** Undefined when the pod may run beside `others`, those that the node has taken already. */
export const rejectionOf = (pod: Pod, others: () => ReadonlyArray<Pod>): Rejection | undefined => {
  // What has started is not asked again, and what has ended needs nothing.
  if (pod.status?.startTime !== undefined || isEnded(pod)) return undefined
  const wanted = hostPortsOf(pod)
  if (wanted.length === 0) return undefined
  const taken = others()
    .filter((other) => !isEnded(other))
    .flatMap(hostPortsOf)
  if (!wanted.some((port) => taken.some((other) => collide(port, other)))) return undefined
  const message = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
  return { reason: "NodePorts", message: `Pod was rejected: ${message}` }
}
