/** From a Service and its pods to the Endpoints object of old. Pure. @module */
import type { EndpointAddress, EndpointSubset, Endpoints, Pod, Service } from "@tsukube/api/core-v1"
import { canonical, sameMeaning } from "../canonical.ts"
import { targetPorts } from "../endpointslice/ports.ts"
import {
  addressesOf,
  endpointLabels,
  hostnameIn,
  isEndpoint,
  laterTrigger,
  triggerTime,
  triggerTimeAnnotation
} from "../endpointslice/service.ts"
import { nameOf, namespaceOf, uidOf } from "../object.ts"
import { isReady } from "../pod-state.ts"

/** Addresses in an Endpoints object, at most; beyond them only the slices are complete. */
const capacity = 1000
const overCapacityAnnotation = "endpoints.kubernetes.io/over-capacity"
const managedByLabel = "endpoints.kubernetes.io/managed-by"

type SubsetPort = NonNullable<EndpointSubset["ports"]>[number]

interface Entry {
  readonly address: EndpointAddress
  readonly ready: boolean
  readonly ports: ReadonlyArray<SubsetPort>
}

const isIpv6 = (service: Service): boolean =>
  service.spec?.ipFamilies?.[0] === "IPv6" || (service.spec?.clusterIP ?? "").includes(":")

const entryOf = (service: Service, pod: Pod): Entry | undefined => {
  const ip = addressesOf(pod).find((address) => address.includes(":") === isIpv6(service))
  if (ip === undefined) return undefined
  const ports = targetPorts(service, pod).map(
    ({ name, ...port }): SubsetPort => ({ ...(name === "" ? {} : { name }), ...port, protocol: port.protocol as "TCP" })
  )
  // A pod that serves none of the ports is no endpoint, unless the Service has no ports at all.
  if (ports.length === 0 && (service.spec?.ports ?? []).length > 0) return undefined
  const hostname = hostnameIn(service, pod)
  const address: EndpointAddress = {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec?.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: { kind: "Pod", namespace: namespaceOf(pod), name: nameOf(pod), uid: uidOf(pod) }
  }
  return { address, ready: service.spec?.publishNotReadyAddresses === true || isReady(pod), ports }
}

const byIp = (left: Entry, right: Entry): number =>
  left.address.ip < right.address.ip ? -1 : left.address.ip > right.address.ip ? 1 : 0

/** Addresses with the same ports share a subset. */
const subsetsOf = (entries: ReadonlyArray<Entry>): ReadonlyArray<EndpointSubset> => {
  const groups = Map.groupBy([...entries].sort(byIp), ({ ports }) => canonical(ports))
  return [...groups.entries()]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, group]) => {
      const ready = group.filter((entry) => entry.ready).map(({ address }) => address)
      const notReady = group.filter((entry) => !entry.ready).map(({ address }) => address)
      const ports = group[0]!.ports
      return {
        ...(ready.length > 0 ? { addresses: ready } : {}),
        ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
        ...(ports.length > 0 ? { ports } : {})
      }
    })
}

/** The Endpoints that should be; undefined when `current` is right already. */
export const planEndpoints = (
  service: Service,
  pods: ReadonlyArray<Pod>,
  current: Endpoints | undefined
): Endpoints | undefined => {
  const candidates = pods.filter((pod) => isEndpoint(pod, service.spec?.publishNotReadyAddresses === true))
  const all = candidates.map((pod) => entryOf(service, pod)).filter((entry) => entry !== undefined)
  const kept = [...all].sort((left, right) => Number(right.ready) - Number(left.ready)).slice(0, capacity)
  const subsets = subsetsOf(kept)
  const labels = endpointLabels(service, { [managedByLabel]: "endpoint-controller" })
  const { [overCapacityAnnotation]: before, ...annotations } = current?.metadata?.annotations ?? {}
  const over = all.length > capacity ? "truncated" : undefined
  if (
    current !== undefined &&
    sameMeaning(current.subsets ?? [], subsets) &&
    sameMeaning(current.metadata?.labels, labels) &&
    before === over
  ) {
    return undefined
  }
  const trigger = laterTrigger(current, triggerTime(service, pods))
  return {
    ...(current ?? {}),
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      ...(current?.metadata ?? { name: nameOf(service), namespace: namespaceOf(service) }),
      labels,
      annotations: {
        ...annotations,
        ...(over === undefined ? {} : { [overCapacityAnnotation]: over }),
        ...(trigger === undefined ? {} : { [triggerTimeAnnotation]: trigger })
      }
    },
    subsets
  }
}
