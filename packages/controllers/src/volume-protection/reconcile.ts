/** Three controllers that keep claims, volumes and volume attribute classes from going while they are used. @module */
import type { KubernetesObject, Resource } from "@tsukube/api"
import { persistentvolumeclaims, persistentvolumes, pods } from "@tsukube/api/core-v1"
import { volumeattributesclasses } from "@tsukube/api/storage-v1"
import type { Client, Informer } from "@tsukube/client"
import { runController } from "@tsukube/reconciler"
import { Effect } from "effect"
import { allSynced, type Controller, listen } from "../controller.ts"
import { unlessGone } from "../failure.ts"
import { namespaceOf, queueKeyOf, splitKey } from "../object.ts"
import {
  claimFinalizer,
  claimsOf,
  classFinalizer,
  isVolumeUsed,
  planFinalizer,
  usesClaim,
  usesClass,
  volumeFinalizer
} from "./plan.ts"

interface Protection<T extends KubernetesObject> {
  readonly resource: Resource<T>
  readonly finalizer: string
  readonly cache: Informer<T>
  /** Asked of the live objects before a finalizer goes: caches may be late, and what is lost is lost. */
  readonly used: (object: T) => Effect.Effect<boolean, unknown>
}

const reconcileOf =
  <T extends KubernetesObject>(client: Client, { resource, finalizer, cache, used }: Protection<T>) =>
  (key: string) =>
    Effect.gen(function* () {
      const object = cache.get(key)
      if (object === undefined || planFinalizer(object, finalizer, () => false) === undefined) return undefined
      const place = splitKey(key)
      const live = yield* unlessGone(client.get(resource, resource.namespaced ? place : { name: place.name }))
      if (live === undefined) return undefined
      const isUsed = yield* used(live)
      const plan = planFinalizer(live, finalizer, () => isUsed)
      if (plan === undefined) return undefined
      const before = live.metadata?.finalizers ?? []
      const finalizers = plan === "add" ? [...before, finalizer] : before.filter((one) => one !== finalizer)
      // Not a patch: the role of these controllers allows updates only.
      yield* unlessGone(client.update(resource, { ...live, metadata: { ...live.metadata, finalizers } }))
      return undefined
    })

/** Upstream's persistentvolumeclaim-protection-controller. */
export const persistentVolumeClaimProtection: Controller = {
  name: "persistentvolumeclaim-protection-controller",
  run: ({ client, informers }) =>
    Effect.suspend(() => {
      const cache = informers.of(persistentvolumeclaims)
      const podCache = informers.of(pods)
      return runController({
        name: "persistentvolumeclaim-protection-controller",
        ready: allSynced(cache, podCache),
        reconcile: reconcileOf(client, {
          resource: persistentvolumeclaims,
          finalizer: claimFinalizer,
          cache,
          used: (claim) =>
            Effect.map(client.list(pods, { namespace: namespaceOf(claim) }), ({ items }) =>
              items.some((pod) => usesClaim(pod, claim))
            )
        }),
        triggers: (enqueue) =>
          listen(
            () => cache.on(({ type, object }) => (type === "Delete" ? undefined : enqueue(queueKeyOf(object)))),
            () =>
              podCache.on(({ type, object }) => {
                if (type === "Add") return
                for (const name of claimsOf(object)) enqueue(`${namespaceOf(object)}/${name}`)
              })
          )
      })
    })
}

/** Upstream's persistentvolume-protection-controller. */
export const persistentVolumeProtection: Controller = {
  name: "persistentvolume-protection-controller",
  run: ({ client, informers }) =>
    Effect.suspend(() => {
      const cache = informers.of(persistentvolumes)
      return runController({
        name: "persistentvolume-protection-controller",
        ready: allSynced(cache),
        reconcile: reconcileOf(client, {
          resource: persistentvolumes,
          finalizer: volumeFinalizer,
          cache,
          used: (volume) => Effect.succeed(isVolumeUsed(volume))
        }),
        triggers: (enqueue) =>
          listen(() => cache.on(({ type, object }) => (type === "Delete" ? undefined : enqueue(queueKeyOf(object)))))
      })
    })
}

/** Upstream's volumeattributesclass-protection-controller. */
export const volumeAttributesClassProtection: Controller = {
  name: "volumeattributesclass-protection-controller",
  run: ({ client, informers }) =>
    Effect.suspend(() => {
      const cache = informers.of(volumeattributesclasses)
      const claims = informers.of(persistentvolumeclaims)
      const volumes = informers.of(persistentvolumes)
      return runController({
        name: "volumeattributesclass-protection-controller",
        ready: allSynced(cache, claims, volumes),
        reconcile: reconcileOf(client, {
          resource: volumeattributesclasses,
          finalizer: classFinalizer,
          cache,
          used: (attributes) =>
            Effect.gen(function* () {
              const { items } = yield* client.list(persistentvolumeclaims)
              if (items.some((claim) => usesClass(claim, attributes))) return true
              const all = yield* client.list(persistentvolumes)
              return all.items.some(({ spec }) => spec?.volumeAttributesClassName === attributes.metadata?.name)
            })
        }),
        triggers: (enqueue) => {
          const again = (): void => {
            for (const attributes of cache.list()) enqueue(queueKeyOf(attributes))
          }
          return listen(
            () => cache.on(({ type, object }) => (type === "Delete" ? undefined : enqueue(queueKeyOf(object)))),
            () => claims.on(({ type }) => (type === "Add" ? undefined : again())),
            () => volumes.on(({ type }) => (type === "Add" ? undefined : again()))
          )
        }
      })
    })
}
