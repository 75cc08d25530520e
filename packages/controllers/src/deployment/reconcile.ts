/** Rolls every Deployment out by creating, resizing and deleting its replica sets. @module */
import { controllerOf, labelSelectorFrom, matchesLabels } from "@tsukube/api"
import { type Deployment, deployments, type ReplicaSet, replicasets } from "@tsukube/api/apps-v1"
import { pods } from "@tsukube/api/core-v1"
import type { ClientError } from "@tsukube/client"
import { runController } from "@tsukube/reconciler"
import { Clock, Effect } from "effect"
import { sameMeaning } from "../canonical.ts"
import { allSynced, type Controller, type ControllerContext, listen, withKind } from "../controller.ts"
import { isAlreadyExists, isNamespaceTerminating, unlessGone } from "../failure.ts"
import { annotationOf, isDeleting, nameOf, namespaceOf, queueKeyOf, uidOf } from "../object.ts"
import { claimOwned, ownerIndexes } from "../owned.ts"
import { revisionAnnotation } from "./annotations.ts"
import { type Action, type Plan, plan } from "./plan.ts"
import { progressDeadline, setCondition } from "./status.ts"
import { sameTemplate } from "./template-hash.ts"

const where = (object: Deployment | ReplicaSet) => ({ namespace: namespaceOf(object), name: nameOf(object) })

const selectsEverything = (deployment: Deployment): boolean => {
  const { matchLabels = {}, matchExpressions = [] } = deployment.spec?.selector ?? {}
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0
}

