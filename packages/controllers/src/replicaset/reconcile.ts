/** Keeps as many pods of every ReplicaSet, or of what works like one, as it asks for. @module */
import { controllerOf, type Resource } from "@tsukube/api"
import { type ReplicaSet, type ReplicaSetStatus, replicasets } from "@tsukube/api/apps-v1"
import { type Pod, pods } from "@tsukube/api/core-v1"
import type { LabelSelector } from "@tsukube/api/meta-v1"
import { runController } from "@tsukube/reconciler"
import { Clock, Data, Effect } from "effect"
import { sameMeaning } from "../canonical.ts"
import { allSynced, type Controller, type ControllerContext, listen, withKind } from "../controller.ts"
import { makeExpectations } from "../expectations.ts"
import { unlessGone } from "../failure.ts"
import { isDeleting, namespaceOf, queueKeyOf, uidOf } from "../object.ts"
import { claimOwned, ownerIndexes } from "../owned.ts"
import { isActive } from "../pod-state.ts"
import { ownerTrigger } from "../pod-trigger.ts"
import { createPods, deletePod, type PodHands } from "../pod-writes.ts"
import { change, podOf, type Replicated, statusOf, untilNextAvailable } from "./plan.ts"

/** A pod could not be made or ended; the pass is tried again. */
class ReplicasFailed extends Data.Error<{ readonly message: string }> {
  readonly _tag = "ReplicasFailed"
}

/** A kind whose objects ask for a number of equal pods. */
export interface ReplicaKind<T extends Replicated> {
  readonly resource: Resource<T>
  /** As upstream's `--controllers` flag names its controller. */
  readonly name: string
  /** Who speaks in its events. */
  readonly component: string
  readonly selectorOf: (set: T) => LabelSelector | undefined
  /** The part of the status that this kind has. */
  readonly statusFor: (status: ReplicaSetStatus) => ReplicaSetStatus
}

const run = <T extends Replicated>(kind: ReplicaKind<T>, context: ControllerContext) =>
  Effect.gen(function* () {
    const { client, informers } = context
    const { resource, selectorOf } = kind
    const sets = informers.of(resource, { indexes: ownerIndexes })
    const podCache = informers.of(pods, { indexes: ownerIndexes })
    const recorder = yield* context.recorder(kind.component)
    const expectations = makeExpectations()

    /** Active pods of all replica sets with the same owner. */
    const relatedPods = (set: T): ReadonlyArray<Pod> => {
      const owner = controllerOf(set)
      const siblings = owner === undefined ? [set] : sets.byIndex("owner", owner.uid)
      return siblings.flatMap((sibling) => podCache.byIndex("owner", uidOf(sibling))).filter(isActive)
    }

    const adjust = (set: T, owned: ReadonlyArray<Pod>, key: string) =>
      Effect.gen(function* () {
        const nowMs = yield* Clock.currentTimeMillis
        const { create, remove } = change(set, owned, relatedPods(set), nowMs)
        const subject = withKind(set, resource)
        const hands: PodHands = { client, expectations, key, report: (...said) => recorder.event(subject, ...said) }
        const pod = podOf(set, resource)
        if (create > 0) return yield* createPods(hands, Array<Pod>(create).fill(pod))
        const results = yield* Effect.forEach(remove, (pod) => deletePod(hands, pod), { concurrency: 32 })
        return results.find((result) => result !== undefined)
      })

    const reconcile = (key: string) =>
      Effect.gen(function* () {
        const set = sets.get(key)
        if (set === undefined) {
          expectations.forget(key)
          return undefined
        }
        // Asked before the cache is read: what arrives in between only makes the answer too careful.
        const mayWrite = expectations.settled(key, yield* Clock.currentTimeMillis)
        const candidates = [...podCache.byIndex("owner", uidOf(set)), ...podCache.byIndex("orphans", namespaceOf(set))]
        const owned = yield* claimOwned(client, set, resource, selectorOf(set), candidates, pods)
        const failure = mayWrite && !isDeleting(set) ? yield* adjust(set, owned, key) : undefined
        const nowMs = yield* Clock.currentTimeMillis
        const status = kind.statusFor(statusOf(set, owned, failure, nowMs))
        if (!sameMeaning({ replicas: 0, ...set.status }, status))
          yield* unlessGone(client.updateStatus(resource, { ...set, status }))
        if (failure !== undefined) return yield* new ReplicasFailed({ message: failure.message })
        const afterMs = untilNextAvailable(set, owned, nowMs)
        return afterMs === undefined ? undefined : { afterMs }
      })

    yield* runController({
      name: kind.name,
      concurrency: 5,
      ready: allSynced(sets, podCache),
      reconcile,
      triggers: (enqueue) => {
        return listen(
          () => sets.on(({ object }) => enqueue(queueKeyOf(object))),
          () => podCache.on(ownerTrigger({ cache: sets, resource, selectorOf, expectations, enqueue }))
        )
      }
    })
  })

/** The controller of such a kind. */
export const replicaController = <T extends Replicated>(kind: ReplicaKind<T>): Controller => ({
  name: kind.name,
  run: (context) => run(kind, context)
})

/** Upstream's replicaset-controller. */
export const replicaSetController: Controller = replicaController<ReplicaSet>({
  resource: replicasets,
  name: "replicaset-controller",
  component: "replicaset-controller",
  selectorOf: ({ spec }) => spec?.selector,
  statusFor: (status) => status
})
