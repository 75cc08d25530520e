/** How many pods the owner of a pod asks for. @module */
import { apiVersionOf, controllerOf, findByKind } from "@tsukube/api"
import { deployments, replicasets } from "@tsukube/api/apps-v1"
import type { Scale } from "@tsukube/api/autoscaling-v1"
import type { Pod } from "@tsukube/api/core-v1"
import type { OwnerReference } from "@tsukube/api/meta-v1"
import type { Client, ClientError, Informers } from "@tsukube/client"
import { Data, Effect } from "effect"
import { unlessGone } from "../failure.ts"
import { nameOf, namespaceOf, uidOf } from "../object.ts"

/** The owner of a pod cannot be asked for its scale. */
export class NoScale extends Data.Error<{ readonly message: string }> {
  readonly _tag = "NoScale"
}

/** The owners' scales together, and the pods that nobody owns. */
export interface ExpectedScale {
  readonly total: number
  readonly unmanaged: ReadonlyArray<Pod>
}

interface OwnerScale {
  readonly uid: string
  readonly replicas: number
}

/** How many pods there should be, as their owners say. */
export interface Scales {
  /** Fails with `NoScale` when the owner of one of the pods has no scale. */
  readonly expected: (pods: ReadonlyArray<Pod>) => Effect.Effect<ExpectedScale, ClientError | NoScale>
  readonly synced: Effect.Effect<void>
}

/** Finds the scale that the owners of pods ask for: from the caches where those know it, else from the scale subresource. */
export const makeScales = (client: Client, informers: Informers): Scales => {
  const sets = informers.of(replicasets)
  const deploymentCache = informers.of(deployments)

  const fromCaches = (namespace: string, owner: OwnerReference): OwnerScale | undefined => {
    if (owner.apiVersion !== apiVersionOf(replicasets) || owner.kind !== replicasets.kind) return undefined
    const set = sets.get(`${namespace}/${owner.name}`)
    if (set === undefined || uidOf(set) !== owner.uid) return undefined
    const above = controllerOf(set)
    if (above?.kind !== deployments.kind) return { uid: uidOf(set), replicas: set.spec?.replicas ?? 1 }
    // During a rollout two replica sets have pods of one Deployment: its own number counts, once.
    const deployment = deploymentCache.get(`${namespace}/${above.name}`)
    if (deployment === undefined || uidOf(deployment) !== above.uid) return undefined
    return { uid: uidOf(deployment), replicas: deployment.spec?.replicas ?? 1 }
  }

  const fromServer = (namespace: string, owner: OwnerReference): Effect.Effect<OwnerScale | undefined, ClientError | NoScale> =>
    Effect.gen(function* () {
      const resource = findByKind(owner.apiVersion, owner.kind)
      if (resource === undefined) {
        const message = `no matches for kind ${JSON.stringify(owner.kind)} in version ${JSON.stringify(owner.apiVersion)}`
        return yield* new NoScale({ message })
      }
      if (!resource.subresources.some(({ name }) => name === "scale")) {
        const name = resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`
        return yield* new NoScale({ message: `${name} does not implement the scale subresource` })
      }
      const key = { namespace, name: owner.name }
      const scale = yield* unlessGone(client.getSubresource<Scale>(resource, key, "scale"))
      return scale === undefined || uidOf(scale) !== owner.uid
        ? undefined
        : { uid: owner.uid, replicas: scale.spec?.replicas ?? 0 }
    })

  const expected = (pods: ReadonlyArray<Pod>): Effect.Effect<ExpectedScale, ClientError | NoScale> =>
    Effect.gen(function* () {
      const scales = new Map<string, number>()
      const asked = new Set<string>()
      const unmanaged: Array<Pod> = []
      for (const pod of pods) {
        const owner = controllerOf(pod)
        if (owner === undefined) {
          unmanaged.push(pod)
          continue
        }
        if (asked.has(owner.uid)) continue
        asked.add(owner.uid)
        const namespace = namespaceOf(pod)
        const found = fromCaches(namespace, owner) ?? (yield* fromServer(namespace, owner))
        if (found === undefined) {
          return yield* new NoScale({ message: `found no controllers for pod ${JSON.stringify(nameOf(pod))}` })
        }
        scales.set(found.uid, found.replicas)
      }
      return { total: [...scales.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged }
    })

  return { expected, synced: Effect.andThen(sets.synced, deploymentCache.synced) }
}
