/** Keeps a pod of every DaemonSet on every node that it belongs on, and rolls its changes out. @module */
import { controllerOf, labelSelectorFrom, matchesLabels } from "@tsukube/api"
import { type ControllerRevision, controllerrevisions, type DaemonSet, daemonsets } from "@tsukube/api/apps-v1"
import { type Node, nodes, type Pod, pods } from "@tsukube/api/core-v1"
import { runController } from "@tsukube/reconciler"
import { Clock, Data, Effect } from "effect"
import { sameMeaning } from "../canonical.ts"
import { allSynced, type Controller, type ControllerContext, listen, withKind } from "../controller.ts"
import { dataOf, expendable, revisionLabel } from "../controller-revision/plan.ts"
import { dropRevisions, type History, keepHistory } from "../controller-revision/reconcile.ts"
import { makeExpectations } from "../expectations.ts"
import { FailedPods } from "../failed-pods.ts"
import { unlessGone } from "../failure.ts"
import { isDeleting, nameOf, namespaceOf, queueKeyOf, uidOf } from "../object.ts"
import { claimOwned, ownerIndexes } from "../owned.ts"
import { ownerTrigger } from "../pod-trigger.ts"
import { createPods, deletePod, type Failure, type PodHands } from "../pod-writes.ts"
import { eligibility } from "./eligibility.ts"
import { type Plan, plan } from "./plan.ts"
import { podOf } from "./pod.ts"
import { nextStep, type Step } from "./rollout.ts"
import { byNode, type Situation } from "./situation.ts"
import { statusOf, untilNextAvailable } from "./status.ts"

/** The most pods one pass makes or ends. */
const burst = 250

const versioned = { resource: daemonsets, hashLabel: revisionLabel }

/** A pod could not be made or ended; the pass is tried again. */
class DaemonsFailed extends Data.Error<{ readonly message: string }> {
  readonly _tag = "DaemonsFailed"
}

const selectsEverything = ({ spec }: DaemonSet): boolean =>
  Object.keys(spec?.selector.matchLabels ?? {}).length + (spec?.selector.matchExpressions ?? []).length === 0

const hashOf = ({ metadata }: ControllerRevision): string => metadata?.labels?.[revisionLabel] ?? metadata?.name ?? ""

/** The hashes that stand for the wanted template: adopted revisions may be equal to the newest. */
const currentHashes = (daemonSet: DaemonSet, { newest, revisions }: History): ReadonlySet<string> => {
  const data = daemonSet.spec === undefined ? undefined : dataOf(daemonSet.spec.template)
  return new Set([newest, ...revisions.filter((revision) => sameMeaning(revision.data, data))].map(hashOf))
}

/** Revisions that may go: older ones that no pod is of, beyond the limit. */
const oldRevisions = (daemonSet: DaemonSet, { newest, revisions }: History, owned: ReadonlyArray<Pod>) => {
  const old = revisions.filter((revision) => uidOf(revision) !== uidOf(newest))
  const used = new Set(owned.map(({ metadata }) => metadata?.labels?.[revisionLabel]))
  const surplus = old.length - (daemonSet.spec?.revisionHistoryLimit ?? 10)
  return expendable(old, surplus, (revision) => used.has(hashOf(revision)))
}

