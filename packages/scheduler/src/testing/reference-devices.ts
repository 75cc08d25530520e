/** DynamicResources the slow and obvious way: every assignment of devices to requests is tried as a whole. The tests compare with it. @module */
import { matchesNodeSelector, quantityValue } from "@tsukube/api"
import type { Device, DeviceConstraint, ExactDeviceRequest, ResourceClaim } from "@tsukube/api/resource-v1"
import type { ClusterObjects } from "../cluster-objects.ts"
import { selectorOf } from "../devices/selector.ts"
import type { NodeState } from "../node-state.ts"
import { definePlugin, type Plugin, type Refusal } from "../plugin.ts"
import type { PodInfo } from "../pod-info.ts"

interface Found {
  readonly id: string
  readonly pool: string
  readonly driver: string
  readonly device: Device
}

const noDevices: Refusal = { reasons: ["cannot allocate all claims"], resolvable: false }
const unreachable: Refusal = { reasons: ["resourceclaim not available on the node"], resolvable: false }

const published = ({ resourceSlices }: ClusterObjects, nodeName?: string): ReadonlyArray<Found> =>
  [...resourceSlices.values()]
    .filter(({ spec }) => nodeName === undefined || spec.nodeName === nodeName)
    .flatMap(({ spec: { driver, pool, devices = [] } }) =>
      devices.map((device) => ({ id: `${driver}/${pool.name}/${device.name}`, pool: `${driver}/${pool.name}`, driver, device }))
    )

const allocationOf = (key: string, { resourceClaims, promisedDevices }: ClusterObjects) =>
  resourceClaims.get(key)?.status?.allocation ?? promisedDevices.get(key)

const inUse = (objects: ClusterObjects): ReadonlyArray<Found> => {
  const all = new Map(published(objects).map((found) => [found.id, found]))
  const keys = new Set(objects.promisedDevices.keys())
  for (const { metadata } of objects.resourceClaims.values()) keys.add(`${metadata?.namespace}/${metadata?.name}`)
  return [...keys].flatMap((key) =>
    (allocationOf(key, objects)?.devices?.results ?? []).flatMap(
      ({ driver, pool, device }) => all.get(`${driver}/${pool}/${device}`) ?? []
    )
  )
}

const keysOf = ({ pod, namespace }: PodInfo): ReadonlyArray<string> =>
  (pod.spec?.resourceClaims ?? []).map(({ resourceClaimName }) => `${namespace}/${resourceClaimName}`)

interface Slot {
  readonly claim: ResourceClaim
  readonly request: string
  readonly wanted: ExactDeviceRequest
}

/** Every way to choose how requests are met, as lists of slots for one device each. */
const waysOf = (claims: ReadonlyArray<ResourceClaim>, on: ReadonlyArray<Found>): ReadonlyArray<ReadonlyArray<Slot>> => {
  let ways: ReadonlyArray<ReadonlyArray<Slot>> = [[]]
  for (const claim of claims)
    for (const { name, exactly, firstAvailable = [] } of claim.spec.devices?.requests ?? []) {
      const choices = exactly === undefined ? firstAvailable : [exactly]
      ways = ways.flatMap((way) =>
        choices.flatMap((wanted) => {
          const matching = on.filter((found) => matches(wanted, found)).length
          const count = wanted.allocationMode === "All" ? matching : (wanted.count ?? 1)
          if (count === 0) return []
          return [[...way, ...Array.from({ length: count }, () => ({ claim, request: name, wanted }))]]
        })
      )
    }
  return ways
}

const matches = ({ selectors = [] }: ExactDeviceRequest, { device, driver }: Found): boolean =>
  selectors.every(({ cel }) => cel === undefined || selectorOf(cel.expression)(device, driver))

const attributeOf = ({ device, driver }: Found, name: string): string | undefined => {
  const found = device.attributes?.[name.replace(`${driver}/`, "")]
  return found === undefined ? undefined : JSON.stringify(found)
}

const holds = (
  { matchAttribute, distinctAttribute, requests = [] }: DeviceConstraint,
  slots: ReadonlyArray<Slot>,
  found: ReadonlyArray<Found>
) => {
  const values = found
    .filter((_, index) => requests.length === 0 || requests.includes(slots[index]!.request))
    .map((each) => attributeOf(each, matchAttribute ?? distinctAttribute ?? ""))
  if (values.includes(undefined)) return false
  const different = new Set(values).size
  return matchAttribute === undefined ? different === values.length : different <= 1
}

/** True when all of it together leaves every counter enough, and no device has two owners. */
const isPossible = (
  objects: ClusterObjects,
  used: ReadonlyArray<Found>,
  slots: ReadonlyArray<Slot>,
  found: ReadonlyArray<Found>
): boolean => {
  const everything = [...used, ...found]
  if (new Set(everything.map(({ id }) => id)).size < everything.length) return false
  for (const { spec } of objects.resourceSlices.values())
    for (const { name, counters } of spec.sharedCounters ?? [])
      for (const [counter, { value }] of Object.entries(counters)) {
        const drawn = everything
          .filter(({ pool }) => pool === `${spec.driver}/${spec.pool.name}`)
          .flatMap(({ device }) => device.consumesCounters ?? [])
          .filter(({ counterSet }) => counterSet === name)
          .reduce((sum, consumed) => sum + quantityValue(String(consumed.counters[counter]?.value ?? 0)), 0)
        if (drawn > quantityValue(String(value))) return false
      }
  return [...new Set(slots.map(({ claim }) => claim))].every((claim) => {
    const places = [...slots.keys()].filter((index) => slots[index]!.claim === claim)
    const own = places.map((index) => slots[index]!)
    const theirs = places.map((index) => found[index]!)
    return (claim.spec.devices?.constraints ?? []).every((constraint) => holds(constraint, own, theirs))
  })
}

const canAllocate = (objects: ClusterObjects, claims: ReadonlyArray<ResourceClaim>, node: NodeState): boolean => {
  const on = published(objects, node.name)
  const used = inUse(objects)
  const complete = (slots: ReadonlyArray<Slot>, found: ReadonlyArray<Found>): boolean => {
    const slot = slots[found.length]
    if (slot === undefined) return isPossible(objects, used, slots, found)
    return on.some((device) => matches(slot.wanted, device) && complete(slots, [...found, device]))
  }
  return waysOf(claims, on).some((slots) => complete(slots, []))
}

/** What the filter of DynamicResources must agree with; it ranks like the real one. */
export const referenceDevices = (real: Plugin): Plugin =>
  definePlugin<ClusterObjects, unknown>({
    ...(real as Plugin<ClusterObjects, unknown>),
    preFilter: (pod, { objects }) => {
      const keys = keysOf(pod)
      if (keys.length === 0) return { skip: true }
      const missing = keys.find((key) => objects.resourceClaims.get(key) === undefined)
      if (missing === undefined) return { state: objects }
      return { refusal: { reasons: [`resourceclaim "${missing.split("/")[1]}" not found`], resolvable: false } }
    },
    filter: (pod, node, objects) => {
      const open: Array<ResourceClaim> = []
      for (const key of keysOf(pod)) {
        const allocation = allocationOf(key, objects)
        if (allocation === undefined) open.push(objects.resourceClaims.get(key)!)
        else if (allocation.nodeSelector !== undefined && !matchesNodeSelector(allocation.nodeSelector, node)) return unreachable
      }
      return open.length === 0 || canAllocate(objects, open, node) ? undefined : noDevices
    }
  })
