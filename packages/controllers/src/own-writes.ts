/** What a controller wrote to its objects, until its cache shows it: nobody decides by a status older than their own. @module */
import type { KubernetesObject } from "@tsukube/api"
import type { Informer } from "@tsukube/client"
import { queueKeyOf, uidOf } from "./object.ts"

/** The cache with the controller's own writes on top. */
export interface OwnWrites<T> {
  /** The newest version that the cache or an answer has shown. */
  readonly get: (key: string) => T | undefined
  /** Remembers the answer to a write. */
  readonly wrote: (object: T) => void
}

/** Versions of one object are whole numbers that grow. */
const isNewer = (left: KubernetesObject, right: KubernetesObject): boolean => {
  const [a, b] = [left.metadata?.resourceVersion ?? "", right.metadata?.resourceVersion ?? ""]
  return a.length === b.length ? a > b : a.length > b.length
}

/** Looks at this cache. */
export const ownWrites = <T extends KubernetesObject>(cache: Pick<Informer<T>, "get">): OwnWrites<T> => {
  const written = new Map<string, T>()
  return {
    get: (key) => {
      const [cached, own] = [cache.get(key), written.get(key)]
      if (cached !== undefined && own !== undefined && uidOf(cached) === uidOf(own) && isNewer(own, cached)) return own
      written.delete(key)
      return cached
    },
    wrote: (object) => void written.set(queueKeyOf(object), object)
  }
}
