/** The devices that drivers publish, by pool and by the nodes that reach them. @module */
import { matchesNodeSelector } from "@tsukube/api"
import type { Device, ResourceSlice } from "@tsukube/api/resource-v1"
import type { ClusterObjects } from "../cluster-objects.ts"

import type { NodeState } from "../node-state.ts"
import { type Amounts, nanoOf } from "./ledger.ts"

type Reach = Pick<ResourceSlice["spec"], "allNodes" | "nodeName" | "nodeSelector">

/** A device where it was published. */
export interface PooledDevice {
  /** `driver/pool/device`. */
  readonly id: string
  readonly device: Device
  readonly pool: Pool
  /** Which nodes reach it. */
  readonly reach: Reach
}

/** Devices of one driver that it manages together. */
export interface Pool {
  readonly driver: string
  readonly name: string
  /** False while slices are missing, or when two devices have one name: nothing is allocated from it then. */
  readonly isUsable: boolean
  /** Shared counters by `set/counter` (KEP-4815). */
  readonly counters: Amounts
  readonly devices: Array<PooledDevice>
}

const poolOf = (slices: ReadonlyArray<ResourceSlice>): Pool => {
  const { driver, pool } = slices[0]!.spec
  const counters = new Map<string, bigint>()
  for (const { spec } of slices)
    for (const { name, counters: each } of spec.sharedCounters ?? [])
      for (const [counter, { value }] of Object.entries(each)) counters.set(`${name}/${counter}`, nanoOf(value))
  const published = slices.flatMap(({ spec }) => (spec.devices ?? []).map((device) => ({ spec, device })))
  const names = new Set(published.map(({ device }) => device.name))
  const isUsable = slices.length === pool.resourceSliceCount && names.size === published.length
  const made: Pool = { driver, name: pool.name, isUsable, counters, devices: [] }
  for (const { spec, device } of published) {
    const reach = spec.perDeviceNodeSelection === true ? device : spec
    made.devices.push({ id: `${driver}/${pool.name}/${device.name}`, device, pool: made, reach })
  }
  return made
}

/** All pools, in the newest generation of each. */
export class Pools {
  readonly #byId = new Map<string, PooledDevice>()
  readonly #byNode = new Map<string, Array<PooledDevice>>()
  /** Devices that more than one node may reach. */
  readonly #wide: Array<PooledDevice> = []

  constructor(slices: Iterable<ResourceSlice>) {
    const byPool = new Map<string, Array<ResourceSlice>>()
    for (const slice of slices) {
      const { driver, pool } = slice.spec
      const key = `${driver}/${pool.name}`
      const known = byPool.get(key)
      const generation = known?.[0]?.spec.pool.generation ?? -1
      if (known === undefined || pool.generation > generation) byPool.set(key, [slice])
      else if (pool.generation === generation) known.push(slice)
    }
    for (const each of byPool.values()) for (const device of poolOf(each).devices) this.#add(device)
  }

  /** A device by `driver/pool/device`. */
  get(id: string): PooledDevice | undefined {
    return this.#byId.get(id)
  }

  /** The devices that a node reaches. */
  on(node: NodeState): ReadonlyArray<PooledDevice> {
    const own = this.#byNode.get(node.name) ?? []
    if (this.#wide.length === 0) return own
    const shared = this.#wide.filter(
      ({ reach }) =>
        reach.allNodes === true || (reach.nodeSelector !== undefined && matchesNodeSelector(reach.nodeSelector, node))
    )
    return [...own, ...shared]
  }

  #add(device: PooledDevice): void {
    const { nodeName } = device.reach
    this.#byId.set(device.id, device)
    if (!nodeName) this.#wide.push(device)
    else {
      const known = this.#byNode.get(nodeName)
      if (known === undefined) this.#byNode.set(nodeName, [device])
      else known.push(device)
    }
  }
}

const known = new WeakMap<ClusterObjects, { readonly version: number; readonly pools: Pools }>()

/** The pools of a cluster, worked out anew when a slice changes. */
export const poolsOf = (objects: ClusterObjects): Pools => {
  const { version } = objects.resourceSlices
  let entry = known.get(objects)
  if (entry?.version !== version) {
    entry = { version, pools: new Pools(objects.resourceSlices.values()) }
    known.set(objects, entry)
  }
  return entry.pools
}
