/** Counts what a namespace's quotas limit, after objects went and when a quota is new; what comes is counted by admission. @module */
import { isCounted, type KubernetesObject, type Resource, resources } from "@tsukube/api"
import { type Pod, resourcequotas } from "@tsukube/api/core-v1"
import { runController } from "@tsukube/reconciler"
import { Clock, Effect } from "effect"
import { allSynced, type Controller, type ControllerContext, listen } from "../controller.ts"
import { unlessGone } from "../failure.ts"
import { collectable } from "../garbage-collector/graph.ts"
import { namespaceOf, queueKeyOf, splitKey } from "../object.ts"
import { isTerminal } from "../pod-state.ts"
import { planQuota, resourcesOf } from "./plan.ts"

/** Everything is counted anew so often, whatever was heard. */
const resyncMs = 5 * 60_000

/** Whether an update may have given something back. */
const mayGiveBack = (resource: Resource, object: KubernetesObject, previous: KubernetesObject): boolean => {
  if (resource.plural === "pods") return isTerminal(object as Pod) && !isTerminal(previous as Pod)
  return resource.plural === "services" || resource.plural === "persistentvolumeclaims"
}

const run = ({ client, informers, options }: ControllerContext) =>
  Effect.suspend(() => {
    const quotas = informers.of(resourcequotas)
    const all = collectable(options.resources ?? resources)
    const watched = all
      .filter((resource) => isCounted(resource) && resource.verbs.includes("watch"))
      .map((resource) => ({ resource, informer: informers.of(resource) }))

    const reconcile = (key: string) =>
      Effect.gen(function* () {
        const { namespace, name } = splitKey(key)
        // Lists are younger than the quota that is read first, and admission writes it with every object it lets in: when something came
        // in between, the update below is a conflict, and everything is counted again.
        // A list of one, because the role of this controller allows lists only.
        const { items } = yield* client.list(resourcequotas, { namespace, fieldSelector: `metadata.name=${name}` })
        const [quota] = items
        if (quota === undefined) return undefined
        const counted = yield* Effect.forEach(resourcesOf(quota, all), (resource) =>
          Effect.map(client.list(resource, { namespace }), ({ items }) => ({ resource, objects: items }))
        )
        const status = planQuota(quota, counted, yield* Clock.currentTimeMillis)
        if (status !== undefined) {
          yield* unlessGone(client.update(resourcequotas, { ...quota, status }, { subresource: "status" }))
        }
        return { afterMs: resyncMs }
      })

    return runController({
      name: "resourcequota-controller",
      concurrency: 5,
      ready: allSynced(quotas),
      reconcile,
      triggers: (enqueue) => {
        const enqueueNamespace = (namespace: string): void => {
          for (const quota of quotas.list()) if (namespaceOf(quota) === namespace) enqueue(queueKeyOf(quota))
        }
        return listen(
          () => quotas.on(({ type, object }) => (type === "Delete" ? undefined : enqueue(queueKeyOf(object)))),
          ...watched.map(
            ({ resource, informer }) =>
              () =>
                informer.on((event) => {
                  const { type, object } = event
                  if (type === "Delete" || (type === "Update" && mayGiveBack(resource, object, event.previous))) {
                    enqueueNamespace(namespaceOf(object))
                  }
                })
          )
        )
      }
    })
  })

/** Upstream's resourcequota-controller. */
export const resourceQuotaController: Controller = { name: "resourcequota-controller", run }
