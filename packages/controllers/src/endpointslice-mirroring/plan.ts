/** From Endpoints that somebody wrote by hand to EndpointSlices. Pure. @module */
import type { EndpointAddress, EndpointSubset, Endpoints, Service } from "@tsukube/api/core-v1"
import type { Endpoint, EndpointPort, EndpointSlice } from "@tsukube/api/discovery-v1"
import { canonical, sameMeaning } from "../canonical.ts"
import { managedByLabel, type SliceChanges, serviceNameLabel } from "../endpointslice/plan.ts"
import { annotationOf, isDeleting, nameOf, namespaceOf, uidOf } from "../object.ts"

/** The value of the managed-by label on mirrored slices. */
export const mirroredBy = "endpointslicemirroring-controller.k8s.io"
const skipLabel = "endpointslice.kubernetes.io/skip-mirror"
const leaderAnnotation = "control-plane.alpha.kubernetes.io/leader"
const notCopied = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  "endpoints.kubernetes.io/last-change-trigger-time"
])
/** Addresses of a subset that are mirrored, at most; a slice holds as many. */
const addressLimit = 1000

/** True for Endpoints that no controller makes and that want slices: those of Services without a selector. */
export const isMirrored = (endpoints: Endpoints, service: Service | undefined): boolean =>
  service !== undefined &&
  service.spec?.selector === undefined &&
  !isDeleting(endpoints) &&
  endpoints.metadata?.labels?.[skipLabel] !== "true" &&
  annotationOf(endpoints, leaderAnnotation) === undefined

const endpointOf = ({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint => ({
  addresses: [ip],
  conditions: { ready },
  ...(hostname === undefined ? {} : { hostname }),
  ...(nodeName === undefined ? {} : { nodeName }),
  ...(targetRef === undefined ? {} : { targetRef })
})

const portsOf = ({ ports }: EndpointSubset): ReadonlyArray<EndpointPort> =>
  (ports ?? []).map(({ name = "", protocol = "TCP", port, appProtocol }) => ({
    name,
    protocol,
    port,
    ...(appProtocol === undefined ? {} : { appProtocol })
  }))

const groupKey = (family: string, ports: ReadonlyArray<EndpointPort> | undefined): string => `${family} ${canonical(ports ?? [])}`

interface Group {
  readonly family: "IPv4" | "IPv6"
  readonly ports: ReadonlyArray<EndpointPort>
  readonly endpoints: Map<string, Endpoint>
}

const groupsOf = (endpoints: Endpoints): Map<string, Group> => {
  const groups = new Map<string, Group>()
  for (const subset of endpoints.subsets ?? []) {
    const ports = portsOf(subset)
    const all = [
      ...(subset.addresses ?? []).map((address) => endpointOf(address, true)),
      ...(subset.notReadyAddresses ?? []).map((address) => endpointOf(address, false))
    ].slice(0, addressLimit)
    for (const endpoint of all) {
      const address = endpoint.addresses[0] ?? ""
      const family = address.includes(":") ? "IPv6" : "IPv4"
      const key = groupKey(family, ports)
      const group = groups.get(key) ?? { family, ports, endpoints: new Map<string, Endpoint>() }
      if (group.endpoints.size < addressLimit) group.endpoints.set(address, endpoint)
      groups.set(key, group)
    }
  }
  return groups
}

/** Compares the mirrored slices with the Endpoints; undefined stands for Endpoints that are not mirrored (any more). */
export const planMirror = (endpoints: Endpoints | undefined, slices: ReadonlyArray<EndpointSlice>): SliceChanges => {
  if (endpoints === undefined) return { create: [], update: [], remove: slices }
  const { [skipLabel]: _, ...copied } = endpoints.metadata?.labels ?? {}
  const labels = { ...copied, [serviceNameLabel]: nameOf(endpoints), [managedByLabel]: mirroredBy }
  const annotations = Object.fromEntries(
    Object.entries(endpoints.metadata?.annotations ?? {}).filter(([key]) => !notCopied.has(key))
  )
  const left = groupsOf(endpoints)
  const update: Array<EndpointSlice> = []
  const remove: Array<EndpointSlice> = []
  for (const slice of slices) {
    const key = groupKey(slice.addressType, slice.ports)
    const group = left.get(key)
    left.delete(key)
    if (group === undefined) {
      remove.push(slice)
      continue
    }
    const wanted = [...group.endpoints.values()]
    const isRight = [
      [slice.endpoints, wanted],
      [slice.metadata?.labels, labels],
      [slice.metadata?.annotations, annotations]
    ].every(([current, next]) => sameMeaning(current ?? {}, next))
    if (!isRight) update.push({ ...slice, metadata: { ...slice.metadata, labels, annotations }, endpoints: wanted })
  }
  const owner = {
    apiVersion: "v1",
    kind: "Endpoints",
    name: nameOf(endpoints),
    uid: uidOf(endpoints),
    controller: true,
    blockOwnerDeletion: true
  }
  const create = [...left.values()].map(
    ({ family, ports, endpoints: all }): EndpointSlice => ({
      metadata: {
        generateName: `${nameOf(endpoints)}-`,
        namespace: namespaceOf(endpoints),
        labels,
        annotations,
        ownerReferences: [owner]
      },
      addressType: family,
      endpoints: [...all.values()],
      ports
    })
  )
  return { create, update, remove }
}
