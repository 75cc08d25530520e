/** What any object counts for in the quotas of its namespace. Specified in https://kubernetes.io/docs/concepts/policy/resource-quotas/ @module */
import { canonicalQuantity } from "../quantity.ts"
import { groupResourceOf, type KubernetesObject, type Resource } from "../resource.ts"
import type { PersistentVolumeClaim, Pod, Service } from "../types/core-v1.ts"
import type { ResourceClaim } from "../types/resource-v1.ts"
import { type Amounts, addAmounts, greatest } from "./amounts.ts"
import { podUsage } from "./pod-usage.ts"

/** Resources of the core group that quotas also count under their plain name. */
const plainlyCounted = new Set([
  "configmaps",
  "persistentvolumeclaims",
  "replicationcontrollers",
  "resourcequotas",
  "secrets",
  "services"
])

const claimClassKey = "volume.beta.kubernetes.io/storage-class"

const volumeClaimUsage = ({ metadata, spec, status }: PersistentVolumeClaim): Amounts => {
  const asked = spec?.resources?.requests?.["storage"]
  const allocated = status?.allocatedResources?.["storage"]
  const storage = greatest(
    asked === undefined ? {} : { storage: canonicalQuantity(asked) },
    allocated === undefined ? {} : { storage: canonicalQuantity(allocated) }
  )["storage"]
  const name = metadata?.annotations?.[claimClassKey] ?? spec?.storageClassName ?? ""
  const ofClass = `${name}.storageclass.storage.k8s.io`
  return {
    ...(name === "" ? {} : { [`${ofClass}/persistentvolumeclaims`]: "1" }),
    ...(storage === undefined ? {} : { "requests.storage": storage }),
    ...(storage === undefined || name === "" ? {} : { [`${ofClass}/requests.storage`]: storage })
  }
}

const serviceUsage = ({ spec }: Service): Amounts => {
  const ports = spec?.ports ?? []
  if (spec?.type === "NodePort") return { "services.nodeports": String(ports.length), "services.loadbalancers": "0" }
  if (spec?.type !== "LoadBalancer") return { "services.nodeports": "0", "services.loadbalancers": "0" }
  const given = spec.allocateLoadBalancerNodePorts === false ? ports.filter(({ nodePort = 0 }) => nodePort !== 0) : ports
  return { "services.nodeports": String(given.length), "services.loadbalancers": "1" }
}

const deviceUsage = ({ spec }: ResourceClaim): Amounts => {
  let usage: Amounts = {}
  for (const { exactly } of spec?.devices?.requests ?? []) {
    if (exactly === undefined) continue
    const count = exactly.allocationMode === "All" ? 32 : (exactly.count ?? 1)
    usage = addAmounts(usage, { [`${exactly.deviceClassName}.deviceclass.resource.k8s.io/devices`]: String(count) })
  }
  return usage
}

/** Whether quotas count a resource at all: events come and go. */
export const isCounted = ({ group, plural, namespaced, verbs }: Resource): boolean =>
  namespaced && verbs.includes("create") && verbs.includes("list") && plural !== "events" && group !== "metrics.k8s.io"

/** What an object counts for. `now` in milliseconds: pods that should have ended by then need nothing. */
export const usageOf = (resource: Resource, object: KubernetesObject, now: number): Amounts => {
  const name = groupResourceOf(resource)
  if (name === "pods") return podUsage(object as Pod, now)
  const counts = { [`count/${name}`]: "1", ...(resource.group === "" && plainlyCounted.has(name) ? { [name]: "1" } : {}) }
  if (name === "persistentvolumeclaims") return { ...counts, ...volumeClaimUsage(object as PersistentVolumeClaim) }
  if (name === "services") return { ...counts, ...serviceUsage(object as Service) }
  if (name === "resourceclaims.resource.k8s.io") return { ...counts, ...deviceUsage(object as ResourceClaim) }
  return counts
}

const computed = /^(requests\.|limits\.|hugepages-)|^(cpu|memory|ephemeral-storage|pods)$/

/** Whether objects of a resource can count for a name in a quota; by it the lists that a sum needs are found. */
export const countsFor = (resource: Resource, name: string): boolean => {
  const own = groupResourceOf(resource)
  if (name === `count/${own}`) return true
  if (own === "pods") return computed.test(name) && name !== "requests.storage"
  if (own === "services") return name === "services" || name.startsWith("services.")
  if (own === "persistentvolumeclaims") {
    return name === own || name === "requests.storage" || name.includes(".storageclass.storage.k8s.io/")
  }
  if (own === "resourceclaims.resource.k8s.io") return name.endsWith(".deviceclass.resource.k8s.io/devices")
  return resource.group === "" && plainlyCounted.has(own) && name === own
}
