/** From a Service and its pods to EndpointSlices, changing as few slices as possible. Pure. @module */
import type { Node, Pod, Service } from "@tsukube/api/core-v1"
import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice } from "@tsukube/api/discovery-v1"
import { canonical, sameMeaning } from "../canonical.ts"
import { isDeleting, nameOf, namespaceOf, uidOf } from "../object.ts"
import { isReady } from "../pod-state.ts"
import { targetPorts } from "./ports.ts"
import {
  addressesOf,
  endpointLabels,
  hostnameIn,
  isEndpoint,
  laterTrigger,
  triggerTime,
  triggerTimeAnnotation
} from "./service.ts"

/** The label that ties a slice to its Service. */
export const serviceNameLabel = "kubernetes.io/service-name"
/** The label that says whose a slice is. */
export const managedByLabel = "endpointslice.kubernetes.io/managed-by"
/** The value of `managedByLabel` on our slices. */
export const managedBy = "endpointslice-controller.k8s.io"
/** Endpoints in a slice, at most. */
const sliceLimit = 100

type AddressType = "IPv4" | "IPv6"

/** The writes that make the slices right. */
export interface SliceChanges {
  readonly create: ReadonlyArray<EndpointSlice>
  readonly update: ReadonlyArray<EndpointSlice>
  readonly remove: ReadonlyArray<EndpointSlice>
}

/** What slices are worked out from. */
export interface SliceSituation {
  readonly service: Service
  /** Pods that the Service's selector names. */
  readonly pods: ReadonlyArray<Pod>
  readonly nodeOf: (name: string) => Node | undefined
  /** Slices of the Service that this controller manages. */
  readonly slices: ReadonlyArray<EndpointSlice>
}

const familyOf = (address: string): AddressType => (address.includes(":") ? "IPv6" : "IPv4")

const addressTypes = (service: Service): ReadonlyArray<AddressType> => {
  const families = (service.spec?.ipFamilies ?? []).filter((family) => family === "IPv4" || family === "IPv6")
  return families.length > 0 ? families : ["IPv4"]
}

/** Same-zone and same-node routing (KEP-4444, KEP-3015): each endpoint is meant for where it is. */
const hintsFor = (service: Service, zone: string | undefined, nodeName: string | undefined): EndpointHints | undefined => {
  const wish = service.spec?.trafficDistribution
  if (wish !== "PreferClose" && wish !== "PreferSameZone" && wish !== "PreferSameNode") return undefined
  const forNodes = wish === "PreferSameNode" && nodeName !== undefined ? { forNodes: [{ name: nodeName }] } : {}
  return zone === undefined ? undefined : { forZones: [{ name: zone }], ...forNodes }
}

const endpointOf = (service: Service, pod: Pod, node: Node | undefined, family: AddressType): Endpoint => {
  const serving = isReady(pod)
  const terminating = isDeleting(pod)
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating)
  const zone = node?.metadata?.labels?.["topology.kubernetes.io/zone"]
  const nodeName = pod.spec?.nodeName
  const hostname = hostnameIn(service, pod)
  const hints = ready ? hintsFor(service, zone, nodeName) : undefined
  return {
    addresses: addressesOf(pod).filter((address) => familyOf(address) === family),
    conditions: { ready, serving, terminating },
    targetRef: { kind: "Pod", namespace: namespaceOf(pod), name: nameOf(pod), uid: uidOf(pod) },
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
    ...(hints === undefined ? {} : { hints })
  }
}

const portsKey = (ports: ReadonlyArray<EndpointPort> | undefined): string =>
  (ports ?? [])
    .map((port) => canonical({ name: port.name ?? "", protocol: port.protocol ?? "TCP", port: port.port, app: port.appProtocol }))
    .sort()
    .join()

const identityOf = ({ addresses, targetRef }: Endpoint): string => `${targetRef?.uid ?? ""} ${addresses.join()}`

interface Group {
  readonly ports: ReadonlyArray<EndpointPort>
  readonly endpoints: Map<string, Endpoint>
}

/** Endpoints by the ports they serve: one slice has one list of ports. */
const groupsOf = ({ service, pods, nodeOf }: SliceSituation, family: AddressType): Map<string, Group> => {
  const groups = new Map<string, Group>()
  for (const pod of pods) {
    if (!isEndpoint(pod, true) || !addressesOf(pod).some((address) => familyOf(address) === family)) continue
    const ports: ReadonlyArray<EndpointPort> = targetPorts(service, pod).map((port) => ({
      ...port,
      protocol: port.protocol as "TCP"
    }))
    const key = portsKey(ports)
    const group = groups.get(key) ?? { ports, endpoints: new Map() }
    const node = pod.spec?.nodeName === undefined ? undefined : nodeOf(pod.spec.nodeName)
    const endpoint = endpointOf(service, pod, node, family)
    group.endpoints.set(identityOf(endpoint), endpoint)
    groups.set(key, group)
  }
  return groups
}

const newSlice = (
  service: Service,
  family: AddressType,
  ports: ReadonlyArray<EndpointPort>,
  endpoints: ReadonlyArray<Endpoint>
): EndpointSlice => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: {
    generateName: `${nameOf(service)}-`,
    namespace: namespaceOf(service),
    labels: labelsFor(service),
    ownerReferences: [
      {
        apiVersion: "v1",
        kind: "Service",
        name: nameOf(service),
        uid: uidOf(service),
        controller: true,
        blockOwnerDeletion: true
      }
    ]
  },
  addressType: family,
  endpoints,
  ports
})

