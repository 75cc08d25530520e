/** Keeps the Endpoints object of every Service with a selector. @module */
import { endpoints, pods, services } from "@tsukube/api/core-v1"
import { runController } from "@tsukube/reconciler"
import { Effect } from "effect"
import { allSynced, type Controller, type ControllerContext, listen } from "../controller.ts"
import { hasEndpoints } from "../endpointslice/service.ts"
import { byNamespace, onEndpointChange, podsOfService } from "../endpointslice/triggers.ts"
import { isNamespaceTerminating, unlessGone } from "../failure.ts"
import { isDeleting, queueKeyOf, splitKey } from "../object.ts"
import { planEndpoints } from "./plan.ts"

const run = ({ client, informers }: ControllerContext) =>
  Effect.gen(function* () {
    const serviceCache = informers.of(services, { indexes: byNamespace })
    const podCache = informers.of(pods, { indexes: byNamespace })
    const cache = informers.of(endpoints)

    const reconcile = (key: string) =>
      Effect.gen(function* () {
        const service = serviceCache.get(key)
        if (service === undefined) {
          // Endpoints share the name of their Service and its end; they carry no owner reference.
          if (cache.get(key) !== undefined) yield* unlessGone(client.delete(endpoints, splitKey(key)))
          return undefined
        }
        if (isDeleting(service) || !hasEndpoints(service)) return undefined
        const wanted = planEndpoints(service, podsOfService(service, podCache), cache.get(key))
        if (wanted === undefined) return undefined
        const write =
          wanted.metadata?.resourceVersion === undefined ? client.create(endpoints, wanted) : client.update(endpoints, wanted)
        yield* Effect.catchIf(write, isNamespaceTerminating, () => Effect.undefined)
        return undefined
      })

    yield* runController({
      name: "endpoints-controller",
      concurrency: 5,
      ready: allSynced(serviceCache, podCache, cache),
      reconcile,
      triggers: (enqueue) =>
        listen(...onEndpointChange(serviceCache, podCache, enqueue), () =>
          cache.on(({ type, object }) => {
            if (type === "Delete") enqueue(queueKeyOf(object))
          })
        )
    })
  })

/** Upstream's endpoints-controller. */
export const endpointsController: Controller = { name: "endpoints-controller", run }
