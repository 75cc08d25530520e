/** Keeps as many pods of every ReplicaSet, or of what works like one, as it asks for. @module */
import { apiVersionOf, controllerOf, labelSelectorFrom, matchesLabels, type Resource } from "@tsukube/api"
import { type ReplicaSet, type ReplicaSetStatus, replicasets } from "@tsukube/api/apps-v1"
import { type Pod, pods } from "@tsukube/api/core-v1"
import type { LabelSelector } from "@tsukube/api/meta-v1"
import type { ClientError } from "@tsukube/client"
import { runController } from "@tsukube/reconciler"
import { Clock, Data, Effect } from "effect"
import { sameMeaning } from "../canonical.ts"
import { allSynced, type Controller, type ControllerContext, listen, withKind } from "../controller.ts"
import { type Expectations, makeExpectations } from "../expectations.ts"
import { isNamespaceTerminating, isNotFound, unlessGone } from "../failure.ts"
import { isDeleting, nameOf, namespaceOf, queueKeyOf, uidOf } from "../object.ts"
import { claimOwned, ownerIndexes } from "../owned.ts"
import { isActive } from "../pod-state.ts"
import { change, type Failure, podOf, type Replicated, statusOf, untilNextAvailable } from "./plan.ts"

type Report = (type: "Normal" | "Warning", reason: string, message: string) => void

/** A pod could not be made or ended; the pass is tried again. */
class ReplicasFailed extends Data.Error<{ readonly message: string }> {
  readonly _tag = "ReplicasFailed"
}

interface Hands {
  readonly client: ControllerContext["client"]
  readonly expectations: Expectations
  readonly key: string
  readonly report: Report
}

const createOne = ({ client, expectations, key, report }: Hands, pod: Pod): Effect.Effect<Failure | undefined> =>
  Effect.gen(function* () {
    expectations.willCreate(key)
    const created = yield* Effect.result(client.create(pods, pod)).pipe(
      Effect.onInterrupt(() => Effect.sync(() => expectations.created(key, undefined, 0)))
    )
    const nowMs = yield* Clock.currentTimeMillis
    if (created._tag === "Success") {
      expectations.created(key, uidOf(created.success), nowMs)
      report("Normal", "SuccessfulCreate", `Created pod: ${nameOf(created.success)}`)
      return undefined
    }
    expectations.created(key, undefined, nowMs)
    if (isNamespaceTerminating(created.failure)) return undefined
    report("Warning", "FailedCreate", `Error creating: ${created.failure.message}`)
    return { reason: "FailedCreate", message: created.failure.message }
  })

/** Makes pods in batches of 1, 2, 4 …: a template that is refused costs one request, not hundreds. */
const createPods = (hands: Hands, pod: Pod, count: number): Effect.Effect<Failure | undefined> =>
  Effect.gen(function* () {
    for (let left = count, batch = 1; left > 0; left -= batch, batch *= 2) {
      const results = yield* Effect.forEach(Array.from({ length: Math.min(batch, left) }), () => createOne(hands, pod), {
        concurrency: "unbounded"
      })
      const failure = results.find((result) => result !== undefined)
      if (failure !== undefined) return failure
    }
    return undefined
  })

const deleteOne = ({ client, expectations, key, report }: Hands, pod: Pod): Effect.Effect<Failure | undefined> =>
  Effect.gen(function* () {
    const nowMs = yield* Clock.currentTimeMillis
    const uid = uidOf(pod)
    expectations.willDelete(key, uid, nowMs)
    const where = { namespace: namespaceOf(pod), name: nameOf(pod) }
    const failed = yield* client.delete(pods, where, { preconditions: { uid } }).pipe(
      Effect.as<ClientError | undefined>(undefined),
      Effect.catch((error) => Effect.succeed<ClientError | undefined>(error)),
      Effect.onInterrupt(() => Effect.sync(() => expectations.gone(key, uid)))
    )
    if (failed === undefined) {
      report("Normal", "SuccessfulDelete", `Deleted pod: ${nameOf(pod)}`)
      return undefined
    }
    expectations.gone(key, uid)
    if (isNotFound(failed)) return undefined
    report("Warning", "FailedDelete", `Error deleting: ${failed.message}`)
    return { reason: "FailedDelete", message: failed.message }
  })

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
        const report: Report = (type, reason, message) => recorder.event(subject, type, reason, message)
        const hands: Hands = { client, expectations, key, report }
        if (create > 0) return yield* createPods(hands, podOf(set, resource), create)
        const results = yield* Effect.forEach(remove, (pod) => deleteOne(hands, pod), { concurrency: 32 })
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
        const ownerKey = (pod: Pod): string | undefined => {
          const owner = controllerOf(pod)
          if (owner?.kind !== resource.kind || owner.apiVersion !== apiVersionOf(resource)) return undefined
          const key = `${namespaceOf(pod)}/${owner.name}`
          const set = sets.get(key)
          return set === undefined || uidOf(set) === owner.uid ? key : undefined
        }
        const enqueueMatching = (pod: Pod): void => {
          for (const set of sets.list()) {
            if (namespaceOf(set) !== namespaceOf(pod) || set.spec === undefined) continue
            if (matchesLabels(labelSelectorFrom(selectorOf(set)), pod.metadata?.labels)) enqueue(queueKeyOf(set))
          }
        }
        return listen(
          () => sets.on(({ object }) => enqueue(queueKeyOf(object))),
          () =>
            podCache.on((event) => {
              const pod = event.object
              const key = ownerKey(pod)
              if (event.type === "Update") {
                const before = ownerKey(event.previous)
                if (before !== undefined && before !== key) enqueue(before)
              }
              if (key === undefined) {
                if (event.type !== "Delete" && controllerOf(pod) === undefined) enqueueMatching(pod)
                return
              }
              if (event.type === "Delete" || isDeleting(pod)) expectations.gone(key, uidOf(pod))
              else expectations.observed(key, uidOf(pod))
              enqueue(key)
            })
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