const labelsFor = (service: Service): Readonly<Record<string, string>> =>
  endpointLabels(service, { [serviceNameLabel]: nameOf(service), [managedByLabel]: managedBy })

/** The slices of one list of ports: keeps what is right, fills gaps in slices that change anyway, and only then makes new ones. */
const reconcileGroup = (
  service: Service,
  family: AddressType,
  group: Group,
  slices: ReadonlyArray<EndpointSlice>
): SliceChanges => {
  const labels = labelsFor(service)
  const left = new Map(group.endpoints)
  const kept = slices.map((slice) => {
    const endpoints: Array<Endpoint> = []
    let changed = !sameMeaning(slice.metadata?.labels, labels)
    for (const endpoint of slice.endpoints ?? []) {
      const wanted = left.get(identityOf(endpoint))
      if (wanted !== undefined) {
        left.delete(identityOf(endpoint))
        endpoints.push(wanted)
      }
      if (wanted === undefined || !sameMeaning(endpoint, wanted)) changed = true
    }
    return { slice, endpoints, changed }
  })
  const rest = [...left.values()]
  for (const each of kept) if (each.changed) each.endpoints.push(...rest.splice(0, sliceLimit - each.endpoints.length))
  // One untouched slice with room for all the rest is better than a new one; the fullest such slice wastes least.
  const roomy = kept
    .filter(({ endpoints, changed }) => !changed && endpoints.length + rest.length <= sliceLimit)
    .sort((one, other) => other.endpoints.length - one.endpoints.length)[0]
  if (rest.length > 0 && roomy !== undefined) {
    roomy.endpoints.push(...rest.splice(0))
    roomy.changed = true
  }
  const create: Array<EndpointSlice> = []
  while (rest.length > 0) create.push(newSlice(service, family, group.ports, rest.splice(0, sliceLimit)))
  // An empty slice goes, unless it is the last: a Service without endpoints keeps one.
  const empty = kept.filter(({ endpoints }) => endpoints.length === 0)
  const spare = empty.length === kept.length && create.length === 0 ? empty.slice(1) : empty
  if (kept.length === 0 && create.length === 0) create.push(newSlice(service, family, group.ports, []))
  return {
    create,
    update: kept
      .filter((each) => each.changed && !spare.includes(each))
      .map(({ slice, endpoints }) => ({ ...slice, metadata: { ...slice.metadata, labels }, endpoints })),
    remove: spare.map(({ slice }) => slice)
  }
}

const reconcileFamily = (situation: SliceSituation, family: AddressType): SliceChanges => {
  const { service } = situation
  const mine = situation.slices.filter(({ addressType }) => addressType === family)
  const groups = groupsOf(situation, family)
  // Without endpoints there is one placeholder slice, without ports.
  if (groups.size === 0) groups.set("", { ports: [], endpoints: new Map() })
  const byPorts = Map.groupBy(mine, ({ ports }) => portsKey(ports))
  const parts = [...groups].map(([key, group]) => reconcileGroup(service, family, group, byPorts.get(key) ?? []))
  const unwanted = [...byPorts].filter(([key]) => !groups.has(key)).flatMap(([, slices]) => slices)
  return {
    create: parts.flatMap(({ create }) => create),
    update: parts.flatMap(({ update }) => update),
    remove: [...unwanted, ...parts.flatMap(({ remove }) => remove)]
  }
}

/** Replaces a deletion and a creation of the same address type by one update. */
const reuse = ({ create, update, remove }: SliceChanges): SliceChanges => {
  const spare = [...remove]
  const updates = [...update]
  const created = create.filter((wanted) => {
    const at = spare.findIndex(({ addressType }) => addressType === wanted.addressType)
    if (at < 0) return true
    const [slice] = spare.splice(at, 1)
    updates.push({
      ...slice!,
      metadata: { ...slice!.metadata, labels: wanted.metadata?.labels ?? {} },
      endpoints: wanted.endpoints ?? [],
      ports: wanted.ports ?? []
    })
    return false
  })
  return { create: created, update: updates, remove: spare }
}

/** Compares the slices there are with those that should be. */
export const planSlices = (situation: SliceSituation): SliceChanges => {
  const { service, slices, pods } = situation
  const families = addressTypes(service)
  const stray = slices.filter(({ addressType }) => !families.some((family) => family === addressType))
  const parts = families.map((family) => reconcileFamily(situation, family))
  const { create, update, remove } = reuse({
    create: parts.flatMap((part) => part.create),
    update: parts.flatMap((part) => part.update),
    remove: parts.flatMap((part) => part.remove)
  })
  const time = triggerTime(service, pods)
  const stamped = (slice: EndpointSlice): EndpointSlice => {
    const latest = laterTrigger(slice, time)
    if (latest === undefined) return slice
    return {
      ...slice,
      metadata: { ...slice.metadata, annotations: { ...slice.metadata?.annotations, [triggerTimeAnnotation]: latest } }
    }
  }
  return { create: create.map(stamped), update: update.map(stamped), remove: [...remove, ...stray] }
}
