/** Allocations as claims carry them: written from what a search found, and read back into the books. @module */
import { formatQuantity, parseQuantity } from "@tsukube/api"
import type { NodeSelector, NodeSelectorRequirement } from "@tsukube/api/core-v1"
import type { ResourceClaim } from "@tsukube/api/resource-v1"
import type { ClusterObjects } from "../cluster-objects.ts"
import type { Assignment, Picked } from "./allocate.ts"
import { writeShare, writeWhole } from "./booking.ts"
import { Ledger, nanoOf } from "./ledger.ts"
import { type PooledDevice, type Pools, poolsOf } from "./pool.ts"

/** What a claim says of the devices it has. */
export type Allocation = NonNullable<NonNullable<ResourceClaim["status"]>["allocation"]>
type Devices = NonNullable<Allocation["devices"]>
type Result = NonNullable<Devices["results"]>[number]
type Configuration = NonNullable<Devices["config"]>[number]

const resultOf = ({ choice, found, share }: Picked): Result => {
  const { device, pool } = found
  const consumed = [...(share ?? [])].map(([name, { amount }]) => {
    const { format } = parseQuantity(String(device.capacity?.[name]?.value ?? 0))
    return [name, formatQuantity({ nano: amount, format })] as const
  })
  return {
    request: choice.name,
    driver: pool.driver,
    pool: pool.name,
    device: device.name,
    ...(choice.isAdmin ? { adminAccess: true } : {}),
    ...(choice.tolerations.length === 0 ? {} : { tolerations: choice.tolerations }),
    ...(share === undefined ? {} : { shareID: crypto.randomUUID(), consumedCapacity: Object.fromEntries(consumed) })
  }
}

const configurationOf = (
  { claim, picked }: Assignment,
  { deviceClasses }: Pick<ClusterObjects, "deviceClasses">
): ReadonlyArray<Configuration> => {
  const choices = [...new Set(picked.map(({ choice }) => choice))]
  const fromClasses = choices.flatMap(({ name, className }) =>
    (deviceClasses.get(className)?.spec.config ?? []).map((config) => ({
      ...config,
      source: "FromClass" as const,
      requests: [name]
    }))
  )
  const used = new Set(choices.flatMap(({ name, request }) => [name, request]))
  const fromClaim = (claim.spec.devices?.config ?? [])
    .filter(({ requests = [] }) => requests.length === 0 || requests.some((name) => used.has(name)))
    .map((config) => ({ ...config, source: "FromClaim" as const }))
  return [...fromClasses, ...fromClaim]
}

const nameIs = (nodeName: string): NodeSelector => ({
  nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [nodeName] }] }]
})

/** Where the devices can be used: their one node, or all the nodes that every one of them reaches. */
const selectorOf = (devices: ReadonlyArray<PooledDevice>, nodeName: string): NodeSelector | undefined => {
  if (devices.some(({ reach }) => Boolean(reach.nodeName))) return nameIs(nodeName)
  const terms = devices.flatMap(({ reach: { nodeSelector } }) =>
    nodeSelector === undefined ? [] : [nodeSelector.nodeSelectorTerms]
  )
  if (terms.length === 0) return undefined
  // Several terms are alternatives and cannot be joined; a slice has one.
  if (terms.some(({ length }) => length !== 1)) return nameIs(nodeName)
  const join = (part: "matchExpressions" | "matchFields"): ReadonlyArray<NodeSelectorRequirement> =>
    terms.flatMap(([term]) => term?.[part] ?? [])
  const [matchExpressions, matchFields] = [join("matchExpressions"), join("matchFields")]
  return {
    nodeSelectorTerms: [
      {
        ...(matchExpressions.length === 0 ? {} : { matchExpressions }),
        ...(matchFields.length === 0 ? {} : { matchFields })
      }
    ]
  }
}

/** The allocation of a claim on a node. */
export const allocationOf = (assignment: Assignment, nodeName: string, objects: ClusterObjects): Allocation => {
  const results = assignment.picked.map(resultOf)
  const config = configurationOf(assignment, objects)
  const nodeSelector = selectorOf(
    assignment.picked.map(({ found }) => found),
    nodeName
  )
  return {
    devices: { results, ...(config.length === 0 ? {} : { config }) },
    ...(nodeSelector === undefined ? {} : { nodeSelector })
  }
}

const write = (ledger: Ledger, allocation: Allocation, pools: Pools): void => {
  for (const { driver, pool, device, adminAccess, shareID, consumedCapacity } of allocation.devices?.results ?? []) {
    if (adminAccess === true) continue
    const id = `${driver}/${pool}/${device}`
    const found = pools.get(id)
    // A device that nobody publishes now may come back, and still belongs to somebody.
    if (found === undefined) ledger.take(id)
    else if (shareID === undefined) writeWhole(ledger, found)
    else
      writeShare(
        ledger,
        found,
        Object.entries(consumedCapacity ?? {}).map(([name, amount]) => [name, nanoOf(amount)] as const)
      )
  }
}

interface Known {
  readonly claims: number
  readonly slices: number
  readonly ledger: Ledger
}

const known = new WeakMap<ClusterObjects, Known>()

/** What claims have, those included whose allocation the cluster does not show yet. */
export const ledgerOf = (objects: ClusterObjects): Ledger => {
  const { resourceClaims, resourceSlices, promisedDevices } = objects
  const pools = poolsOf(objects)
  let entry = known.get(objects)
  if (entry?.claims !== resourceClaims.version || entry.slices !== resourceSlices.version) {
    const ledger = new Ledger()
    for (const { status } of resourceClaims.values())
      if (status?.allocation !== undefined) write(ledger, status.allocation, pools)
    entry = { claims: resourceClaims.version, slices: resourceSlices.version, ledger }
    known.set(objects, entry)
  }
  if (promisedDevices.size === 0) return entry.ledger
  const ledger = new Ledger(entry.ledger)
  for (const [key, allocation] of promisedDevices)
    if (resourceClaims.get(key)?.status?.allocation === undefined) write(ledger, allocation, pools)
  return ledger
}
