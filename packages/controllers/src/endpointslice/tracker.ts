/** Remembers the slices that were written until the cache shows them, so that none is written twice. @module */
import type { EndpointSlice } from "@tsukube/api/discovery-v1"
import { nameOf } from "../object.ts"

/** What we know of the slices of each Service, beyond the cache. */
export interface SliceTracker {
  /** A create or update was answered with this. */
  readonly wrote: (service: string, slice: EndpointSlice) => void
  readonly removed: (service: string, slice: EndpointSlice) => void
  /** The cache showed a slice, or its end. */
  readonly observed: (service: string, slice: EndpointSlice, gone: boolean) => void
  /** True while the cache lacks something that was written. */
  readonly isStale: (service: string, cached: ReadonlyArray<EndpointSlice>) => boolean
  readonly forget: (service: string) => void
}

/** So often a late cache is waited for; then what it shows is taken as it is. */
const patience = 10

const generationOf = (slice: EndpointSlice): number => slice.metadata?.generation ?? 0

/** Nothing written yet. */
export const makeSliceTracker = (): SliceTracker => {
  /** By Service and name: the generation the cache must reach; Infinity stands for gone. */
  const pending = new Map<string, Map<string, number>>()
  const waits = new Map<string, number>()
  const settle = (service: string): void => {
    pending.delete(service)
    waits.delete(service)
  }
  return {
    wrote: (service, slice) => {
      const names = pending.get(service) ?? new Map<string, number>()
      pending.set(service, names.set(nameOf(slice), generationOf(slice)))
    },
    removed: (service, slice) => {
      const names = pending.get(service) ?? new Map<string, number>()
      pending.set(service, names.set(nameOf(slice), Number.POSITIVE_INFINITY))
    },
    observed: (service, slice, gone) => {
      const names = pending.get(service)
      if (names === undefined) return
      const awaited = names.get(nameOf(slice))
      // Somebody else's deletion settles it as well: the next pass makes what is missing.
      if (awaited !== undefined && (gone || generationOf(slice) >= awaited)) names.delete(nameOf(slice))
      if (names.size === 0) settle(service)
    },
    isStale: (service, cached) => {
      const names = pending.get(service)
      if (names === undefined) return false
      const byName = new Map(cached.map((slice) => [nameOf(slice), slice]))
      for (const [name, awaited] of names) {
        const slice = byName.get(name)
        const reached = slice === undefined ? awaited === Number.POSITIVE_INFINITY : generationOf(slice) >= awaited
        if (reached) names.delete(name)
      }
      const waited = (waits.get(service) ?? 0) + 1
      if (names.size === 0 || waited > patience) settle(service)
      else waits.set(service, waited)
      return names.size > 0 && waited <= patience
    },
    forget: settle
  }
}
