/** What nodes tell one another: who has which part of the pod network, and how to reach it. @module */
import { parseIpv4, parseNetwork } from "@tsukube/host"
import { Data, type Effect } from "effect"

/** How a node wants to be reached. */
export interface LeaseDetails {
  /** The node's address on the underlay. */
  readonly publicIp: string
  /** The name of the backend; nodes reach only nodes with the same one. */
  readonly backend: string
  /** The hardware address of the node's tunnel end; absent for backends without tunnel. */
  readonly mac?: string
}

/** A node's part of the pod network. */
export interface Lease extends LeaseDetails {
  readonly node: string
  /** Such as `10.244.1.0/24`. */
  readonly subnet: string
}

/**
 * Whether a lease is made of an address, a network and a hardware address. Leases come from where every node writes, and end in
 * commands that run as root: nothing else gets through.
 */
export const isSoundLease = ({ subnet, publicIp, mac }: Lease): boolean =>
  parseNetwork(subnet) !== undefined &&
  parseIpv4(publicIp) !== undefined &&
  (mac === undefined || /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac))

/** A lease could not be had or kept. */
export class LeaseError extends Data.Error<{ readonly reason: string }> {
  readonly _tag = "LeaseError"
  override get message(): string {
    return this.reason
  }
}

/** Where leases are kept; contract: every manager ends with the same leases on all nodes. */
export interface LeaseManager {
  /** This node's subnet. Waits until there is one; may give another after the node's record was deleted. */
  readonly subnet: Effect.Effect<string, LeaseError>
  /** Tells the others how to reach this node; costs little when they know already. */
  readonly publish: (details: LeaseDetails) => Effect.Effect<void, LeaseError>
  /** All leases known here, this node's included, in the order of node names. */
  readonly leases: () => ReadonlyArray<Lease>
  /** Waits until `leases` has been filled once. */
  readonly synced: Effect.Effect<void>
  /** Calls when leases may have changed; the returned function takes the handler off. */
  readonly on: (handler: () => void) => () => void
}

/** The leases of other nodes that a backend reaches; of two with one subnet, which only a mistake can make, the first by name. */
export const reachableLeases = (leases: ReadonlyArray<Lease>, backend: string, ownSubnet: string): ReadonlyArray<Lease> => {
  const bySubnet = new Map<string, Lease>()
  for (const lease of leases)
    if (lease.backend === backend && lease.subnet !== ownSubnet && !bySubnet.has(lease.subnet)) bySubnet.set(lease.subnet, lease)
  return [...bySubnet.values()]
}
