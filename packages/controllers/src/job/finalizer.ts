/** Takes the tracking finalizer off pods, and remembers it until the cache shows it. @module */
import { type Pod, pods } from "@tsukube/api/core-v1"
import type { Client, ClientError, Informer } from "@tsukube/client"
import { Effect } from "effect"
import { isNotFound } from "../failure.ts"
import { nameOf, namespaceOf, queueKeyOf, uidOf } from "../object.ts"
import { isTracked, trackingFinalizer } from "./pod.ts"

/** The pods that have lost their finalizer by this controller's hand. */
export interface Finalizers {
  /** Uids of those that the cache still shows with it. */
  readonly released: ReadonlySet<string>
  /** Takes the finalizer off; a pod that is gone has none. */
  readonly release: (pod: Pod) => Effect.Effect<void, ClientError>
  /** The cache showed a pod, or with `isGone` that there is none any more. */
  readonly observed: (pod: Pod, isGone: boolean) => void
}

/** Writes through this client; `cache` tells whether a pod is really gone. */
export const makeFinalizers = (client: Client, cache: Pick<Informer<Pod>, "get">): Finalizers => {
  const released = new Set<string>()
  const release = (pod: Pod) => {
    const uid = uidOf(pod)
    const body = { metadata: { uid, "$deleteFromPrimitiveList/finalizers": [trackingFinalizer] } }
    const forget = Effect.sync(() => void released.delete(uid))
    return Effect.sync(() => void released.add(uid)).pipe(
      Effect.andThen(client.patch(pods, { namespace: namespaceOf(pod), name: nameOf(pod) }, { type: "strategic", body })),
      Effect.asVoid,
      Effect.catch((error) => {
        const isKnownGone = cache.get(queueKeyOf(pod))?.metadata?.uid !== uid
        // A late cache would have the pod counted once more: it stays remembered until the cache knows better.
        if (isNotFound(error)) return isKnownGone ? forget : Effect.void
        return Effect.andThen(forget, Effect.fail(error))
      }),
      Effect.onInterrupt(() => forget)
    )
  }
  return {
    released,
    release,
    observed: (pod, isGone) => {
      if (isGone || !isTracked(pod)) released.delete(uidOf(pod))
    }
  }
}
