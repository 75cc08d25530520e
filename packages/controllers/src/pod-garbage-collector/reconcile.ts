/** Deletes pods that were left behind: by vanished nodes, before they were placed, or after they ended. @module */
import { nodes, type Pod, pods } from "@tsukube/api/core-v1"
import { runController } from "@tsukube/reconciler"
import { Clock, Effect } from "effect"
import { allSynced, type Controller, type ControllerContext, listen } from "../controller.ts"
import { unlessGone } from "../failure.ts"
import { podsByNode } from "../node-lifecycle/reconcile.ts"
import { formatTime, isDeleting, nameOf, namespaceOf, uidOf } from "../object.ts"
import { isTerminal } from "../pod-state.ts"
import { type Sweep, sweep } from "./plan.ts"

const periodMs = 20_000
/** A node must have been missing for so long before its pods go: it may be registering again. */
const quarantineMs = 40_000
const key = "pods"

const run = ({ client, informers, options }: ControllerContext) =>
  Effect.suspend(() => {
    const { terminatedPodThreshold = 12_500 } = options
    const nodeCache = informers.of(nodes)
    const podCache = informers.of(pods, { indexes: podsByNode })
    const missingSince = new Map<string, number>()

    const markFailed = (pod: Pod) =>
      Effect.gen(function* () {
        if (isTerminal(pod)) return
        const lastTransitionTime = formatTime(yield* Clock.currentTimeMillis)
        const message = "PodGC: node no longer exists"
        const condition = { type: "DisruptionTarget", status: "True", reason: "DeletionByPodGC", message, lastTransitionTime }
        const body = { metadata: { uid: uidOf(pod) }, status: { phase: "Failed", conditions: [condition] } }
        const where = { namespace: namespaceOf(pod), name: nameOf(pod) }
        yield* unlessGone(client.patch(pods, where, { type: "strategic", body }, { subresource: "status" }))
      })

    const remove = ({ pod, cause }: Sweep) =>
      Effect.gen(function* () {
        if (cause === "orphaned") {
          // The cache may be late: the node is asked for before its pods go.
          const node = yield* unlessGone(client.get(nodes, { name: pod.spec?.nodeName ?? "" }))
          if (node !== undefined) return
          yield* markFailed(pod)
        }
        const where = { namespace: namespaceOf(pod), name: nameOf(pod) }
        yield* unlessGone(client.delete(pods, where, { gracePeriodSeconds: 0, preconditions: { uid: uidOf(pod) } }))
      })

    const isKnown = (name: string, nowMs: number): boolean => {
      if (nodeCache.get(name) !== undefined) {
        missingSince.delete(name)
        return true
      }
      const since = missingSince.get(name) ?? nowMs
      missingSince.set(name, since)
      return nowMs - since < quarantineMs
    }

    return runController({
      name: "pod-garbage-collector-controller",
      ready: allSynced(nodeCache, podCache),
      reconcile: () =>
        Effect.gen(function* () {
          const nowMs = yield* Clock.currentTimeMillis
          for (const each of sweep(podCache.list(), (name) => isKnown(name, nowMs), terminatedPodThreshold)) yield* remove(each)
          return { afterMs: periodMs }
        }),
      triggers: (enqueue) =>
        listen(
          () => {
            enqueue(key)
            return () => {}
          },
          () =>
            podCache.on(({ type, object }) => {
              if (type !== "Delete" && isDeleting(object) && !object.spec?.nodeName) enqueue(key)
            })
        )
    })
  })

/** Upstream's pod-garbage-collector-controller. */
export const podGarbageCollector: Controller = { name: "pod-garbage-collector-controller", run }
