/** Names of resources: which ones there are of Kubernetes' own, and how others have to look. @module */
import { type FieldError, invalid } from "../field-error.ts"
import { isQualifiedName } from "../name.ts"

const computed = ["cpu", "memory", "ephemeral-storage"]
const objects = [
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers"
]
/** What a quota can bound without a group in its name. */
const ofQuotas: ReadonlySet<string> = new Set([
  ...computed,
  ...computed.flatMap((name) => [`requests.${name}`, `limits.${name}`]),
  "requests.storage",
  ...objects
])
const isHugePages = (name: string): boolean => name.startsWith("hugepages-")
const isQuotaHugePages = (name: string): boolean => isHugePages(name) || name.startsWith("requests.hugepages-")

/** Of Kubernetes itself: without a group, or of one of its groups. */
const isNative = (name: string): boolean => !name.includes("/") || name.includes("kubernetes.io/")

const isExtended = (name: string): boolean =>
  !isNative(name) && !name.startsWith("requests.") && isQualifiedName(`requests.${name}`).length === 0

const broken = (name: string, path: string): ReadonlyArray<FieldError> =>
  isQualifiedName(name).map((sentence) => invalid(path, name, sentence))

/** A resource that Kubernetes knows, or one with a group in its name. */
export const checkResourceName = (name: string, path: string): ReadonlyArray<FieldError> => {
  const errors = broken(name, path)
  if (errors.length > 0 || name.includes("/") || name === "storage" || ofQuotas.has(name) || isQuotaHugePages(name)) return errors
  return [invalid(path, name, "must be a standard resource type or fully qualified")]
}

/** A resource that a container can ask for. */
export const checkContainerResourceName = (name: string, path: string): ReadonlyArray<FieldError> => {
  const errors = checkResourceName(name, path)
  if (!name.includes("/"))
    return computed.includes(name) || isHugePages(name)
      ? errors
      : [...errors, invalid(path, name, "must be a standard resource for containers")]
  return isNative(name) || isExtended(name)
    ? errors
    : [...errors, invalid(path, name, "doesn't follow extended resource name standard")]
}

/** A resource that a quota can bound. */
export const checkQuotaResourceName = (name: string, path: string): ReadonlyArray<FieldError> => {
  const errors = checkResourceName(name, path)
  if (name.includes("/") || ofQuotas.has(name) || isQuotaHugePages(name)) return errors
  return [...errors, invalid(path, name, "must be a standard resource for quota")]
}
