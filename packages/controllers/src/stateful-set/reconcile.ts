/** Keeps the numbered pods of every StatefulSet, with claims of their own, and updates them from the last to the first. @module */
import { controllerOf, labelSelectorFrom, matchesLabels } from "@tsukube/api"
import { type ControllerRevision, controllerrevisions, type StatefulSet, statefulsets } from "@tsukube/api/apps-v1"
import { type PersistentVolumeClaim, type Pod, persistentvolumeclaims, pods } from "@tsukube/api/core-v1"
import { runController } from "@tsukube/reconciler"
import { Clock, Data, Effect } from "effect"
import { sameMeaning } from "../canonical.ts"
import { allSynced, type Controller, type ControllerContext, listen, withKind } from "../controller.ts"
import { expendable, templateOf } from "../controller-revision/plan.ts"
import { dropRevisions, type History, keepHistory } from "../controller-revision/reconcile.ts"
import { makeExpectations } from "../expectations.ts"
import { FailedPods } from "../failed-pods.ts"
import { unlessGone } from "../failure.ts"
import { isDeleting, nameOf, namespaceOf, queueKeyOf, uidOf } from "../object.ts"
import { ownWrites } from "../own-writes.ts"
import { claimOwned, ownerIndexes } from "../owned.ts"
import { ownerTrigger } from "../pod-trigger.ts"
import { ordinalOf, type Revised, revisionOf } from "./identity.ts"
import { type Plan, plan, type Step } from "./plan.ts"
import type { Situation } from "./situation.ts"
import { statusOf, untilNextAvailable } from "./status.ts"
import { type StatefulHands, takeSteps, wordsFor } from "./writes.ts"

const versioned = { resource: statefulsets, hashLabel: "controller.kubernetes.io/hash" }

/** A pod or claim could not be made or ended; the pass is tried again. */
class PodsFailed extends Data.Error<{ readonly message: string }> {
  readonly _tag = "PodsFailed"
}

const revised = (revision: ControllerRevision): Revised => ({ name: nameOf(revision), template: templateOf(revision) })

/** The revision that pods were of before the last change; the newest for a new set. */
const currentOf = ({ status }: StatefulSet, { newest, revisions }: History): ControllerRevision =>
  revisions.find((revision) => nameOf(revision) === status?.currentRevision) ?? newest

/** Revisions that nothing is of, beyond the limit. */
const oldRevisions = ({ set, current, update, pods: owned }: Situation, { revisions }: History) => {
  const live = new Set([current.name, update.name, ...owned.map(revisionOf)])
  const isLive = (revision: ControllerRevision): boolean => live.has(nameOf(revision))
  const surplus = revisions.filter((revision) => !isLive(revision)).length - (set.spec?.revisionHistoryLimit ?? 10)
  return expendable(revisions, surplus, isLive)
}

/** The plan without the replacement of pods that failed again too soon; a node that refuses them all is not asked without end. */
const withPatience = (failedPods: FailedPods, next: Plan, nowMs: number): { readonly next: Plan; readonly waitMs?: number } => {
  let waitMs: number | undefined
  const mayGo = ({ type, pod }: Step): boolean => {
    if (type !== "delete" || pod.status?.phase !== "Failed") return true
    const leftMs = failedPods.replace(queueKeyOf(pod), nowMs)
    if (leftMs > 0) waitMs = Math.min(waitMs ?? leftMs, leftMs)
    return leftMs === 0
  }
  const phases = next.phases.map((steps) => steps.filter(mayGo))
  return { next: { ...next, phases }, ...(waitMs === undefined ? {} : { waitMs }) }
}

