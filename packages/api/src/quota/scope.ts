/** Which objects a quota is about: all of its namespace, or pods and claims of certain scopes. @module */
import { qosClassOf } from "../qos.ts"
import { groupResourceOf, type KubernetesObject, type Resource } from "../resource.ts"
import type { PersistentVolumeClaim, Pod, ResourceQuota, ScopedResourceSelectorRequirement } from "../types/core-v1.ts"

/** One scope as a requirement; a plain scope asks for its existence. */
type Requirement = ScopedResourceSelectorRequirement

const requirementsOf = ({ spec }: ResourceQuota): ReadonlyArray<Requirement> => [
  ...(spec?.scopes ?? []).map((scopeName): Requirement => ({ scopeName, operator: "Exists" })),
  ...(spec?.scopeSelector?.matchExpressions ?? [])
]

/** An operator upon the name of a class; "" when the object has none. */
const matchesName = ({ operator, values = [] }: Requirement, name: string): boolean => {
  if (operator === "Exists") return name !== ""
  if (operator === "DoesNotExist") return name === ""
  return operator === "In" ? values.includes(name) : !values.includes(name)
}

/** Terms that look for pods in namespaces other than the pod's own. */
const crossesNamespaces = ({ spec }: Pod): boolean => {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {}
  return [podAffinity, podAntiAffinity].some((affinity) =>
    [
      ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm)
    ].some((term) => (term?.namespaces ?? []).length > 0 || term?.namespaceSelector !== undefined)
  )
}

const podMatches = (pod: Pod, requirement: Requirement): boolean => {
  const limited = (pod.spec?.activeDeadlineSeconds ?? -1) >= 0
  switch (requirement.scopeName) {
    case "Terminating":
      return limited
    case "NotTerminating":
      return !limited
    case "BestEffort":
      return qosClassOf(pod) === "BestEffort"
    case "NotBestEffort":
      return qosClassOf(pod) !== "BestEffort"
    case "PriorityClass":
      return matchesName(requirement, pod.spec?.priorityClassName ?? "")
    case "CrossNamespacePodAffinity":
      return crossesNamespaces(pod)
    default:
      return false
  }
}

const claimMatches = (claim: PersistentVolumeClaim, requirement: Requirement): boolean => {
  if (requirement.scopeName !== "VolumeAttributesClass") return false
  const names = [
    claim.spec?.volumeAttributesClassName,
    claim.status?.currentVolumeAttributesClassName,
    claim.status?.modifyVolumeStatus?.targetVolumeAttributesClassName
  ].filter((name) => name !== undefined && name !== "")
  if (names.length === 0) return matchesName(requirement, "")
  return names.some((name) => matchesName(requirement, name ?? ""))
}

/** Whether the object falls under the quota's scopes. Quotas with scopes are about pods and claims only. */
export const inScope = (quota: ResourceQuota, resource: Resource, object: KubernetesObject): boolean => {
  const requirements = requirementsOf(quota)
  if (requirements.length === 0) return true
  const name = groupResourceOf(resource)
  if (name === "pods") return requirements.every((requirement) => podMatches(object as Pod, requirement))
  if (name === "persistentvolumeclaims") {
    return requirements.every((requirement) => claimMatches(object as PersistentVolumeClaim, requirement))
  }
  return false
}