const run = (context: ControllerContext) =>
  Effect.gen(function* () {
    const { client, informers } = context
    const cache = informers.of(deployments)
    const sets = informers.of(replicasets, { indexes: ownerIndexes })
    const podCache = informers.of(pods, { indexes: ownerIndexes })
    const recorder = yield* context.recorder("deployment-controller")

    /** The status goes through the status subresource; its revision annotation too, because a plain write would count as a new generation. */
    const writeStatus = (deployment: Deployment, { revision, status }: Pick<Plan, "revision" | "status">) =>
      Effect.gen(function* () {
        if (revision === undefined && sameMeaning(deployment.status ?? {}, status)) return
        const annotations = {
          ...deployment.metadata?.annotations,
          ...(revision === undefined ? {} : { [revisionAnnotation]: revision })
        }
        const next: Deployment = { ...deployment, metadata: { ...deployment.metadata, annotations }, status }
        const written = yield* unlessGone(client.updateStatus(deployments, next))
        if (written === undefined || revision === undefined || annotationOf(written, revisionAnnotation) === revision) return
        // Not every API server keeps metadata of a status write.
        yield* unlessGone(client.update(deployments, { ...written, metadata: { ...written.metadata, annotations } }))
      })

    const failCreate = (deployment: Deployment, replicaSet: ReplicaSet, error: ClientError) =>
      Effect.gen(function* () {
        if (isNamespaceTerminating(error)) return
        const message = `Failed to create new replica set ${JSON.stringify(nameOf(replicaSet))}: ${error.message}`
        recorder.event(withKind(deployment, deployments), "Warning", "ReplicaSetCreateError", message)
        const conditions = deployment.status?.conditions ?? []
        const progress = { type: "Progressing", status: "False" as const, reason: "ReplicaSetCreateError", message }
        const nowMs = yield* Clock.currentTimeMillis
        const next = progressDeadline(deployment) === undefined ? conditions : setCondition(conditions, progress, nowMs)
        yield* writeStatus(deployment, { revision: undefined, status: { ...deployment.status, conditions: next } })
        return yield* error
      })

    /** The name is taken: by our own replica set, which the cache does not show yet, or by a stranger with the same hash. */
    const resolveCollision = (deployment: Deployment, replicaSet: ReplicaSet) =>
      Effect.gen(function* () {
        const found = yield* unlessGone(client.get(replicasets, where(replicaSet)))
        const ours = found !== undefined && controllerOf(found)?.uid === uidOf(deployment)
        if (ours && sameTemplate(found.spec?.template, deployment.spec?.template)) return false
        if (found === undefined) return true
        const collisionCount = (deployment.status?.collisionCount ?? 0) + 1
        yield* writeStatus(deployment, { revision: undefined, status: { ...deployment.status, collisionCount } })
        return true
      })

    /** True when the plan no longer fits the world and has to be made anew. */
    const act = (deployment: Deployment, { type, replicaSet, message }: Action) =>
      Effect.gen(function* () {
        if (type === "delete") {
          const preconditions = { uid: uidOf(replicaSet) }
          yield* unlessGone(client.delete(replicasets, where(replicaSet), { preconditions, propagationPolicy: "Background" }))
          return false
        }
        if (type === "update") yield* client.update(replicasets, replicaSet)
        else {
          const created = yield* Effect.result(client.create(replicasets, replicaSet))
          if (created._tag === "Failure") {
            if (isAlreadyExists(created.failure)) return yield* resolveCollision(deployment, replicaSet)
            yield* failCreate(deployment, replicaSet, created.failure)
            return true
          }
        }
        if (message !== undefined) recorder.event(withKind(deployment, deployments), "Normal", "ScalingReplicaSet", message)
        return false
      })

    const reconcile = (key: string) =>
      Effect.gen(function* () {
        const deployment = cache.get(key)
        if (deployment === undefined) return undefined
        if (selectsEverything(deployment)) {
          const message = "This deployment is selecting all pods. A non-empty selector is required."
          recorder.event(withKind(deployment, deployments), "Warning", "SelectingAll", message)
          const observedGeneration = deployment.metadata?.generation ?? 0
          yield* writeStatus(deployment, { revision: undefined, status: { ...deployment.status, observedGeneration } })
          return undefined
        }
        const candidates = [...sets.byIndex("owner", uidOf(deployment)), ...sets.byIndex("orphans", namespaceOf(deployment))]
        const owned = yield* claimOwned(client, deployment, deployments, deployment.spec?.selector, candidates, replicasets)
        const theirPods = owned.flatMap((each) => podCache.byIndex("owner", uidOf(each)))
        const nowMs = yield* Clock.currentTimeMillis
        const next = plan({ deployment, replicaSets: owned, pods: theirPods, nowMs })
        for (const action of next.actions) if (yield* act(deployment, action)) return { afterMs: 1 }
        yield* writeStatus(deployment, next)
        return next.afterMs === undefined ? undefined : { afterMs: next.afterMs }
      })

    yield* runController({
      name: "deployment-controller",
      concurrency: 5,
      ready: allSynced(cache, sets, podCache),
      reconcile,
      triggers: (enqueue) => {
        const enqueueOwner = (set: ReplicaSet): boolean => {
          const owner = controllerOf(set)
          if (owner?.kind === "Deployment") enqueue(`${namespaceOf(set)}/${owner.name}`)
          return owner !== undefined
        }
        const enqueueMatching = (set: ReplicaSet): void => {
          for (const deployment of cache.list()) {
            if (namespaceOf(deployment) !== namespaceOf(set) || isDeleting(set)) continue
            if (matchesLabels(labelSelectorFrom(deployment.spec?.selector), set.metadata?.labels)) enqueue(queueKeyOf(deployment))
          }
        }
        return listen(
          () => cache.on(({ object }) => enqueue(queueKeyOf(object))),
          () =>
            sets.on((event) => {
              if (event.type === "Update") enqueueOwner(event.previous)
              if (!enqueueOwner(event.object) && event.type !== "Delete") enqueueMatching(event.object)
            }),
          () =>
            podCache.on((event) => {
              // Recreate waits for the last old pod to go; everything else is told by the replica sets' status.
              if (event.type === "Add") return
              const owner = controllerOf(event.object)
              if (owner?.kind !== "ReplicaSet") return
              const set = sets.get(`${namespaceOf(event.object)}/${owner.name}`)
              const deployment = set === undefined ? undefined : controllerOf(set)
              if (deployment === undefined) return
              const key = `${namespaceOf(event.object)}/${deployment.name}`
              if (cache.get(key)?.spec?.strategy?.type === "Recreate") enqueue(key)
            })
        )
      }
    })
  })

/** Upstream's deployment-controller. */
export const deploymentController: Controller = { name: "deployment-controller", run }
