/** Which ports of a pod a Service's ports lead to. @module */
import type { Pod, Service, ServicePort } from "@tsukube/api/core-v1"

/** A port as an endpoint serves it; no number where a headless Service names no target. */
export interface TargetPort {
  readonly name: string
  readonly protocol: string
  readonly port: number
  readonly appProtocol?: string
}

/** The number behind a Service's target port on this pod; undefined where no container has a port of that name. */
const resolve = (pod: Pod, { targetPort, port, protocol = "TCP" }: ServicePort): number | undefined => {
  const target = targetPort ?? port
  if (typeof target === "number") return target
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always")
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const candidate of container.ports ?? []) {
      if (candidate.name === target && (candidate.protocol ?? "TCP") === protocol) return candidate.containerPort
    }
  }
  return undefined
}

/** The ports of the Service that this pod serves; names without a container port are left out, as they are upstream. */
export const targetPorts = (service: Service, pod: Pod): ReadonlyArray<TargetPort> =>
  (service.spec?.ports ?? []).flatMap((port) => {
    const number = resolve(pod, port)
    if (number === undefined) return []
    return [
      {
        name: port.name ?? "",
        protocol: port.protocol ?? "TCP",
        port: number,
        ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol })
      }
    ]
  })
