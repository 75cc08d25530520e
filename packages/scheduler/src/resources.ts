/** How much of everything a pod asks for and a node has, in integers. @module */
import { quantityMilli, quantityValue } from "@tsukube/api"
import type { Container, Pod, ResourceRequirements } from "@tsukube/api/core-v1"

/** Amounts: cpu in thousandths, the rest in units (bytes, devices). */
export interface Resources {
  cpuMilli: number
  memory: number
  ephemeralStorage: number
  /** Extended resources and huge pages, by name. */
  readonly extended: Map<string, number>
}

/** Cpu and memory with the assumptions that scoring makes for containers that ask for nothing. */
export interface ScoringRequest {
  cpuMilli: number
  memory: number
}

/** What a container without a cpu request is taken to use when nodes are compared. */
const assumedCpuMilli = 100
/** The same for memory: 200 MB. */
const assumedMemory = 200 * 1024 * 1024

type Amounts = Readonly<Record<string, number | string>>

/** Nothing of anything. */
export const noResources = (): Resources => ({ cpuMilli: 0, memory: 0, ephemeralStorage: 0, extended: new Map() })

/** Reads a resource list as the API writes it. */
export const resourcesOf = (list: Amounts | undefined): Resources => {
  const amounts = noResources()
  for (const name in list) {
    const quantity = String(list[name])
    if (name === "cpu") amounts.cpuMilli = quantityMilli(quantity)
    else if (name === "memory") amounts.memory = quantityValue(quantity)
    else if (name === "ephemeral-storage") amounts.ephemeralStorage = quantityValue(quantity)
    else if (name !== "pods") amounts.extended.set(name, quantityValue(quantity))
  }
  return amounts
}

/** Adds `amounts` to `total`, or takes them away with `sign` -1. */
export const addResources = (total: Resources, amounts: Resources, sign: 1 | -1 = 1): void => {
  total.cpuMilli += sign * amounts.cpuMilli
  total.memory += sign * amounts.memory
  total.ephemeralStorage += sign * amounts.ephemeralStorage
  for (const [name, amount] of amounts.extended) total.extended.set(name, (total.extended.get(name) ?? 0) + sign * amount)
}

/** Raises each of `total` to at least the amount in `other`. */
const raiseTo = (total: Resources, other: Resources): void => {
  total.cpuMilli = Math.max(total.cpuMilli, other.cpuMilli)
  total.memory = Math.max(total.memory, other.memory)
  total.ephemeralStorage = Math.max(total.ephemeralStorage, other.ephemeralStorage)
  for (const [name, amount] of other.extended) total.extended.set(name, Math.max(total.extended.get(name) ?? 0, amount))
}

const copyOf = (amounts: Resources): Resources => ({ ...amounts, extended: new Map(amounts.extended) })

/** A sidecar: an init container that goes on running beside the others. */
export const isSidecar = (container: Container): boolean => container.restartPolicy === "Always"

/**
 * Sums the containers as they run: all main containers and sidecars together, or one init container beside the sidecars
 * started before it, whichever is more (KEP-753).
 */
const total = (pod: Pod, of: (container: Container) => Resources): Resources => {
  const sum = noResources()
  for (const container of pod.spec?.containers ?? []) addResources(sum, of(container))
  const sidecars = noResources()
  const starting = noResources()
  for (const container of pod.spec?.initContainers ?? []) {
    const amounts = copyOf(of(container))
    if (isSidecar(container)) {
      addResources(sum, amounts)
      addResources(sidecars, amounts)
      raiseTo(starting, sidecars)
    } else {
      addResources(amounts, sidecars)
      raiseTo(starting, amounts)
    }
  }
  raiseTo(sum, starting)
  return sum
}

/** Requests of the pod as a whole replace those of its containers for cpu, memory and huge pages (KEP-2837). */
const overridePodLevel = (sum: Resources, requirements: ResourceRequirements | undefined): void => {
  const requests = requirements?.requests as Amounts | undefined
  if (requests === undefined) return
  const whole = resourcesOf(requests)
  if ("cpu" in requests) sum.cpuMilli = whole.cpuMilli
  if ("memory" in requests) sum.memory = whole.memory
  for (const [name, amount] of whole.extended) if (name.startsWith("hugepages-")) sum.extended.set(name, amount)
}

/** While a resize is under way a container holds the larger of what it has and what it asks for (KEP-1287). */
const requestsOf = (pod: Pod): ((container: Container) => Resources) => {
  const statuses = new Map(
    [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].map((status) => [
      status.name,
      status
    ])
  )
  const infeasible = pod.status?.conditions?.some(({ type, reason }) => type === "PodResizePending" && reason === "Infeasible")
  return (container) => {
    const wanted = resourcesOf(container.resources?.requests as Amounts | undefined)
    const status = statuses.get(container.name)
    if (status?.resources?.requests === undefined && status?.allocatedResources === undefined) return wanted
    const held = resourcesOf(status.resources?.requests as Amounts | undefined)
    raiseTo(held, resourcesOf(status.allocatedResources as Amounts | undefined))
    if (!infeasible) raiseTo(held, wanted)
    return held
  }
}

/** What a pod takes of its node. */
export const podRequests = (pod: Pod): Resources => {
  const sum = total(pod, requestsOf(pod))
  overridePodLevel(sum, pod.spec?.resources)
  addResources(sum, resourcesOf(pod.spec?.overhead as Amounts | undefined))
  return sum
}

/** What a pod is taken to use when nodes are scored: containers without requests count as small, not as nothing. */
export const scoringRequest = (pod: Pod): ScoringRequest => {
  const requests = requestsOf(pod)
  const podLevel = pod.spec?.resources?.requests
  const sum = total(pod, (container) => {
    const amounts = requests(container)
    if (container.resources?.requests?.["cpu"] === undefined && podLevel?.["cpu"] === undefined)
      amounts.cpuMilli = assumedCpuMilli
    if (container.resources?.requests?.["memory"] === undefined && podLevel?.["memory"] === undefined)
      amounts.memory = assumedMemory
    return amounts
  })
  overridePodLevel(sum, pod.spec?.resources)
  addResources(sum, resourcesOf(pod.spec?.overhead as Amounts | undefined))
  return { cpuMilli: sum.cpuMilli, memory: sum.memory }
}
