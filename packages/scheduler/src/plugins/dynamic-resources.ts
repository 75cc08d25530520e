/** Devices that pods claim (structured parameters, KEP-4381): a pod goes where they are free, and takes them. @module */
import { matchesNodeSelector } from "@tsukube/api"
import type { Device, DeviceSelector, ResourceClaim, ResourceSlice } from "@tsukube/api/resource-v1"
import { resourceclaims } from "@tsukube/api/resource-v1"
import { Effect } from "effect"
import type { ClusterObjects } from "../cluster-objects.ts"
import { type DeviceExpression, deviceExpression } from "../device-expression.ts"
import { definePlugin, type Handle, type Plugin, type Refusal } from "../plugin.ts"
import type { NodeState, PodInfo } from "../snapshot.ts"

type Allocation = NonNullable<NonNullable<ResourceClaim["status"]>["allocation"]>
type Result = NonNullable<NonNullable<Allocation["devices"]>["results"]>[number]

const refusal = (reason: string): Refusal => ({ reasons: [reason], resolvable: false })
const unreachable = refusal("resourceclaim not available on the node")
const noDevices = refusal("cannot allocate all claims")

const keysOf = ({ pod, namespace }: PodInfo): ReadonlyArray<{ readonly name: string; readonly key: string | undefined }> =>
  (pod.spec?.resourceClaims ?? []).map(({ name, resourceClaimName }) => {
    const made = pod.status?.resourceClaimStatuses?.find((status) => status.name === name)?.resourceClaimName
    const claim = resourceClaimName ?? made
    return { name, key: claim === undefined ? undefined : `${namespace}/${claim}` }
  })

const allocationOf = (key: string, claim: ResourceClaim, objects: ClusterObjects): Allocation | undefined =>
  claim.status?.allocation ?? objects.promisedDevices.get(key)

const idOf = (driver: string, pool: string, device: string): string => `${driver}/${pool}/${device}`

/** Devices that belong to somebody. */
const devicesInUse = (objects: ClusterObjects): Set<string> => {
  const used = new Set<string>()
  const add = (allocation: Allocation | undefined): void => {
    for (const { driver, pool, device, adminAccess } of allocation?.devices?.results ?? [])
      if (adminAccess !== true) used.add(idOf(driver, pool, device))
  }
  for (const claim of objects.resourceClaims.values()) add(claim.status?.allocation)
  for (const allocation of objects.promisedDevices.values()) add(allocation)
  return used
}

const isOn = ({ spec }: ResourceSlice, node: NodeState): boolean =>
  spec.allNodes === true ||
  spec.nodeName === node.name ||
  (spec.nodeSelector !== undefined && matchesNodeSelector(spec.nodeSelector, node))

/** What one request asks for. */
interface Request {
  readonly name: string
  readonly count: number | "all"
  readonly matches: (device: Device, driver: string) => boolean
  readonly isAdmin: boolean
}

const compiled = (selectors: ReadonlyArray<DeviceSelector> | undefined): ReadonlyArray<DeviceExpression> =>
  (selectors ?? []).flatMap(({ cel }) => (cel === undefined ? [] : [deviceExpression(cel.expression)]))

const tainted = (
  { taints = [] }: Device,
  tolerations: ReadonlyArray<{
    readonly key?: string
    readonly operator?: string
    readonly value?: string
    readonly effect?: string
  }>
): boolean =>
  taints.some(
    (taint) =>
      taint.effect !== "None" &&
      !tolerations.some(
        ({ key, operator, value, effect }) =>
          (!effect || effect === taint.effect) &&
          (!key || key === taint.key) &&
          (operator === "Exists" || (value ?? "") === (taint.value ?? ""))
      )
  )

/** The requests of a claim, or what is wrong with it. */
const requestsOf = ({ spec }: ResourceClaim, objects: ClusterObjects): ReadonlyArray<Request> | string => {
  const requests: Array<Request> = []
  if ((spec.devices?.constraints ?? []).length > 0) return "constraints between devices are not supported"
  for (const { name, exactly } of spec.devices?.requests ?? []) {
    if (exactly === undefined) return `request ${name}: alternatives (firstAvailable) are not supported`
    const deviceClass = objects.deviceClasses.get(exactly.deviceClassName)
    if (deviceClass === undefined) return `request ${name}: device class ${exactly.deviceClassName} does not exist`
    try {
      const all = [...compiled(deviceClass.spec.selectors), ...compiled(exactly.selectors)]
      requests.push({
        name,
        count: exactly.allocationMode === "All" ? "all" : (exactly.count ?? 1),
        isAdmin: exactly.adminAccess === true,
        matches: (device, driver) =>
          !tainted(device, exactly.tolerations ?? []) && all.every((expression) => expression(device, driver))
      })
    } catch (error) {
      return `request ${name}: CEL expression: ${error instanceof Error ? error.message : String(error)}`
    }
  }
  return requests
}

interface Open {
  readonly key: string
  readonly requests: ReadonlyArray<Request>
}

interface State {
  readonly allocated: ReadonlyArray<Allocation>
  readonly open: ReadonlyArray<Open>
  readonly used: ReadonlySet<string>
  readonly objects: ClusterObjects
}

