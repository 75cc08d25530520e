/** Leases on Node objects: the control plane assigns the subnet, annotations say how to reach it. @module */
import { type Node, nodes } from "@tsukube/api/core-v1"
import type { Client, Informers } from "@tsukube/client"
import { parseNetwork } from "@tsukube/host"
import { Effect } from "effect"
import { isSoundLease, type Lease, type LeaseDetails, LeaseError, type LeaseManager } from "../lease.ts"

/** The annotations by which a node says how it is reached. */
export const annotations = {
  publicIp: "netoverlay.tsukube.dev/public-ip",
  backend: "netoverlay.tsukube.dev/backend",
  mac: "netoverlay.tsukube.dev/vtep-mac"
} as const

export interface NodeLeasesOptions {
  readonly client: Client
  readonly informers: Informers
  readonly nodeName: string
}

/** The first IPv4 network that a node's pods get their addresses from. */
export const podNetworkOf = ({ spec }: Node): string | undefined =>
  [...(spec?.podCIDRs ?? []), ...(spec?.podCIDR === undefined ? [] : [spec.podCIDR])].find(
    (text) => parseNetwork(text) !== undefined
  )

/** The lease that a Node object speaks of; undefined while something is missing or is not what it should be. */
export const leaseOf = (node: Node): Lease | undefined => {
  const { name, annotations: notes = {} } = node.metadata ?? {}
  const subnet = podNetworkOf(node)
  const publicIp = notes[annotations.publicIp]
  const backend = notes[annotations.backend]
  const mac = notes[annotations.mac]
  if (name === undefined || subnet === undefined || publicIp === undefined || backend === undefined) return undefined
  const lease = { node: name, subnet, publicIp, backend, ...(mac === undefined ? {} : { mac }) }
  return isSoundLease(lease) ? lease : undefined
}

const notesOf = ({ publicIp, backend, mac }: LeaseDetails): Readonly<Record<string, string | null>> => ({
  [annotations.publicIp]: publicIp,
  [annotations.backend]: backend,
  // null deletes: a backend without a tunnel has no hardware address to show.
  [annotations.mac]: mac ?? null
})

/** Leases on Node objects. A node's controller manager has to assign `spec.podCIDR` (upstream's `--allocate-node-cidrs`). */
export const nodeLeases = ({ client, informers, nodeName }: NodeLeasesOptions): LeaseManager => {
  const cache = informers.of(nodes)
  /** Calls back once with this node's subnet, from the cache. */
  const waitForSubnet = Effect.callback<string>((resume) => {
    let off: (() => void) | undefined
    let done = false
    const look = (): void => {
      const node = cache.get(nodeName)
      const subnet = node === undefined ? undefined : podNetworkOf(node)
      if (subnet === undefined || done) return
      done = true
      off?.()
      resume(Effect.succeed(subnet))
    }
    off = cache.on(look)
    look()
    if (done) off()
    return Effect.sync(() => off?.())
  })
  return {
    subnet: waitForSubnet,
    synced: cache.synced,
    leases: () =>
      cache
        .list()
        .flatMap((node) => leaseOf(node) ?? [])
        .toSorted((a, b) => (a.node < b.node ? -1 : 1)),
    on: (handler) =>
      // Nodes report their health all the time; only what a lease is made of counts.
      cache.on((event) => {
        const before = event.type === "Update" ? leaseOf(event.previous) : undefined
        const after = event.type === "Delete" ? undefined : leaseOf(event.object)
        if (event.type !== "Update" || JSON.stringify(before) !== JSON.stringify(after)) handler()
      }),
    publish: (details) => {
      const notes = notesOf(details)
      const known = cache.get(nodeName)?.metadata?.annotations ?? {}
      if (Object.entries(notes).every(([name, value]) => (known[name] ?? null) === value)) return Effect.void
      return client
        .patch(
          nodes,
          { name: nodeName },
          { type: "merge", body: { metadata: { annotations: notes } } },
          { fieldManager: "netoverlay" }
        )
        .pipe(
          Effect.mapError((error) => new LeaseError({ reason: `the lease of ${nodeName} was not published: ${error.message}` })),
          Effect.asVoid
        )
    }
  }
}
