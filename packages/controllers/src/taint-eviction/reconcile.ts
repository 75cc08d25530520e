/** Deletes pods that do not tolerate the NoExecute taints of their node, at once or when their patience ends. @module */
import { nodes, type Pod, pods } from "@tsukube/api/core-v1"
import { runController } from "@tsukube/reconciler"
import { Clock, Effect } from "effect"
import { sameMeaning } from "../canonical.ts"
import { allSynced, type Controller, type ControllerContext, listen, withKind } from "../controller.ts"
import { unlessGone } from "../failure.ts"
import { podsByNode } from "../node-lifecycle/reconcile.ts"
import { formatTime, isDeleting, nameOf, queueKeyOf, uidOf } from "../object.ts"
import { isTerminal } from "../pod-state.ts"
import { evictionOf } from "./plan.ts"

const run = (context: ControllerContext) =>
  Effect.gen(function* () {
    const { client, informers } = context
    const nodeCache = informers.of(nodes)
    const podCache = informers.of(pods, { indexes: podsByNode })
    const recorder = yield* context.recorder("taint-eviction-controller")
    /** When each pod has to go; kept, because a taint without a time counts from when it was first seen. */
    const due = new Map<string, { readonly uid: string; readonly atMs: number }>()

    const evict = (pod: Pod) =>
      Effect.gen(function* () {
        const now = formatTime(yield* Clock.currentTimeMillis)
        const key = { namespace: pod.metadata?.namespace ?? "", name: nameOf(pod) }
        const condition = {
          type: "DisruptionTarget",
          status: "True",
          reason: "DeletionByTaintManager",
          message: "Taint manager: deleting due to NoExecute taint",
          lastTransitionTime: now
        }
        recorder.event(withKind(pod, pods), "Normal", "TaintManagerEviction", `Marking for deletion Pod ${queueKeyOf(pod)}`)
        const body = { metadata: { uid: uidOf(pod) }, status: { conditions: [condition] } }
        yield* unlessGone(client.patch(pods, key, { type: "strategic", body }, { subresource: "status" }))
        yield* unlessGone(client.delete(pods, key, { preconditions: { uid: uidOf(pod) } }))
      })

    const reconcile = (key: string) =>
      Effect.gen(function* () {
        const pod = podCache.get(key)
        const node = pod?.spec?.nodeName === undefined ? undefined : nodeCache.get(pod.spec.nodeName)
        if (pod === undefined || node === undefined || isDeleting(pod) || isTerminal(pod)) {
          due.delete(key)
          return undefined
        }
        const nowMs = yield* Clock.currentTimeMillis
        const eviction = evictionOf(pod, node.spec?.taints ?? [], nowMs)
        const known = due.get(key)
        if (eviction === "never") {
          if (known?.uid === uidOf(pod)) {
            recorder.event(withKind(pod, pods), "Normal", "TaintManagerEviction", `Cancelling deletion of Pod ${key}`)
          }
          due.delete(key)
          return undefined
        }
        const atMs = eviction === "now" ? nowMs : known?.uid === uidOf(pod) ? Math.min(known.atMs, eviction) : eviction
        if (atMs <= nowMs) {
          due.delete(key)
          yield* evict(pod)
          return undefined
        }
        due.set(key, { uid: uidOf(pod), atMs })
        return { afterMs: atMs - nowMs }
      })

    yield* runController({
      name: "taint-eviction-controller",
      concurrency: 5,
      ready: allSynced(nodeCache, podCache),
      reconcile,
      triggers: (enqueue) => {
        const isTainted = (name: string): boolean =>
          (nodeCache.get(name)?.spec?.taints ?? []).some(({ effect }) => effect === "NoExecute")
        return listen(
          () =>
            nodeCache.on((event) => {
              if (event.type === "Delete") return
              if (event.type === "Update" && sameMeaning(event.object.spec?.taints, event.previous.spec?.taints)) return
              for (const pod of podCache.byIndex("node", nameOf(event.object))) enqueue(queueKeyOf(pod))
            }),
          () =>
            podCache.on(({ type, object }) => {
              const key = queueKeyOf(object)
              if (type === "Delete" ? due.has(key) : due.has(key) || isTainted(object.spec?.nodeName ?? "")) enqueue(key)
            })
        )
      }
    })
  })

/** Upstream's taint-eviction-controller. */
export const taintEvictionController: Controller = { name: "taint-eviction-controller", run }
