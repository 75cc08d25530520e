/** Keeps the EndpointSlices of every Service with a selector. @module */
import { nodes, type Pod, pods, type Service, services } from "@tsukube/api/core-v1"
import { type EndpointSlice, endpointslices } from "@tsukube/api/discovery-v1"
import { runController } from "@tsukube/reconciler"
import { Effect } from "effect"
import { allSynced, type Controller, type ControllerContext, listen } from "../controller.ts"
import { isNamespaceTerminating, unlessGone } from "../failure.ts"
import { isDeleting, nameOf, namespaceOf, queueKeyOf } from "../object.ts"
import { managedBy, managedByLabel, planSlices, serviceNameLabel } from "./plan.ts"
import { hasEndpoints } from "./service.ts"
import { makeSliceTracker } from "./tracker.ts"
import { byNamespace, onEndpointChange, podsOfService } from "./triggers.ts"

/** Slices we manage, by their Service. */
const byService = (slice: EndpointSlice): ReadonlyArray<string> => {
  const { [serviceNameLabel]: service, [managedByLabel]: manager } = slice.metadata?.labels ?? {}
  return service !== undefined && manager === managedBy ? [`${namespaceOf(slice)}/${service}`] : []
}

const sliceIndexes = { service: byService }

const run = (context: ControllerContext) =>
  Effect.gen(function* () {
    const { client, informers } = context
    const serviceCache = informers.of(services, { indexes: byNamespace })
    const podCache = informers.of(pods, { indexes: byNamespace })
    const nodeCache = informers.of(nodes)
    const slices = informers.of(endpointslices, { indexes: sliceIndexes })
    const tracker = makeSliceTracker()

    const reconcile = (key: string) =>
      Effect.gen(function* () {
        const service = serviceCache.get(key)
        if (service === undefined || isDeleting(service) || !hasEndpoints(service)) return undefined
        const known = slices.byIndex("service", key)
        // Slices we wrote and the cache does not show yet would be written again: wait for their events.
        if (tracker.isStale(key, known)) return { afterMs: 1000 }
        const changes = planSlices({
          service,
          pods: podsOfService(service, podCache),
          nodeOf: (name) => nodeCache.get(name),
          slices: known.filter((slice) => !isDeleting(slice))
        })
        for (const slice of changes.remove) {
          yield* unlessGone(client.delete(endpointslices, { namespace: namespaceOf(slice), name: nameOf(slice) }))
          tracker.removed(key, slice)
        }
        for (const slice of changes.update) tracker.wrote(key, yield* client.update(endpointslices, slice))
        for (const slice of changes.create) {
          const created = yield* Effect.catchIf(
            client.create(endpointslices, slice),
            isNamespaceTerminating,
            () => Effect.undefined
          )
          if (created !== undefined) tracker.wrote(key, created)
        }
        return undefined
      })

    yield* runController({
      name: "endpointslice-controller",
      concurrency: 5,
      ready: allSynced(serviceCache, podCache, nodeCache, slices),
      reconcile,
      triggers: (enqueue) =>
        listen(
          ...onEndpointChange(serviceCache, podCache, enqueue),
          () =>
            nodeCache.on((event) => {
              const zone = (node: typeof event.object) => node.metadata?.labels?.["topology.kubernetes.io/zone"]
              if (event.type === "Update" && zone(event.object) === zone(event.previous)) return
              const name = nameOf(event.object)
              const affected = podCache.list().filter((pod: Pod) => pod.spec?.nodeName === name)
              for (const namespace of new Set(affected.map(namespaceOf)))
                for (const service of serviceCache.byIndex("namespace", namespace)) enqueue(queueKeyOf(service))
            }),
          () =>
            slices.on((event) => {
              for (const key of byService(event.object)) {
                tracker.observed(key, event.object, event.type === "Delete")
                enqueue(key)
              }
              if (event.type === "Update") for (const key of byService(event.previous)) enqueue(key)
            }),
          () =>
            serviceCache.on((event: { readonly type: string; readonly object: Service }) => {
              if (event.type === "Delete") tracker.forget(queueKeyOf(event.object))
            })
        )
    })
  })

/** Upstream's endpointslice-controller. */
export const endpointSliceController: Controller = { name: "endpointslice-controller", run }
