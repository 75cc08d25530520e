/** Carries pod packets between nodes in VXLAN: works on any network that lets UDP through. @module */
import { type InNetns, ipBatch } from "@tsukube/host"
import { Effect } from "effect"
import type { OverlayBackend } from "../backend.ts"
import { applyReach, readReach } from "../kernel.ts"
import { type Lease, reachableLeases } from "../lease.ts"
import type { Reach } from "../plan.ts"
import { firstAddress } from "../subnet.ts"
import { findUnderlay } from "../underlay.ts"
import { ensureVxlan, macOf, vxlanOverheadBytes } from "./device.ts"

export interface VxlanOptions extends InNetns {
  /** This node's address on the underlay; absent: that of the default route's interface. */
  readonly publicIp?: string
  /** The network identifier; default 1. */
  readonly vni?: number
  /** The UDP port; default 8472, Linux's own. */
  readonly port?: number
  /** Default `tsukube.<vni>`. */
  readonly deviceName?: string
}

/** The backend's name in leases. */
export const vxlanName = "vxlan"

/** What the kernel must know to reach the nodes of these leases: their tunnel ends are gateways, one hop away by decree. */
export const vxlanReach = (leases: ReadonlyArray<Lease>, ownSubnet: string): Reach => {
  const others = reachableLeases(leases, vxlanName, ownSubnet).flatMap((lease) =>
    lease.mac === undefined ? [] : [{ ...lease, mac: lease.mac }]
  )
  return {
    routes: others.map(({ subnet }) => ({ destination: subnet, via: firstAddress(subnet), onlink: true })),
    neighbours: others.map(({ subnet, mac }) => ({ ip: firstAddress(subnet), mac })),
    forwards: others.map(({ mac, publicIp }) => ({ mac, destination: publicIp }))
  }
}

/** The VXLAN backend. Needs root and iproute2. */
export const vxlanBackend = (options: VxlanOptions = {}): OverlayBackend => {
  const { vni = 1, port = 8472 } = options
  const name = options.deviceName ?? `tsukube.${vni}`
  const place: InNetns = options.netns === undefined ? {} : { netns: options.netns }
  return {
    name: vxlanName,
    register: ({ subnet }) =>
      Effect.gen(function* () {
        const underlay = yield* findUnderlay(options)
        const address = firstAddress(subnet)
        const mac = macOf(address)
        const mtu = underlay.mtu - vxlanOverheadBytes
        yield* ensureVxlan({ name, vni, port, mac, mtu, address, underlay }, place)
        return {
          name,
          mtu,
          details: { publicIp: underlay.address, backend: vxlanName, mac },
          reach: (leases) => vxlanReach(leases, subnet),
          current: readReach(name, { ...place, tunnel: true }),
          apply: (plan) => applyReach(plan, name, place)
        }
      }),
    // Routes, neighbours and forwarding entries go with their device.
    remove: ipBatch([`link delete ${name}`], { ...place, force: true }).pipe(Effect.ignore)
  }
}
