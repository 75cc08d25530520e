/** What a way of carrying packets between nodes has to do: VXLAN and plain routes are two. @module */
import { Data, type Effect } from "effect"
import type { Lease, LeaseDetails } from "./lease.ts"
import type { Plan, Reach } from "./plan.ts"

/** The pod network of a cluster, and this node's part of it. */
export interface PodNetwork {
  readonly clusterCidr: string
  readonly subnet: string
}

/** The kernel or a tool did not do what it was asked. */
export class OverlayError extends Data.Error<{ readonly reason: string }> {
  readonly _tag = "OverlayError"
  override get message(): string {
    return this.reason
  }
}

/** The interface through which other nodes' pods are reached. */
export interface Device {
  readonly name: string
  /** What packets of pods may be long, so that they still fit the underlay. */
  readonly mtu: number
  /** How others reach this node through it. */
  readonly details: LeaseDetails
  /** What the kernel must know about it to reach the nodes of these leases; this node's own is skipped. */
  readonly reach: (leases: ReadonlyArray<Lease>) => Reach
  /** What the kernel knows about it, as far as this backend writes it. */
  readonly current: Effect.Effect<Reach, OverlayError>
  readonly apply: (plan: Plan) => Effect.Effect<void, OverlayError>
}

/** A way of carrying packets between nodes. */
export interface OverlayBackend {
  readonly name: string
  /** Brings the device into being, or puts right one that is there; called again and again. */
  readonly register: (network: PodNetwork) => Effect.Effect<Device, OverlayError>
  /** Takes away everything that was registered and applied. */
  readonly remove: Effect.Effect<void>
}
