/** Reads what pods refer to: config maps and secrets at most once in a while, claims and volumes anew. @module */
import {
  type ConfigMap,
  configmaps,
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentvolumeclaims,
  persistentvolumes,
  type Secret,
  secrets
} from "@tsukube/api/core-v1"
import type { Client, ClientError } from "@tsukube/client"
import { Clock, Effect } from "effect"

/** Objects by namespace and name; undefined = there is none. */
export interface ReferencedObjects {
  readonly configMap: (namespace: string, name: string) => Effect.Effect<ConfigMap | undefined, ClientError>
  readonly secret: (namespace: string, name: string) => Effect.Effect<Secret | undefined, ClientError>
  readonly claim: (namespace: string, name: string) => Effect.Effect<PersistentVolumeClaim | undefined, ClientError>
  readonly persistentVolume: (name: string) => Effect.Effect<PersistentVolume | undefined, ClientError>
}

const freshMs = 10_000
const entryLimit = 4096

/** What was read stays fresh for ten seconds; that something is missing is never remembered. */
export const makeReferencedObjects = (client: Client): ReferencedObjects => ({
  configMap: remembered((namespace, name) => client.get(configmaps, { namespace, name })),
  secret: remembered((namespace, name) => client.get(secrets, { namespace, name })),
  // A pod waits until its claim is bound: what was read before that is of no use.
  claim: (namespace, name) => orUndefined(client.get(persistentvolumeclaims, { namespace, name })),
  persistentVolume: (name) => orUndefined(client.get(persistentvolumes, { name }))
})

const orUndefined = <T>(read: Effect.Effect<T, ClientError>): Effect.Effect<T | undefined, ClientError> =>
  Effect.catchTag(read, "StatusError", (error) => (error.code === 404 ? Effect.undefined : Effect.fail(error)))

const remembered = <T>(read: (namespace: string, name: string) => Effect.Effect<T, ClientError>) => {
  const known = new Map<string, { readonly object: T; readonly readAt: number }>()
  return (namespace: string, name: string): Effect.Effect<T | undefined, ClientError> =>
    Effect.gen(function* () {
      const key = `${namespace}/${name}`
      const now = yield* Clock.currentTimeMillis
      const entry = known.get(key)
      if (entry !== undefined && now - entry.readAt < freshMs) return entry.object
      known.delete(key)
      const object = yield* orUndefined(read(namespace, name))
      if (object === undefined) return undefined
      if (known.size >= entryLimit) known.clear()
      known.set(key, { object, readAt: now })
      return object
    })
}