const run = (context: ControllerContext) =>
  Effect.gen(function* () {
    const { client, informers } = context
    const sets = informers.of(statefulsets)
    const podCache = informers.of(pods, { indexes: ownerIndexes })
    const claims = informers.of(persistentvolumeclaims)
    const revisionCache = informers.of(controllerrevisions, { indexes: ownerIndexes })
    const recorder = yield* context.recorder("statefulset-controller")
    const expectations = makeExpectations()
    // Which revision is the current one is known from the status alone.
    const known = ownWrites(sets)
    const failedPods = new FailedPods()

    const handsFor = (set: StatefulSet, key: string): StatefulHands => {
      const subject = withKind(set, statefulsets)
      const report: StatefulHands["report"] = (type, reason, message) => recorder.event(subject, type, reason, message)
      return { client, expectations, key, report, words: wordsFor(set), set, claims }
    }

    const writeStatus = (situation: Situation, updating: ReadonlyArray<Pod>, collisionCount: number) =>
      Effect.gen(function* () {
        const { set } = situation
        const status = statusOf(situation, updating, collisionCount)
        if (sameMeaning(set.status ?? {}, status)) return
        const written = yield* unlessGone(client.updateStatus(statefulsets, { ...set, status }))
        if (written !== undefined) known.wrote(written)
      })

    /** A set that is being deleted is left to the garbage collector; a new revision would only stand in its way. */
    const countOnly = (set: StatefulSet) =>
      Effect.gen(function* () {
        const { currentRevision, updateRevision, collisionCount = 0 } = set.status ?? {}
        if (currentRevision === undefined || updateRevision === undefined) return undefined
        const situation: Situation = {
          set,
          current: { name: currentRevision, template: {} },
          update: { name: updateRevision, template: {} },
          pods: podCache.byIndex("owner", uidOf(set)),
          claim: () => undefined,
          nowMs: yield* Clock.currentTimeMillis
        }
        yield* writeStatus(situation, [], collisionCount)
        return undefined
      })

    const reconcile = (key: string) =>
      Effect.gen(function* () {
        const set = known.get(key)
        if (set === undefined) {
          expectations.forget(key)
          return undefined
        }
        // What the cache does not show yet will wake the set again.
        if (!expectations.settled(key, yield* Clock.currentTimeMillis)) return undefined
        if (isDeleting(set)) return yield* countOnly(set)
        const history = yield* keepHistory(client, set, versioned, revisionCache)
        const isMember = (pod: Pod): boolean => ordinalOf(set, pod) !== undefined
        const orphans = podCache.byIndex("orphans", namespaceOf(set)).filter(isMember)
        const candidates = [...podCache.byIndex("owner", uidOf(set)), ...orphans]
        const situation: Situation = {
          set,
          current: revised(currentOf(set, history)),
          update: revised(history.newest),
          pods: yield* claimOwned(client, set, statefulsets, set.spec?.selector, candidates, pods),
          claim: (name) => claims.get(`${namespaceOf(set)}/${name}`),
          nowMs: yield* Clock.currentTimeMillis
        }
        const { next, waitMs } = withPatience(failedPods, plan(situation), situation.nowMs)
        const failure = yield* takeSteps(handsFor(set, key), next)
        yield* writeStatus(situation, next.updating, history.collisionCount)
        yield* dropRevisions(client, oldRevisions(situation, history))
        if (failure !== undefined) return yield* new PodsFailed({ message: failure.message })
        const waits = [waitMs, untilNextAvailable(situation)].filter((wait) => wait !== undefined)
        return waits.length === 0 ? undefined : { afterMs: Math.min(...waits) }
      })

    yield* runController({
      name: "statefulset-controller",
      concurrency: 5,
      ready: allSynced(sets, podCache, claims, revisionCache),
      reconcile,
      triggers: (enqueue) => {
        const selectorOf = ({ spec }: StatefulSet) => spec?.selector
        const enqueueWhere = (namespace: string, isMeant: (set: StatefulSet) => boolean): void => {
          for (const set of sets.list()) if (namespaceOf(set) === namespace && isMeant(set)) enqueue(queueKeyOf(set))
        }
        const enqueueOfRevision = (revision: ControllerRevision): void => {
          const owner = controllerOf(revision)
          if (owner?.kind === "StatefulSet") enqueue(`${namespaceOf(revision)}/${owner.name}`)
          if (owner !== undefined) return
          enqueueWhere(namespaceOf(revision), (set) =>
            matchesLabels(labelSelectorFrom(selectorOf(set)), revision.metadata?.labels)
          )
        }
        const enqueueOfClaim = (claim: PersistentVolumeClaim): void =>
          enqueueWhere(namespaceOf(claim), (set) =>
            (set.spec?.volumeClaimTemplates ?? []).some((one) => nameOf(claim).startsWith(`${nameOf(one)}-${nameOf(set)}-`))
          )
        return listen(
          () => sets.on(({ object }) => enqueue(queueKeyOf(object))),
          () => podCache.on(ownerTrigger({ cache: sets, resource: statefulsets, selectorOf, expectations, enqueue })),
          () => revisionCache.on(({ object }) => enqueueOfRevision(object)),
          () => claims.on(({ type, object }) => (type === "Add" ? undefined : enqueueOfClaim(object)))
        )
      }
    })
  })

/** Upstream's statefulset-controller. */
export const statefulSetController: Controller = { name: "statefulset-controller", run }
