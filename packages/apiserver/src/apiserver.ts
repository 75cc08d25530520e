/** The API server as a service: a function from requests to responses over a store. @module */
import { Store, type StoreError } from "@tsukube/store"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { repairAllocations } from "./allocate/repair.ts"
import { makeApp } from "./app.ts"
import { expireEvents } from "./event-expiry.ts"
import { keepLeases, makeLeases } from "./kubernetes-leases.ts"
import type { Exposition } from "./metrics/exposition.ts"
import { measuredStore } from "./metrics/measured-store.ts"
import { makeMeter } from "./metrics/meter.ts"
import type { ApiserverOptions } from "./options.ts"
import { makeParts } from "./parts.ts"
import { makeRegistry } from "./registry.ts"
import type { Connection, Registry, UserInfo } from "./request.ts"
import { enabledResources } from "./runtime-config.ts"
import type { Serving } from "./serving.ts"
import { createOrReplace, createSystemObjects } from "./system-objects.ts"
import { makeWatchCache } from "./watch-cache.ts"

/** A running API server. It listens nowhere by itself. */
export interface Apiserver {
  /** Answers a request; who asks is found out from its headers and the connection. Never rejects. */
  readonly fetch: (request: Request, connection?: Connection) => Promise<Response>
  /** Answers requests of a known user: for parts of the same process, which need no credentials. */
  readonly fetchAs: (user: UserInfo) => (request: Request, connection?: Connection) => Promise<Response>
  /** From now on `/readyz` fails, so that nobody new comes; everything is still answered. `serve` calls it when it is to end. */
  readonly drain: () => void
  /** Reads of the server's memory. */
  readonly registry: Registry
}

/** The tag under which a layer provides an `Apiserver`. */
export const Apiserver: Context.Service<Apiserver, Apiserver> = Context.Service("@tsukube/apiserver/Apiserver")

/** Builds a server over the store of its context; its watches end with the scope. Several may share one store. */
export const layer = (options: ApiserverOptions = {}): Layer.Layer<Apiserver, StoreError, Store> =>
  Layer.effect(
    Apiserver,
    Effect.gen(function* () {
      const meter = makeMeter()
      const store = measuredStore(yield* Store, meter)
      const clock = yield* Clock.Clock
      const cache = yield* makeWatchCache(store)
      const registry = makeRegistry(cache)
      let draining = false
      let exposition: Promise<Exposition> | undefined
      const enabled = enabledResources(options.runtimeConfig)
      const serving: Serving = {
        cache,
        registry,
        options,
        parts: yield* Effect.promise(() => makeParts(options, registry, enabled)),
        resources: new Set(enabled),
        now: () => clock.currentTimeMillisUnsafe(),
        closed: yield* Effect.abortSignal,
        draining: () => draining,
        meter,
        exposition: () => {
          exposition ??= import("./metrics/exposition.ts").then(({ makeExposition }) => makeExposition(meter, cache))
          return exposition
        },
        ping: store.revision
      }
      yield* startUp(() => createSystemObjects(serving))
      // From here on the cache holds what the server itself relies on.
      yield* startUp(() => cache.fresh(10_000))
      yield* startUp(() => repairAllocations(serving))
      yield* Effect.forkScoped(expireEvents(serving))
      const { advertise } = options
      const leases =
        advertise === undefined ? undefined : makeLeases(serving, advertise, (object) => createOrReplace(serving, object))
      if (leases !== undefined) yield* keepLeases(leases)
      const app = makeApp(serving)
      return {
        fetch: async (request, connection) => app.http.fetch(request, connection === undefined ? {} : { connection }),
        fetchAs: (user) => {
          const caller = { user }
          return (request, connection) => app.answer(request, connection === undefined ? caller : { user, connection })
        },
        drain: () => {
          draining = true
          if (leases !== undefined) Effect.runFork(leases.release)
        },
        registry
      }
    })
  )

/** A step of the start: the store's errors are the caller's to handle, anything else is a bug. */
const startUp = <A>(step: () => Promise<A>): Effect.Effect<A, StoreError> =>
  Effect.catch(Effect.tryPromise({ try: step, catch: (thrown) => thrown }), (thrown) =>
    (thrown as { readonly _tag?: unknown } | null)?._tag === "StoreError" ? Effect.fail(thrown as StoreError) : Effect.die(thrown)
  )
