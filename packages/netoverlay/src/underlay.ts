/** Finds the interface and address by which this node meets the others. @module */
import { type InNetns, ipJson, type RunError } from "@tsukube/host"
import { Effect } from "effect"
import { OverlayError } from "./backend.ts"

/** This node's place on the network below the overlay. */
export interface UnderlayInterface {
  readonly name: string
  readonly address: string
  readonly mtu: number
}

interface Link {
  readonly ifname: string
  readonly mtu: number
  readonly addr_info?: ReadonlyArray<{ readonly local?: string }>
}

/** Turns a failed command into what this package's callers expect. */
export const asOverlayError = (error: RunError): OverlayError => new OverlayError({ reason: error.message })

/** The interface with the given address; without one, the interface of the default route with its first IPv4 address. */
export const findUnderlay = (
  options: InNetns & { readonly publicIp?: string } = {}
): Effect.Effect<UnderlayInterface, OverlayError> =>
  Effect.gen(function* () {
    const place = options.netns === undefined ? {} : { netns: options.netns }
    const links = (yield* ipJson("ip", ["-4", "address", "show"], place)) as unknown as ReadonlyArray<Link>
    if (options.publicIp !== undefined) {
      const link = links.find(({ addr_info = [] }) => addr_info.some(({ local }) => local === options.publicIp))
      if (link !== undefined) return { name: link.ifname, address: options.publicIp, mtu: link.mtu }
      return yield* new OverlayError({ reason: `no interface of this node has the address ${options.publicIp}` })
    }
    const [route] = yield* ipJson("ip", ["-4", "route", "show", "default"], place)
    const link = links.find(({ ifname }) => ifname === route?.["dev"])
    const address = link?.addr_info?.[0]?.local
    if (link === undefined || address === undefined)
      return yield* new OverlayError({ reason: "this node has no default route to tell its address by: give one" })
    return { name: link.ifname, address, mtu: link.mtu }
  }).pipe(Effect.catchTag("RunError", (error) => Effect.fail(asOverlayError(error))))
