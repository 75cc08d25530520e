/** Notices nodes that went silent: marks them, taints them, and takes their pods out of service. @module */
import { type Lease, leases } from "@tsukube/api/coordination-v1"
import { type Node, nodes, type Pod, pods } from "@tsukube/api/core-v1"
import { runController } from "@tsukube/reconciler"
import { Clock, Effect } from "effect"
import { allSynced, type Controller, type ControllerContext, listen, withKind } from "../controller.ts"
import { unlessGone } from "../failure.ts"
import { formatTime, isDeleting, nameOf, namespaceOf } from "../object.ts"
import { isReady, isTerminal, readyCondition } from "../pod-state.ts"
import { readiness, signOfLife, silenced, taintsOf } from "./plan.ts"

/** The index of pods by node; other controllers give the same function and share it. */
export const podsByNode: Readonly<Record<"node", (pod: Pod) => ReadonlyArray<string>>> = {
  node: (pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : [])
}

interface Sign {
  readonly text: string
  /** When we saw it, by our own clock: clocks of nodes are not trusted. */
  readonly seenMs: number
}

const run = (context: ControllerContext) =>
  Effect.gen(function* () {
    const { client, informers, options } = context
    const { nodeMonitorGraceMs: graceMs = 50_000 } = options
    const cache = informers.of(nodes)
    const podCache = informers.of(pods, { indexes: podsByNode })
    const leaseCache = informers.of(leases, { namespace: "kube-node-lease" })
    const recorder = yield* context.recorder("node-controller")
    const signs = new Map<string, Sign>()
    /** Nodes that ceased to be ready, and whose pods have not been told. */
    const fallen = new Set<string>()

    const lastSign = (node: Node, nowMs: number): number => {
      const name = nameOf(node)
      const lease: Lease | undefined = leaseCache.get(`kube-node-lease/${name}`)
      const text = signOfLife(node, lease?.spec?.renewTime)
      const known = signs.get(name)
      if (known?.text === text) return known.seenMs
      signs.set(name, { text, seenMs: nowMs })
      return nowMs
    }

    /** When all nodes are silent the fault is more likely ours, or the network's: then nobody is evicted. */
    const allAreSilent = (): boolean => {
      const all = cache.list()
      return all.length > 1 && all.every((node) => readiness(node) !== "True")
    }

    const markPodsNotReady = (node: Node) =>
      Effect.gen(function* () {
        for (const pod of podCache.byIndex("node", nameOf(node))) {
          const ready = readyCondition(pod)
          if (ready === undefined || !isReady(pod) || isTerminal(pod) || isDeleting(pod)) continue
          const lastTransitionTime = formatTime(yield* Clock.currentTimeMillis)
          const body = {
            metadata: { uid: pod.metadata?.uid },
            status: { conditions: [{ ...ready, status: "False", lastTransitionTime }] }
          }
          const key = { namespace: namespaceOf(pod), name: nameOf(pod) }
          yield* unlessGone(client.patch(pods, key, { type: "strategic", body }, { subresource: "status" }))
          recorder.event(withKind(pod, pods), "Warning", "NodeNotReady", "Node is not ready")
        }
      })

    const say = (node: Node, reason: string, message: string): void =>
      recorder.event({ kind: "Node", name: nameOf(node), uid: node.metadata?.uid ?? "" }, "Normal", reason, message)

    const reconcile = (name: string) =>
      Effect.gen(function* () {
        let node = cache.get(name)
        if (node === undefined) {
          signs.delete(name)
          fallen.delete(name)
          return undefined
        }
        const nowMs = yield* Clock.currentTimeMillis
        const silentForMs = nowMs - lastSign(node, nowMs)
        if (silentForMs >= graceMs) {
          const conditions = silenced(node, nowMs)
          if (conditions !== undefined) {
            if (readiness(node) === "True") say(node, "NodeNotReady", `Node ${name} status is now: NodeNotReady`)
            node = yield* unlessGone(client.updateStatus(nodes, { ...node, status: { ...node.status, conditions } }))
            if (node === undefined) return undefined
            signs.set(name, {
              text: signOfLife(node, leaseCache.get(`kube-node-lease/${name}`)?.spec?.renewTime),
              seenMs: nowMs - silentForMs
            })
          }
        }
        const taints = taintsOf(node, !allAreSilent(), nowMs)
        if (taints !== undefined) {
          const body = {
            metadata: { resourceVersion: node.metadata?.resourceVersion },
            spec: { taints: taints.length === 0 ? null : taints }
          }
          yield* unlessGone(client.patch(nodes, { name }, { type: "merge", body }))
        }
        // A kubelet that lives speaks for its pods itself; it is contradicted once, when its node falls.
        if (readiness(node) === "Unknown" || fallen.has(name)) yield* markPodsNotReady(node)
        fallen.delete(name)
        return { afterMs: Math.max(100, silentForMs >= graceMs ? graceMs : graceMs - silentForMs) }
      })

    yield* runController({
      name: "node-lifecycle-controller",
      ready: allSynced(cache, podCache, leaseCache),
      reconcile,
      triggers: (enqueue) =>
        listen(
          () =>
            cache.on((event) => {
              const { type, object } = event
              const name = nameOf(object)
              enqueue(name)
              if (type === "Update" && readiness(event.previous) === "True" && readiness(object) !== "True") fallen.add(name)
              if (type === "Add") say(object, "RegisteredNode", `Node ${name} event: Registered Node ${name} in Controller`)
              if (type === "Delete") say(object, "RemovingNode", `Node ${name} event: Removing Node ${name} from Controller`)
              // The last node that falls silent, and the first that comes back, change what holds for all.
              const changed = type !== "Update" || readiness(object) !== readiness(event.previous)
              if (changed) for (const other of cache.list()) enqueue(nameOf(other))
            }),
          () => leaseCache.on(({ object }) => enqueue(nameOf(object)))
        )
    })
  })

/** Upstream's node-lifecycle-controller. */
export const nodeLifecycleController: Controller = { name: "node-lifecycle-controller", run }