const run = (context: ControllerContext) =>
  Effect.gen(function* () {
    const { client, informers } = context
    const sets = informers.of(daemonsets)
    const podCache = informers.of(pods, { indexes: ownerIndexes })
    const revisionCache = informers.of(controllerrevisions, { indexes: ownerIndexes })
    const nodeCache = informers.of(nodes)
    const recorder = yield* context.recorder("daemonset-controller")
    const expectations = makeExpectations()
    const failedPods = new FailedPods()

    /** Ended pods that may go now, with an event for each; the others say how long they wait. */
    const replaceable = (daemonSet: DaemonSet, key: string, ended: Plan["ended"], nowMs: number) => {
      const remove: Array<Pod> = []
      let waitMs: number | undefined
      for (const { pod, node } of ended) {
        const isFailed = pod.status?.phase === "Failed"
        const leftMs = isFailed ? failedPods.replace(`${key}/${node}`, nowMs) : 0
        if (leftMs > 0) {
          waitMs = Math.min(waitMs ?? leftMs, leftMs)
          continue
        }
        const [type, reason, word, end] = isFailed
          ? (["Warning", "FailedDaemonPod", "failed", "kill"] as const)
          : (["Normal", "SucceededDaemonPod", "succeeded", "delete"] as const)
        const message = `Found ${word} daemon pod ${queueKeyOf(pod)} on node ${node}, will try to ${end} it`
        recorder.event(withKind(daemonSet, daemonsets), type, reason, message)
        remove.push(pod)
      }
      return { remove, waitMs }
    }

    const write = (hands: PodHands, { daemonSet }: Situation, hash: string, step: Step) =>
      Effect.gen(function* () {
        const wanted = step.create.slice(0, burst).map((node) => podOf(daemonSet, node, hash))
        const notMade = yield* createPods(hands, wanted)
        const results = yield* Effect.forEach(step.remove.slice(0, burst), (pod) => deletePod(hands, pod), { concurrency: 32 })
        return notMade ?? results.find((result) => result !== undefined)
      })

    /** Missing and surplus pods first; an update goes on when there is nothing of that. */
    const adjust = (situation: Situation, key: string, hash: string) =>
      Effect.gen(function* () {
        const subject = withKind(situation.daemonSet, daemonsets)
        const report: PodHands["report"] = (type, reason, message) => recorder.event(subject, type, reason, message)
        const hands: PodHands = { client, expectations, key, report }
        const { create, remove, ended } = plan(situation)
        const { remove: replaced, waitMs } = replaceable(situation.daemonSet, key, ended, situation.nowMs)
        const failure: Failure | undefined = yield* write(hands, situation, hash, { create, remove: [...remove, ...replaced] })
        if (failure !== undefined || !expectations.settled(key, situation.nowMs)) return { failure, waitMs }
        return { failure: yield* write(hands, situation, hash, nextStep(situation)), waitMs }
      })

    const writeStatus = (situation: Situation, collisionCount: number, observed: boolean) =>
      Effect.gen(function* () {
        const { daemonSet } = situation
        const status = statusOf(situation, collisionCount, observed)
        if (sameMeaning(daemonSet.status ?? {}, status)) return
        yield* unlessGone(client.updateStatus(daemonsets, { ...daemonSet, status }))
      })

    const reconcile = (key: string) =>
      Effect.gen(function* () {
        const daemonSet = sets.get(key)
        if (daemonSet === undefined) {
          expectations.forget(key)
          return undefined
        }
        if (selectsEverything(daemonSet)) {
          const message = "This daemon set is selecting all pods. A non-empty selector is required."
          recorder.event(withKind(daemonSet, daemonsets), "Warning", "SelectingAll", message)
          return undefined
        }
        if (isDeleting(daemonSet)) return undefined
        const history = yield* keepHistory(client, daemonSet, versioned, revisionCache)
        // Asked before the cache is read: what arrives in between only makes the answer too careful.
        const mayWrite = expectations.settled(key, yield* Clock.currentTimeMillis)
        const candidates = [
          ...podCache.byIndex("owner", uidOf(daemonSet)),
          ...podCache.byIndex("orphans", namespaceOf(daemonSet))
        ]
        const owned = yield* claimOwned(client, daemonSet, daemonsets, daemonSet.spec?.selector, candidates, pods)
        const situation: Situation = {
          daemonSet,
          nodes: nodeCache.list().map(eligibility(daemonSet)),
          podsByNode: byNode(owned),
          hashes: currentHashes(daemonSet, history),
          nowMs: yield* Clock.currentTimeMillis
        }
        const done = mayWrite ? yield* adjust(situation, key, hashOf(history.newest)) : undefined
        if (mayWrite) yield* dropRevisions(client, oldRevisions(daemonSet, history, owned))
        yield* writeStatus(situation, history.collisionCount, mayWrite)
        if (done?.failure !== undefined) return yield* new DaemonsFailed({ message: done.failure.message })
        const waits = [done?.waitMs, untilNextAvailable(situation)].filter((wait) => wait !== undefined)
        return waits.length === 0 ? undefined : { afterMs: Math.min(...waits) }
      })

    yield* runController({
      name: "daemonset-controller",
      concurrency: 2,
      ready: allSynced(sets, podCache, revisionCache, nodeCache),
      reconcile,
      triggers: (enqueue) => {
        const selectorOf = ({ spec }: DaemonSet) => spec?.selector
        /** Those for whom the change of a node makes a difference. */
        const enqueueFor = (...versions: ReadonlyArray<Node>): void => {
          for (const daemonSet of sets.list()) {
            const [before, after = { shouldRun: false, mayStay: false }] = versions.map(eligibility(daemonSet))
            if (before?.shouldRun !== after.shouldRun || before.mayStay !== after.mayStay) enqueue(queueKeyOf(daemonSet))
          }
        }
        const enqueueOwner = (revision: ControllerRevision): void => {
          const owner = controllerOf(revision)
          if (owner?.kind === "DaemonSet") enqueue(`${namespaceOf(revision)}/${owner.name}`)
          if (owner !== undefined) return
          for (const daemonSet of sets.list()) {
            if (namespaceOf(daemonSet) !== namespaceOf(revision)) continue
            if (matchesLabels(labelSelectorFrom(selectorOf(daemonSet)), revision.metadata?.labels)) enqueue(queueKeyOf(daemonSet))
          }
        }
        return listen(
          () => sets.on(({ object }) => enqueue(queueKeyOf(object))),
          () => podCache.on(ownerTrigger({ cache: sets, resource: daemonsets, selectorOf, expectations, enqueue })),
          () => revisionCache.on(({ object }) => enqueueOwner(object)),
          () =>
            nodeCache.on((event) => {
              if (event.type !== "Update") enqueueFor(event.object)
              // Most changes of a node are heartbeats.
              else if (!sameMeaning(judgedPart(event.previous), judgedPart(event.object)))
                enqueueFor(event.previous, event.object)
            })
        )
      }
    })
  })

const judgedPart = (node: Node) => ({ name: nameOf(node), labels: node.metadata?.labels, taints: node.spec?.taints })

/** Upstream's daemonset-controller. */
export const daemonSetController: Controller = { name: "daemonset-controller", run }
