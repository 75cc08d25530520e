/** Reads and writes what the kernel knows about a device. @module */
import { bridgeBatch, type InNetns, ipBatch, ipJson } from "@tsukube/host"
import { Effect } from "effect"
import type { OverlayError } from "./backend.ts"
import { type Plan, planLines, type Reach } from "./plan.ts"
import { asOverlayError } from "./underlay.ts"

interface RouteEntry {
  readonly dst: string
  readonly gateway?: string
  readonly flags?: ReadonlyArray<string>
}
interface NeighbourEntry {
  readonly dst: string
  readonly lladdr?: string
}
interface ForwardEntry {
  readonly mac: string
  readonly dst?: string
}

/** Gateway routes, permanent neighbours and forwarding entries of a device. */
export const readReach = (device: string, options: InNetns & { readonly tunnel: boolean }): Effect.Effect<Reach, OverlayError> =>
  Effect.gen(function* () {
    const routes = (yield* ipJson("ip", ["-4", "route", "show", "dev", device], options)) as unknown as ReadonlyArray<RouteEntry>
    const reached = routes.flatMap(({ dst, gateway, flags = [] }) =>
      gateway === undefined || dst === "default" ? [] : [{ destination: dst, via: gateway, onlink: flags.includes("onlink") }]
    )
    if (!options.tunnel) return { routes: reached, neighbours: [], forwards: [] }
    const neighbours = (yield* ipJson("ip", ["-4", "neighbour", "show", "dev", device, "nud", "permanent"], options)) as unknown
    const forwards = (yield* ipJson("bridge", ["fdb", "show", "dev", device], options)) as unknown
    return {
      routes: reached,
      neighbours: (neighbours as ReadonlyArray<NeighbourEntry>).flatMap(({ dst, lladdr }) =>
        lladdr === undefined ? [] : [{ ip: dst, mac: lladdr }]
      ),
      forwards: (forwards as ReadonlyArray<ForwardEntry>).flatMap(({ mac, dst }) =>
        dst === undefined ? [] : [{ mac, destination: dst }]
      )
    }
  }).pipe(Effect.mapError(asOverlayError))

/** Carries out a plan; the first step that fails ends it, and the next round plans anew from what is there. */
export const applyReach = (plan: Plan, device: string, options: InNetns): Effect.Effect<void, OverlayError> =>
  Effect.gen(function* () {
    const lines = planLines(plan, device)
    yield* ipBatch(lines.ip, options)
    yield* bridgeBatch(lines.bridge, options)
    yield* ipBatch(lines.ipAfter, options)
  }).pipe(Effect.mapError(asOverlayError))
