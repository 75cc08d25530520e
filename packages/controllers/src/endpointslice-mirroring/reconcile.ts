/** Mirrors Endpoints of Services without a selector, so that proxies need to read slices only. @module */
import { endpoints, services } from "@tsukube/api/core-v1"
import { type EndpointSlice, endpointslices } from "@tsukube/api/discovery-v1"
import { runController } from "@tsukube/reconciler"
import { Effect } from "effect"
import { allSynced, type Controller, type ControllerContext, listen } from "../controller.ts"
import { managedByLabel, serviceNameLabel } from "../endpointslice/plan.ts"
import { makeSliceTracker } from "../endpointslice/tracker.ts"
import { isNamespaceTerminating, unlessGone } from "../failure.ts"
import { isDeleting, nameOf, namespaceOf, queueKeyOf } from "../object.ts"
import { isMirrored, mirroredBy, planMirror } from "./plan.ts"

const mirrored = (slice: EndpointSlice): ReadonlyArray<string> => {
  const { [serviceNameLabel]: service, [managedByLabel]: manager } = slice.metadata?.labels ?? {}
  return service !== undefined && manager === mirroredBy ? [`${namespaceOf(slice)}/${service}`] : []
}

const sliceIndexes = { mirrored }

const run = ({ client, informers }: ControllerContext) =>
  Effect.suspend(() => {
    const cache = informers.of(endpoints)
    const serviceCache = informers.of(services)
    const slices = informers.of(endpointslices, { indexes: sliceIndexes })
    const tracker = makeSliceTracker()
    return runController({
      name: "endpointslice-mirroring-controller",
      concurrency: 5,
      ready: allSynced(cache, serviceCache, slices),
      reconcile: (key) =>
        Effect.gen(function* () {
          const found = cache.get(key)
          const known = slices.byIndex("mirrored", key)
          if (tracker.isStale(key, known)) return { afterMs: 1000 }
          const source = found !== undefined && isMirrored(found, serviceCache.get(key)) ? found : undefined
          const changes = planMirror(
            source,
            known.filter((slice) => !isDeleting(slice))
          )
          for (const slice of changes.remove) {
            yield* unlessGone(client.delete(endpointslices, { namespace: namespaceOf(slice), name: nameOf(slice) }))
            tracker.removed(key, slice)
          }
          for (const slice of changes.update) tracker.wrote(key, yield* client.update(endpointslices, slice))
          for (const slice of changes.create) {
            const write = client.create(endpointslices, slice)
            const created = yield* Effect.catchIf(write, isNamespaceTerminating, () => Effect.undefined)
            if (created !== undefined) tracker.wrote(key, created)
          }
          return undefined
        }),
      triggers: (enqueue) =>
        listen(
          () => cache.on(({ object }) => enqueue(queueKeyOf(object))),
          () => serviceCache.on(({ object }) => enqueue(queueKeyOf(object))),
          () =>
            slices.on(({ type, object }) => {
              for (const key of mirrored(object)) {
                tracker.observed(key, object, type === "Delete")
                enqueue(key)
              }
            })
        )
    })
  })

/** Upstream's endpointslice-mirroring-controller. */
export const endpointSliceMirroring: Controller = { name: "endpointslice-mirroring-controller", run }
