/** What a pod may be told about itself: fields of its object and the resources of its containers. @module */
import { parseQuantity, quantityMilli } from "@tsukube/api"
import type { Container, ObjectFieldSelector, Pod, ResourceFieldSelector } from "@tsukube/api/core-v1"

/** What the answers are taken from. */
export interface DownwardFacts {
  readonly pod: Pod
  readonly podIps: ReadonlyArray<string>
  readonly hostIps: ReadonlyArray<string>
  /** Stands in for limits that a container does not set. */
  readonly allocatable: Readonly<Record<string, string>>
}

const formatMap = (map: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(map ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join("\n")

/** The value of a field such as `metadata.name` or `metadata.labels['app']`; throws for fields that are none of these. */
export const fieldValue = (facts: DownwardFacts, { fieldPath }: ObjectFieldSelector): string => {
  const { metadata, spec } = facts.pod
  const subscript = /^metadata\.(labels|annotations)\['([^']*)'\]$/.exec(fieldPath)
  if (subscript !== null) {
    const map = subscript[1] === "labels" ? metadata?.labels : metadata?.annotations
    return map?.[subscript[2] ?? ""] ?? ""
  }
  switch (fieldPath) {
    case "metadata.name":
      return metadata?.name ?? ""
    case "metadata.namespace":
      return metadata?.namespace ?? ""
    case "metadata.uid":
      return metadata?.uid ?? ""
    case "metadata.labels":
      return formatMap(metadata?.labels)
    case "metadata.annotations":
      return formatMap(metadata?.annotations)
    case "spec.nodeName":
      return spec?.nodeName ?? ""
    case "spec.serviceAccountName":
      return spec?.serviceAccountName ?? ""
    case "status.hostIP":
      return facts.hostIps[0] ?? ""
    case "status.hostIPs":
      return facts.hostIps.join(",")
    case "status.podIP":
      return facts.podIps[0] ?? ""
    case "status.podIPs":
      return facts.podIps.join(",")
    default:
      throw new Error(`unsupported fieldPath: ${fieldPath}`)
  }
}

/** A request or limit of a container in units of the divisor, rounded up; a limit that is not set is the node's allocatable. */
export const resourceValue = (
  facts: DownwardFacts,
  container: Container,
  { resource, divisor }: ResourceFieldSelector
): string => {
  const [kind = "", ...rest] = resource.split(".")
  const name = rest.join(".")
  if (kind !== "limits" && kind !== "requests") throw new Error(`unsupported container resource : ${resource}`)
  const quantity = container.resources?.[kind]?.[name] ?? (kind === "limits" ? facts.allocatable[name] : undefined) ?? "0"
  const unit = divisor === undefined || quantityMilli(divisor) === 0 ? "1" : divisor
  const { nano } = parseQuantity(quantity)
  const by = parseQuantity(unit).nano
  return String((nano + by - 1n) / by)
}

/** The container a resource field speaks of: the named one, or the one that asks. */
export const containerNamed = (pod: Pod, name: string | undefined, asking?: Container): Container => {
  if (name === undefined || name === "") {
    if (asking !== undefined) return asking
    throw new Error("containerName is required")
  }
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]
  const found = all.find((container) => container.name === name)
  if (found === undefined) throw new Error(`container ${name} not found`)
  return found
}
