/** Keeps the endpoints of the `kubernetes` Service those of the servers that are alive: each renews a lease, and counts whose lease was renewed of late. @module */

import type { KubernetesObject } from "@tsukube/api"
import { endpointslices } from "@tsukube/api/discovery-v1"
import type { Scope } from "effect"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { kubernetesEndpoints } from "./kubernetes-service.ts"
import type { ApiserverOptions } from "./options.ts"
import type { Serving } from "./serving.ts"
import { keyOf } from "./stored.ts"

/** Beside the objects, where no client reads. */
const folder = "/masterleases/"
/** Upstream's: a server that has been silent for so long is gone. */
const leaseMs = 15_000
const renewEvery = "5 seconds"

/** Where a server can be reached. */
export type Place = NonNullable<ApiserverOptions["advertise"]>

interface Seen {
  readonly revision: bigint
  readonly at: number
}

/** This server's view of all leases. */
export interface Leases {
  /** Renews the own lease and brings the endpoints up to date. */
  readonly renew: Effect.Effect<void>
  /** Gives the own lease up and takes the own address out. */
  readonly release: Effect.Effect<void>
}

const keyOfPlace = ({ address, port }: Place): string => `${folder}${address}|${port}`

const placeOf = (key: string): Place => {
  const at = key.lastIndexOf("|")
  return { address: key.slice(folder.length, at), port: Number(key.slice(at + 1)) }
}

/** `write` creates an object or brings it into its form, as the server itself. */
export const makeLeases = (serving: Serving, own: Place, write: (object: KubernetesObject) => Promise<void>): Leases => {
  const { store } = serving.cache
  const seen = new Map<string, Seen>()
  let released = false

  /** By the own clock: a lease is alive as long as its revision goes on changing, whatever the others' clocks say. */
  const alive = Effect.map(store.list({ prefix: folder }), ({ entries }) => {
    const now = serving.now()
    const places: Array<Place> = []
    for (const { key, revision } of entries) {
      const known = seen.get(key)
      const at = known?.revision === revision ? known.at : now
      seen.set(key, { revision, at })
      if (now - at < leaseMs) places.push(placeOf(key))
    }
    return places
  })

  const reconcile = Effect.gen(function* () {
    const places = yield* alive
    const objects = kubernetesEndpoints(places)
    for (const object of objects) yield* Effect.promise(() => write(object))
    const wanted = new Set(objects.map(({ metadata }) => keyOf(endpointslices, "default", metadata?.name ?? "")))
    // Past the cache: at the very end nobody feeds it any more.
    const others = yield* store.list({ prefix: keyOf(endpointslices, "default", "kubernetes-") })
    for (const { key, value, revision } of others.entries) {
      const { metadata } = JSON.parse(value) as KubernetesObject
      const ours = metadata?.labels?.["kubernetes.io/service-name"] === "kubernetes" && /-\d+$/.test(key)
      if (ours && !wanted.has(key)) yield* Effect.ignore(store.commit([{ key, value: undefined, expected: revision }]))
    }
  })

  const failed = (what: string) => (cause: unknown) => Effect.logWarning(`the kubernetes Service's endpoints: ${what}`, cause)
  return {
    renew: Effect.suspend(() => {
      if (released) return Effect.void
      const value = JSON.stringify({ renewed: new Date(serving.now()).toISOString() })
      return Effect.andThen(store.commit([{ key: keyOfPlace(own), value }]), reconcile)
    }).pipe(Effect.catchCause(failed("not renewed"))),
    release: Effect.suspend(() => {
      if (released) return Effect.void
      released = true
      seen.delete(keyOfPlace(own))
      return Effect.andThen(store.commit([{ key: keyOfPlace(own), value: undefined }]), reconcile)
    }).pipe(Effect.catchCause(failed("not released")))
  }
}

/** Renews until the scope ends, then gives up the lease. */
export const keepLeases = ({ renew, release }: Leases): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    yield* renew
    yield* Effect.addFinalizer(() => release)
    yield* Effect.forkScoped(Effect.repeat(renew, Schedule.spaced(renewEvery)))
  })
