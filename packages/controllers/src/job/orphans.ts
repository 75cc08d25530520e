/** Lets pods go whose Job no longer counts them: it is gone, has ended, or is not their owner any more. @module */
import { apiVersionOf, controllerOf } from "@tsukube/api"
import { type Job, jobs } from "@tsukube/api/batch-v1"
import { type Pod, pods } from "@tsukube/api/core-v1"
import type { Client, Informer } from "@tsukube/client"
import { runController } from "@tsukube/reconciler"
import { Effect, type Scope } from "effect"
import { allSynced, listen } from "../controller.ts"
import { unlessGone } from "../failure.ts"
import { namespaceOf, queueKeyOf, splitKey, uidOf } from "../object.ts"
import { finished } from "./ending.ts"
import { isTracked, trackingFinalizer } from "./pod.ts"

/** What `managedBy` may say of a Job that is this controller's own. */
const ownName = "kubernetes.io/job-controller"

/** True for Jobs that another controller looks after. */
export const isManagedElsewhere = ({ spec }: Job): boolean => spec?.managedBy !== undefined && spec.managedBy !== ownName

/** True while the Job counts its pods, or another controller decides about them. */
const holds = (job: Job): boolean => isManagedElsewhere(job) || finished(job) === undefined

/** What the caches show; pods are indexed by `owner`. */
export interface Caches {
  readonly jobs: Informer<Job>
  readonly pods: Informer<Pod>
}

/** Runs beside the Job controller. */
export const runOrphans = (client: Client, caches: Caches): Effect.Effect<void, never, Scope.Scope> => {
  /** The Job that holds the pod. The API server is asked about one that the cache lacks: the cache may be late. */
  const holderOf = (pod: Pod) =>
    Effect.gen(function* () {
      const owner = controllerOf(pod)
      if (owner === undefined) return undefined
      const key = { namespace: namespaceOf(pod), name: owner.name }
      const cached = caches.jobs.get(`${key.namespace}/${key.name}`)
      const job = cached !== undefined && uidOf(cached) === owner.uid ? cached : yield* unlessGone(client.get(jobs, key))
      return job !== undefined && uidOf(job) === owner.uid && holds(job) ? job : undefined
    })

  const isOfJob = (pod: Pod): boolean => {
    const owner = controllerOf(pod)
    return owner === undefined || (owner.kind === jobs.kind && owner.apiVersion === apiVersionOf(jobs))
  }

  const reconcile = (key: string) =>
    Effect.gen(function* () {
      const pod = caches.pods.get(key)
      if (pod === undefined || !isTracked(pod) || !isOfJob(pod) || (yield* holderOf(pod)) !== undefined) return
      // With its version: a pod that is adopted at this moment keeps its finalizer, and is looked at again.
      const { resourceVersion } = pod.metadata ?? {}
      const body = { metadata: { resourceVersion, "$deleteFromPrimitiveList/finalizers": [trackingFinalizer] } }
      yield* unlessGone(client.patch(pods, splitKey(key), { type: "strategic", body }))
    })

  return runController({
    name: "job-controller orphans",
    ready: allSynced(caches.jobs, caches.pods),
    reconcile,
    triggers: (enqueue) => {
      const isHeld = (pod: Pod): boolean => {
        const owner = controllerOf(pod)
        const job = owner === undefined ? undefined : caches.jobs.get(`${namespaceOf(pod)}/${owner.name}`)
        return job !== undefined && uidOf(job) === owner?.uid && holds(job)
      }
      const look = (pod: Pod): void => {
        if (isTracked(pod) && isOfJob(pod) && !isHeld(pod)) enqueue(queueKeyOf(pod))
      }
      return listen(
        () => caches.pods.on(({ type, object }) => (type === "Delete" ? undefined : look(object))),
        () =>
          caches.jobs.on(({ type, object }) => {
            if (type === "Delete" || !holds(object)) for (const pod of caches.pods.byIndex("owner", uidOf(object))) look(pod)
          })
      )
    }
  })
}
