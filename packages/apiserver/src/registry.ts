/** The watch cache as parts of the server read it: typed objects by resource, without waiting. @module */
import type { KubernetesObject, Resource } from "@tsukube/api"
import type { Registry } from "./request.ts"
import { servedOf, shownObject } from "./served.ts"
import { keyOf } from "./stored.ts"
import type { WatchCache } from "./watch-cache.ts"

/** Reads of a cache. */
export const makeRegistry = (cache: WatchCache): Registry => ({
  get: <T>(resource: Resource<T>, { namespace = "", name }: { readonly namespace?: string; readonly name: string }) => {
    const served = servedOf(resource)
    const stored = cache.bucket(served.folder).objects.get(keyOf(served.stored, namespace, name))
    return stored === undefined ? undefined : (shownObject(served, stored) as T & KubernetesObject)
  },
  list: <T>(resource: Resource<T>, namespace = "") => {
    const served = servedOf(resource)
    const prefix = namespace === "" ? served.folder : `${served.folder}${namespace}/`
    // Admission asks for many kinds that most clusters have none of.
    if (cache.bucket(served.folder).objects.size === 0) return []
    return [...cache.bucket(served.folder).range(prefix)].map((stored) => shownObject(served, stored) as T & KubernetesObject)
  },
  onChange: (resource, changed) =>
    cache.bucket(servedOf(resource).folder).follow({ changed: () => changed(), end: () => changed() })
})
