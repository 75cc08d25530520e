/** A pod with what scheduling needs of it, worked out once. @module */
import type { Pod } from "@tsukube/api/core-v1"
import { isSidecar, podRequests, type Resources, type ScoringRequest, scoringRequest } from "./resources.ts"

/** A port of the node that a pod occupies. */
export interface HostPort {
  readonly ip: string
  readonly protocol: string
  readonly port: number
}

/** A pod with what scheduling needs of it, worked out once. */
export interface PodInfo {
  readonly pod: Pod
  readonly uid: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly requests: Resources
  readonly scoring: ScoringRequest
  readonly ports: ReadonlyArray<HostPort>
  /** Namespace and labels as one text: pods with the same look alike to selectors. */
  readonly identity: string
  /** True once the pod is being deleted. */
  readonly isTerminating: boolean
  /** True when the pod has affinity or anti-affinity to other pods, of any strength. */
  readonly hasPodAffinity: boolean
}

/** The key under which a snapshot knows a pod: its uid, or its name where plain data has no uid. */
export const podKey = (pod: Pod): string =>
  pod.metadata?.uid ?? `${pod.metadata?.namespace ?? "default"}/${pod.metadata?.name ?? ""}`

const portsOf = (pod: Pod): ReadonlyArray<HostPort> => {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter(isSidecar)]
  return containers.flatMap(({ ports }) =>
    (ports ?? []).flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort ? [{ ip: hostIP || "0.0.0.0", protocol: protocol ?? "TCP", port: hostPort }] : []
    )
  )
}

interface Footprint {
  readonly requests: Resources
  readonly scoring: ScoringRequest
  readonly ports: ReadonlyArray<HostPort>
}

/** Pods of one template ask for the same: worked out once for all of them, and kept once in memory. */
const footprints = new Map<string, Footprint>()
const footprintLimit = 5000

const footprintText = ({ spec, status }: Pod): string => {
  let text = ""
  for (const { name, resources, ports, restartPolicy } of spec?.initContainers ?? [])
    text += `${name}${restartPolicy ?? ""}${JSON.stringify([resources?.requests, ports])}`
  text += "|"
  for (const { name, resources, ports } of spec?.containers ?? [])
    text += `${name}${JSON.stringify([resources?.requests, ports])}`
  if (spec?.overhead !== undefined || spec?.resources !== undefined) text += JSON.stringify([spec.overhead, spec.resources])
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
  for (const { name, resources, allocatedResources } of statuses) {
    if (resources?.requests === undefined && allocatedResources === undefined) continue
    text += `|${name}${JSON.stringify([resources?.requests, allocatedResources])}`
  }
  if (status?.conditions?.some(({ type, reason }) => type === "PodResizePending" && reason === "Infeasible"))
    text += "|infeasible"
  return text
}

const footprintOf = (pod: Pod): Footprint => {
  const text = footprintText(pod)
  let footprint = footprints.get(text)
  if (footprint === undefined) {
    if (footprints.size >= footprintLimit) footprints.clear()
    footprint = { requests: podRequests(pod), scoring: scoringRequest(pod), ports: portsOf(pod) }
    footprints.set(text, footprint)
  }
  return footprint
}

/** Equal texts are kept once in memory. */
const identities = new Map<string, string>()

const identityOf = (namespace: string, labels: Readonly<Record<string, string>> | undefined): string => {
  let text = namespace
  for (const key in labels) text += `\n${key}\t${labels[key]}`
  const known = identities.get(text)
  if (known !== undefined) return known
  if (identities.size >= 10 * footprintLimit) identities.clear()
  identities.set(text, text)
  return text
}

/** The labels of what has none. */
export const noLabels: Readonly<Record<string, string>> = {}

/** Works out what scheduling needs of a pod. Throws `ParseError` where an amount cannot be read. */
export const podInfo = (pod: Pod): PodInfo => {
  const { requests, scoring, ports } = footprintOf(pod)
  const namespace = pod.metadata?.namespace ?? "default"
  return {
    pod,
    uid: podKey(pod),
    namespace,
    labels: pod.metadata?.labels ?? noLabels,
    requests,
    scoring,
    ports,
    identity: identityOf(namespace, pod.metadata?.labels),
    isTerminating: pod.metadata?.deletionTimestamp !== undefined,
    hasPodAffinity: pod.spec?.affinity?.podAffinity !== undefined || pod.spec?.affinity?.podAntiAffinity !== undefined
  }
}

/** True while a pod holds resources of its node. */
export const holdsResources = (pod: Pod): boolean => pod.status?.phase !== "Succeeded" && pod.status?.phase !== "Failed"
