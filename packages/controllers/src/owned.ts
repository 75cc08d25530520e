/** Looking up objects by the controller that owns them, and settling who owns them. @module */
import { type KubernetesObject, ownerReference, type Resource } from "@tsukube/api"
import type { LabelSelector } from "@tsukube/api/meta-v1"
import type { Client, ClientError } from "@tsukube/client"
import { Effect } from "effect"
import { claim } from "./claim.ts"
import { unlessGone } from "./failure.ts"
import { isDeleting, nameOf, namespaceOf, uidOf } from "./object.ts"

/** The name of the indexes below; every caller gives the same functions, so that the caches share them. */
export const ownerIndexes: Readonly<Record<"owner" | "orphans", (object: KubernetesObject) => ReadonlyArray<string>>> = {
  /** By the uid of the controlling owner. */
  owner: (object) =>
    (object.metadata?.ownerReferences ?? []).flatMap(({ controller, uid }) => (controller === true ? [uid] : [])),
  /** Objects that nobody controls, by namespace. */
  orphans: (object) =>
    (object.metadata?.ownerReferences ?? []).some(({ controller }) => controller === true) ? [] : [namespaceOf(object)]
}

const keyOf = (object: KubernetesObject) => ({ namespace: namespaceOf(object), name: nameOf(object) })

/**
 * The objects that belong to `owner`: adopts orphans that match its selector and lets go what no longer matches. Adoption
 * asks the API server first whether the owner is really still there, because the cache may be late. An owner that keeps its
 * objects by a finalizer names it: it comes and goes with the reference.
 */
export const claimOwned = <O extends KubernetesObject, T extends KubernetesObject>(
  client: Client,
  owner: O,
  ownerResource: Resource<O>,
  selector: LabelSelector | undefined,
  candidates: ReadonlyArray<T>,
  resource: Resource<T>,
  finalizer?: string
): Effect.Effect<ReadonlyArray<T>, ClientError> =>
  Effect.gen(function* () {
    const { owned, adopt, release } = claim<T>(owner, selector, candidates)
    const given = finalizer === undefined ? {} : { finalizers: [finalizer] }
    const taken = finalizer === undefined ? {} : { "$deleteFromPrimitiveList/finalizers": [finalizer] }
    for (const object of release) {
      const metadata = { uid: uidOf(object), ownerReferences: [{ $patch: "delete", uid: uidOf(owner) }], ...taken }
      yield* unlessGone(client.patch(resource, keyOf(object), { type: "strategic", body: { metadata } }))
    }
    if (adopt.length === 0) return owned
    const live = yield* unlessGone(client.get(ownerResource, keyOf(owner)))
    if (live === undefined || uidOf(live) !== uidOf(owner) || isDeleting(live)) return owned
    const adopted: Array<T> = []
    for (const object of adopt) {
      const metadata = { uid: uidOf(object), ownerReferences: [ownerReference(owner, ownerResource)], ...given }
      const now = yield* unlessGone(client.patch(resource, keyOf(object), { type: "strategic", body: { metadata } }))
      if (now !== undefined) adopted.push(now)
    }
    return [...owned, ...adopted]
  })
