/** Keeps a node's part of the pod network true: device, routes, rules and the runtime's configuration. @module */
import type { InNetns } from "@tsukube/host"
import { Cause, Clock, Effect, Exit, Latch, type Scope } from "effect"
import { type Device, type OverlayBackend, OverlayError, type PodNetwork } from "./backend.ts"
import { writeCniConfiguration } from "./cni.ts"
import type { Lease, LeaseError, LeaseManager } from "./lease.ts"
import { ensureMasquerade, removeMasquerade } from "./masquerade.ts"
import { isEmptyPlan, planReach } from "./plan.ts"
import { isInside } from "./subnet.ts"
import { writeSubnetEnv } from "./subnet-env.ts"

/** The overlay of one node. */
export interface OverlayOptions extends InNetns {
  readonly leases: LeaseManager
  readonly backend: OverlayBackend
  /** The network of all pods, such as `10.244.0.0/16`. */
  readonly clusterCidr: string
  /** Masquerade what leaves the cluster; default true. */
  readonly masquerade?: boolean
  /** Where the container runtime reads its CNI configuration, and where addresses handed out are noted; absent: not written. */
  readonly cni?: { readonly confDir: string; readonly dataDir: string; readonly bridge?: string }
  /** Where to write flannel's `subnet.env`; absent: not written. */
  readonly subnetEnvFile?: string
  /** How often everything is looked over and put right; default 10,000. */
  readonly repairMs?: number
}

/** A running overlay. */
export interface Overlay {
  /** Waits for the first round to be done: pods can be started, other nodes are reached. */
  readonly ready: Effect.Effect<void>
  /** This node's subnet and device; undefined before the first round. */
  readonly current: () => { readonly network: PodNetwork; readonly device: Device } | undefined
  /** The leases that routes were last made for. */
  readonly reached: () => ReadonlyArray<Lease>
}

const defaultRepairMs = 10_000
/** After a failed round: how long until the next, doubling. */
const retryMs = { first: 250, most: 10_000 }

const messageOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return error instanceof Error ? error.message : String(error)
}

/**
 * Starts an overlay that lives as long as the scope; the end removes device, routes and rules, not the files nor what the container
 * runtime made. Every round looks at the kernel itself, so what others removed comes back. Failed rounds are logged and tried again.
 */
export const runOverlay = (options: OverlayOptions): Effect.Effect<Overlay, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { leases, backend, clusterCidr, masquerade = true, repairMs = defaultRepairMs } = options
    const place: InNetns = options.netns === undefined ? {} : { netns: options.netns }
    const clock = yield* Clock.Clock
    const changed = Latch.makeUnsafe(true)
    const ready = Latch.makeUnsafe(false)
    let current: { readonly network: PodNetwork; readonly device: Device } | undefined
    let reached: ReadonlyArray<Lease> = []
    let written = ""
    let repairAtMs = 0

    const writeFiles = (network: PodNetwork, device: Device): void => {
      const { subnet } = network
      const { cni, subnetEnvFile } = options
      const wanted = JSON.stringify([network, device.mtu])
      if (written === wanted) return
      if (cni !== undefined) writeCniConfiguration(cni.confDir, { ...cni, subnet, mtu: device.mtu })
      if (subnetEnvFile !== undefined) writeSubnetEnv(subnetEnvFile, { ...network, mtu: device.mtu, masquerade })
      written = wanted
    }

    /** Everything about this node; then the way to the others. */
    const round = (repair: boolean): Effect.Effect<void, OverlayError | LeaseError> =>
      Effect.gen(function* () {
        const network = { clusterCidr, subnet: yield* leases.subnet }
        if (repair || current?.network.subnet !== network.subnet) {
          current = { network, device: yield* backend.register(network) }
          if (masquerade) yield* ensureMasquerade(network, place)
          repairAtMs = clock.currentTimeMillisUnsafe() + repairMs
        }
        const { device } = current
        yield* leases.publish(device.details)
        // A subnet that is not part of the pod network would draw other traffic to its node.
        const known = leases.leases().filter((lease) => isInside(lease.subnet, clusterCidr))
        const plan = planReach(yield* device.current, device.reach(known))
        if (!isEmptyPlan(plan)) yield* device.apply(plan)
        reached = known
        // The runtime starts pods as soon as it finds the file, so it comes last.
        yield* Effect.try({
          try: () => writeFiles(network, device),
          catch: (cause) => new OverlayError({ reason: `the runtime's configuration was not written: ${String(cause)}` })
        })
        ready.openUnsafe()
      })

    let failures = 0
    const step = Effect.gen(function* () {
      yield* Effect.timeoutOption(changed.await, Math.max(0, repairAtMs - clock.currentTimeMillisUnsafe()))
      changed.closeUnsafe()
      const repair = failures > 0 || clock.currentTimeMillisUnsafe() >= repairAtMs
      const exit = yield* Effect.exit(round(repair))
      if (Exit.isSuccess(exit)) {
        failures = 0
        return
      }
      changed.openUnsafe()
      yield* Effect.logError(`netoverlay: the pod network of this node was not put right: ${messageOf(exit.cause)}`)
      yield* Effect.sleep(Math.min(retryMs.first * 2 ** failures++, retryMs.most))
    })

    yield* Effect.addFinalizer(() =>
      Effect.andThen(masquerade ? Effect.ignore(removeMasquerade(place), { log: true }) : Effect.void, backend.remove)
    )
    const off = leases.on(() => void changed.openUnsafe())
    yield* Effect.addFinalizer(() => Effect.sync(off))
    yield* Effect.forkScoped(Effect.andThen(leases.synced, Effect.forever(step)))
    return { ready: ready.await, current: () => current, reached: () => reached }
  })
