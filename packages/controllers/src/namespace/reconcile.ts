/** Empties namespaces that are being deleted, then lets them go. @module */
import { groupResourceOf, type Resource, resources } from "@tsukube/api"
import { type Namespace, namespaces } from "@tsukube/api/core-v1"
import type { ClientError } from "@tsukube/client"
import { runController } from "@tsukube/reconciler"
import { Clock, Effect } from "effect"
import { sameMeaning } from "../canonical.ts"
import { allSynced, type Controller, type ControllerContext, listen } from "../controller.ts"
import { isNotFound, unlessGone } from "../failure.ts"
import { isDeleting, nameOf } from "../object.ts"
import { conditionsAfter, deletable, finalizer, isEmpty, type Remains } from "./plan.ts"

/** The first look after a deletion comes soon; later ones after twice the time, up to the limit. */
const firstWaitMs = 100
const waitLimitMs = 15_000

const run = ({ client, informers, options }: ControllerContext) =>
  Effect.gen(function* () {
    const cache = informers.of(namespaces)
    const targets = deletable(options.resources ?? resources)
    const waits = new Map<string, number>()

    /** Asks for the deletion of everything of one kind and counts what stays, for a finalizer or a grace period. */
    const empty = (namespace: string, resource: Resource): Effect.Effect<Remains, never> =>
      Effect.gen(function* () {
        const name = groupResourceOf(resource)
        const found = yield* client.list(resource, { namespace, limit: 500 })
        if (found.items.length === 0) return { counts: {}, finalizers: {}, failures: [] }
        const options = { namespace, propagationPolicy: "Background" as const }
        if (resource.verbs.includes("deletecollection")) yield* client.deleteCollection(resource, options)
        else
          for (const object of found.items) {
            yield* unlessGone(client.delete(resource, { namespace, name: nameOf(object) }, { propagationPolicy: "Background" }))
          }
        const left = yield* client.list(resource, { namespace })
        const finalizers: Record<string, number> = {}
        for (const each of left.items.flatMap(({ metadata }) => metadata?.finalizers ?? []))
          finalizers[each] = (finalizers[each] ?? 0) + 1
        return { counts: left.items.length === 0 ? {} : { [name]: left.items.length }, finalizers, failures: [] }
      }).pipe(
        Effect.catch((error: ClientError) =>
          Effect.succeed<Remains>({
            counts: {},
            finalizers: {},
            // A resource that is not served has nothing to delete.
            failures: isNotFound(error) ? [] : [`${groupResourceOf(resource)}: ${error.message}`]
          })
        )
      )

    const emptyAll = (namespace: string): Effect.Effect<Remains> =>
      Effect.gen(function* () {
        const total = {
          counts: {} as Record<string, number>,
          finalizers: {} as Record<string, number>,
          failures: [] as Array<string>
        }
        for (const [index, resource] of targets.entries()) {
          const part = yield* empty(namespace, resource)
          Object.assign(total.counts, part.counts)
          for (const [name, count] of Object.entries(part.finalizers))
            total.finalizers[name] = (total.finalizers[name] ?? 0) + count
          total.failures.push(...part.failures)
          if (index === 0 && !isEmpty(total)) break
        }
        return total
      })

    const finalize = (namespace: Namespace) => {
      const spec = { ...namespace.spec, finalizers: (namespace.spec?.finalizers ?? []).filter((each) => each !== finalizer) }
      const key = { name: nameOf(namespace) }
      return unlessGone(
        client.updateSubresource(namespaces, key, "finalize", { ...namespace, apiVersion: "v1", kind: "Namespace", spec })
      )
    }

    const reconcile = (key: string) =>
      Effect.gen(function* () {
        const namespace = cache.get(key)
        if (namespace === undefined) waits.delete(key)
        if (namespace === undefined || !isDeleting(namespace)) return undefined
        if (!(namespace.spec?.finalizers ?? []).includes(finalizer)) return undefined
        const remains = yield* emptyAll(key)
        const nowMs = yield* Clock.currentTimeMillis
        const live = yield* unlessGone(client.get(namespaces, { name: key }))
        if (live === undefined) return undefined
        const conditions = conditionsAfter(live, remains, nowMs)
        const phase = "Terminating"
        const isNews = !sameMeaning(live.status?.conditions ?? [], conditions) || live.status?.phase !== phase
        const next: Namespace = { ...live, status: { ...live.status, phase, conditions } }
        // A namespace that empties at once is not told so first: nobody would see it.
        const written = isNews && !isEmpty(remains) ? yield* unlessGone(client.updateStatus(namespaces, next)) : live
        if (written === undefined) return undefined
        if (isEmpty(remains)) {
          waits.delete(key)
          yield* finalize(written)
          return undefined
        }
        const afterMs = waits.get(key) ?? firstWaitMs
        waits.set(key, Math.min(waitLimitMs, afterMs * 2))
        return { afterMs }
      })

    yield* runController({
      name: "namespace-controller",
      concurrency: 5,
      ready: allSynced(cache),
      reconcile,
      triggers: (enqueue) =>
        listen(() =>
          cache.on(({ type, object }) => {
            if (type === "Delete" || isDeleting(object)) enqueue(nameOf(object))
          })
        )
    })
  })

/** Upstream's namespace-controller, for the resources of the catalog. */
export const namespaceController: Controller = { name: "namespace-controller", run }
