/** Gives every node its part of the pod network. @module */
import { type Node, nodes } from "@tsukube/api/core-v1"
import { runController } from "@tsukube/reconciler"
import { Effect } from "effect"
import { allSynced, type Controller, type ControllerContext, listen } from "../controller.ts"
import { unlessGone } from "../failure.ts"
import { isDeleting, nameOf } from "../object.ts"
import { freeSubnet, parseSubnetRange } from "./subnet.ts"

const cidrsOf = (node: Node): ReadonlyArray<string> => node.spec?.podCIDRs ?? (node.spec?.podCIDR ? [node.spec.podCIDR] : [])

const run = (context: ControllerContext) =>
  Effect.gen(function* () {
    const { client, informers, options } = context
    const { clusterCidrs = [], nodeCidrMaskSizeIpv4: ipv4 = 24, nodeCidrMaskSizeIpv6: ipv6 = 64 } = options
    if (clusterCidrs.length === 0) return
    const ranges = clusterCidrs.map((cidr) => parseSubnetRange(cidr, { ipv4, ipv6 }))
    const cache = informers.of(nodes)
    const recorder = yield* context.recorder("cidrAllocator")
    /** Given away, and not shown by the cache yet. */
    const given = new Map<string, ReadonlyArray<string>>()

    // One worker: two nodes can never be given the same subnet.
    const reconcile = (name: string) =>
      Effect.gen(function* () {
        const node = cache.get(name)
        if (node === undefined || cidrsOf(node).length > 0) {
          given.delete(name)
          return undefined
        }
        if (isDeleting(node) || given.has(name)) return undefined
        const taken = new Set([...cache.list().flatMap(cidrsOf), ...[...given.values()].flat()])
        const subnets = ranges.map((range) => freeSubnet(range, taken))
        const podCIDRs = subnets.filter((subnet) => subnet !== undefined)
        if (podCIDRs.length < ranges.length) {
          const reference = { kind: "Node", name, uid: node.metadata?.uid ?? "" }
          recorder.event(reference, "Normal", "CIDRNotAvailable", `Node ${name} status is now: CIDRNotAvailable`)
          return { afterMs: 30_000 }
        }
        given.set(name, podCIDRs)
        const body = { metadata: { uid: node.metadata?.uid }, spec: { podCIDR: podCIDRs[0], podCIDRs } }
        yield* unlessGone(client.patch(nodes, { name }, { type: "merge", body })).pipe(
          Effect.tapError(() => Effect.sync(() => given.delete(name)))
        )
        return undefined
      })

    yield* runController({
      name: "node-ipam-controller",
      ready: allSynced(cache),
      reconcile,
      triggers: (enqueue) =>
        listen(() =>
          cache.on(({ type, object }) => {
            enqueue(nameOf(object))
            // A subnet came free: whoever went without one may have it.
            if (type === "Delete") for (const node of cache.list()) if (cidrsOf(node).length === 0) enqueue(nameOf(node))
          })
        )
    })
  })

/** Upstream's node-ipam-controller (RangeAllocator); runs only when it is given a network. */
export const nodeIpamController: Controller = { name: "node-ipam-controller", run }
