/** Carries pod packets between nodes as they are, by plain routes: the nodes have to share one network segment. @module */
import type { InNetns } from "@tsukube/host"
import { Effect } from "effect"
import type { OverlayBackend } from "../backend.ts"
import { applyReach, readReach } from "../kernel.ts"
import { type Lease, reachableLeases } from "../lease.ts"
import { emptyReach, type Reach } from "../plan.ts"
import { isInside } from "../subnet.ts"
import { findUnderlay } from "../underlay.ts"

export interface HostGwOptions extends InNetns {
  /** This node's address on the underlay; absent: that of the default route's interface. */
  readonly publicIp?: string
}

/** The backend's name in leases. */
export const hostGwName = "host-gw"

/** A route a node. */
export const hostGwReach = (leases: ReadonlyArray<Lease>, ownSubnet: string): Reach => ({
  ...emptyReach,
  routes: reachableLeases(leases, hostGwName, ownSubnet).map(({ subnet, publicIp }) => ({
    destination: subnet,
    via: publicIp,
    onlink: false
  }))
})

/** The backend of plain routes. Needs root and iproute2. */
export const hostGwBackend = (options: HostGwOptions = {}): OverlayBackend => {
  const place: InNetns = options.netns === undefined ? {} : { netns: options.netns }
  let registered: { readonly device: string; readonly clusterCidr: string } | undefined
  /** The device is the node's own and has other routes: ours are those into the pod network. */
  const routesInto = (device: string, clusterCidr: string) =>
    Effect.map(readReach(device, { ...place, tunnel: false }), ({ routes }) => ({
      ...emptyReach,
      routes: routes.filter((route) => isInside(route.destination, clusterCidr))
    }))
  return {
    name: hostGwName,
    register: ({ clusterCidr, subnet }) =>
      Effect.gen(function* () {
        const underlay = yield* findUnderlay(options)
        registered = { device: underlay.name, clusterCidr }
        return {
          name: underlay.name,
          mtu: underlay.mtu,
          details: { publicIp: underlay.address, backend: hostGwName },
          reach: (leases) => hostGwReach(leases, subnet),
          current: routesInto(underlay.name, clusterCidr),
          apply: (plan) => applyReach(plan, underlay.name, place)
        }
      }),
    remove: Effect.suspend(() => {
      if (registered === undefined) return Effect.void
      const { device, clusterCidr } = registered
      return routesInto(device, clusterCidr).pipe(
        Effect.flatMap((removed) => applyReach({ added: emptyReach, removed }, device, place)),
        Effect.ignore
      )
    })
  }
}
