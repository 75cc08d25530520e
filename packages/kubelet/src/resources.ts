/** From requests and limits to what the kernel understands: CPU shares and quota, memory, order of killing. @module */
import { quantityMilli, quantityValue } from "@tsukube/api"
import type { Container, Pod } from "@tsukube/api/core-v1"
import type { ContainerResources } from "./runtime.ts"

const periodMicroseconds = 100_000
const leastShares = 2
const leastQuota = 1000

/** The quality of service of a pod, from the resources of all its containers. */
export const qosClassOf = (pod: Pod): "Guaranteed" | "Burstable" | "BestEffort" => {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
  let any = false
  let guaranteed = true
  for (const { resources } of containers) {
    for (const name of ["cpu", "memory"]) {
      const limit = resources?.limits?.[name]
      const request = resources?.requests?.[name] ?? limit
      if ((request !== undefined && quantityMilli(request) > 0) || (limit !== undefined && quantityMilli(limit) > 0)) any = true
      if (limit === undefined || quantityMilli(limit) === 0 || quantityMilli(request ?? limit) !== quantityMilli(limit))
        guaranteed = false
    }
  }
  return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable"
}

/** The kernel's numbers for one container on a node with so much memory. */
export const linuxResourcesOf = (pod: Pod, container: Container, nodeMemoryBytes: number): ContainerResources => {
  const { limits, requests } = container.resources ?? {}
  const cpuLimit = limits?.["cpu"] === undefined ? 0 : quantityMilli(limits["cpu"])
  const cpuRequest = requests?.["cpu"] === undefined ? cpuLimit : quantityMilli(requests["cpu"])
  return {
    cpuShares: Math.max(leastShares, Math.floor((cpuRequest * 1024) / 1000)),
    cpuQuota: cpuLimit === 0 ? 0 : Math.max(leastQuota, Math.floor((cpuLimit * periodMicroseconds) / 1000)),
    cpuPeriod: periodMicroseconds,
    memoryLimitBytes: limits?.["memory"] === undefined ? 0 : quantityValue(limits["memory"]),
    oomScoreAdjust: oomScoreAdjust(pod, container, nodeMemoryBytes)
  }
}

/** Who asked for more memory is killed later; who asked for nothing first. */
const oomScoreAdjust = (pod: Pod, container: Container, nodeMemoryBytes: number): number => {
  const qos = qosClassOf(pod)
  if (qos === "Guaranteed") return -997
  if (qos === "BestEffort") return 1000
  const request = container.resources?.requests?.["memory"]
  const asked = request === undefined ? 0 : quantityValue(request)
  const score = 1000 - Math.floor((1000 * asked) / Math.max(1, nodeMemoryBytes))
  return Math.min(999, Math.max(3, score))
}