const stateOf = (pod: PodInfo, objects: ClusterObjects): State | string => {
  const allocated: Array<Allocation> = []
  const open: Array<Open> = []
  for (const { name, key } of keysOf(pod)) {
    if (key === undefined) return `waiting for dynamic resource controller to create the resourceclaim "${name}"`
    const claim = objects.resourceClaims.get(key)
    if (claim === undefined) return `resourceclaim "${key.slice(key.indexOf("/") + 1)}" not found`
    if (claim.metadata?.deletionTimestamp !== undefined) return `resourceclaim "${claim.metadata.name}" is being deleted`
    const allocation = allocationOf(key, claim, objects)
    if (allocation !== undefined) {
      allocated.push(allocation)
      continue
    }
    const requests = requestsOf(claim, objects)
    if (typeof requests === "string") return `resourceclaim "${claim.metadata?.name}": ${requests}`
    open.push({ key, requests })
  }
  return { allocated, open, used: devicesInUse(objects), objects }
}

/** Newest generation of each pool only. */
const slicesOn = (node: NodeState, { resourceSlices }: ClusterObjects): ReadonlyArray<ResourceSlice> => {
  const newest = new Map<string, number>()
  const here = [...resourceSlices.values()].filter((slice) => isOn(slice, node))
  for (const { spec } of here) {
    const pool = `${spec.driver}/${spec.pool.name}`
    newest.set(pool, Math.max(newest.get(pool) ?? 0, spec.pool.generation))
  }
  return here.filter(({ spec }) => newest.get(`${spec.driver}/${spec.pool.name}`) === spec.pool.generation)
}

/** Takes the first free devices that match, request by request. */
const allocateOn = (node: NodeState, { open, used, objects }: State): ReadonlyMap<string, Allocation> | undefined => {
  const taken = new Set(used)
  const slices = slicesOn(node, objects)
  const given = new Map<string, Allocation>()
  for (const { key, requests } of open) {
    const results: Array<Result> = []
    for (const { name, count, matches, isAdmin } of requests) {
      const before = results.length
      let missing = false
      for (const { spec } of slices) {
        for (const device of spec.devices ?? []) {
          if (count !== "all" && results.length - before >= count) break
          if (!matchesSafely(matches, device, spec.driver)) continue
          const id = idOf(spec.driver, spec.pool.name, device.name)
          if (!isAdmin && taken.has(id)) {
            missing = true
            continue
          }
          if (!isAdmin) taken.add(id)
          results.push({
            request: name,
            driver: spec.driver,
            pool: spec.pool.name,
            device: device.name,
            ...(isAdmin ? { adminAccess: true } : {})
          })
        }
      }
      const found = results.length - before
      if (count === "all" ? missing || found === 0 : found < count) return undefined
    }
    given.set(key, { devices: { results }, nodeSelector: nodeSelectorOf(node) })
  }
  return given
}

const matchesSafely = (matches: Request["matches"], device: Device, driver: string): boolean => {
  try {
    return matches(device, driver)
  } catch {
    // An attribute that is not there matches nothing.
    return false
  }
}

const nodeSelectorOf = ({ name }: NodeState): NonNullable<Allocation["nodeSelector"]> => ({
  nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [name] }] }]
})

const isReachable = ({ nodeSelector }: Allocation, node: NodeState): boolean =>
  nodeSelector === undefined || matchesNodeSelector(nodeSelector, node)

const writeClaims = (pod: PodInfo, { snapshot, client }: Handle): Effect.Effect<void, unknown> =>
  Effect.gen(function* () {
    if (client === undefined) return
    const { objects } = snapshot
    for (const { key } of keysOf(pod)) {
      const claim = objects.resourceClaims.get(key ?? "")
      if (key === undefined || claim === undefined) continue
      const allocation = allocationOf(key, claim, objects)
      const user = { resource: "pods", name: pod.pod.metadata?.name ?? "", uid: pod.uid }
      const reservedFor = [...(claim.status?.reservedFor ?? []).filter(({ uid }) => uid !== pod.uid), user]
      const status = { ...claim.status, reservedFor, ...(allocation === undefined ? {} : { allocation }) }
      objects.resourceClaims.set(yield* client.update(resourceclaims, { ...claim, status }, { subresource: "status" }))
      objects.promisedDevices.delete(key)
    }
  })

/** Upstream's DynamicResources for exact requests. */
export const dynamicResources: Plugin = definePlugin<State, undefined>({
  name: "DynamicResources",
  events: [
    "ResourceClaimChanged",
    "ResourceSliceChanged",
    "DeviceClassChanged",
    "NodeAdded",
    "NodeLabelsChanged",
    "PodRemoved",
    "PodChanged"
  ],
  preFilter: (pod, { objects }) => {
    if ((pod.pod.spec?.resourceClaims ?? []).length === 0) return { skip: true }
    const state = stateOf(pod, objects)
    return typeof state === "string" ? { refusal: refusal(state) } : { state }
  },
  filter: (_, node, state) => {
    if (!state.allocated.every((allocation) => isReachable(allocation, node))) return unreachable
    return state.open.length === 0 || allocateOn(node, state) !== undefined ? undefined : noDevices
  },
  reserve: (pod, nodeName, { snapshot }) => {
    if ((pod.pod.spec?.resourceClaims ?? []).length === 0) return undefined
    const { objects } = snapshot
    const state = stateOf(pod, objects)
    const node = snapshot.nodes.get(nodeName)
    if (typeof state === "string") return state
    const given = node === undefined ? undefined : allocateOn(node, state)
    if (given === undefined) return noDevices.reasons[0]
    for (const [key, allocation] of given) objects.promisedDevices.set(key, allocation)
    return undefined
  },
  unreserve: (pod, _, { snapshot }) => {
    for (const { key } of keysOf(pod)) if (key !== undefined) snapshot.objects.promisedDevices.delete(key)
  },
  preBind: async (pod, _, handle) => {
    if ((pod.pod.spec?.resourceClaims ?? []).length > 0) await handle.run(writeClaims(pod, handle))
  }
})
