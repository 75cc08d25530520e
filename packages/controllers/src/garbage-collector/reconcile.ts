/** Deletes objects whose owners are gone, and finishes foreground and orphaning deletions. @module */
import { findByKind, type KubernetesObject, type Resource, resources } from "@tsukube/api"
import type { OwnerReference } from "@tsukube/api/meta-v1"
import type { ClientError } from "@tsukube/client"
import { runController } from "@tsukube/reconciler"
import { Effect } from "effect"
import { allSynced, type Controller, type ControllerContext, listen } from "../controller.ts"
import { unlessGone } from "../failure.ts"
import { isDeleting, uidOf } from "../object.ts"
import { collectable, foregroundFinalizer, type GraphNode, isWaiting, OwnerGraph, orphanFinalizer } from "./graph.ts"
import { type Judged, judge, type OwnerState } from "./plan.ts"

/** Owners known to be gone, so that a thousand dependents cost one question. */
const absentLimit = 500
/** A resource that cannot be listed must not stop the rest for ever. */
const syncLimit = "30 seconds"

const keyOf = ({ resource, namespace, name }: GraphNode) => (resource.namespaced ? { namespace, name } : { name })

const run = (context: ControllerContext) =>
  Effect.gen(function* () {
    const { client, informers } = context
    const graph = new OwnerGraph()
    const absent = new Set<string>()
    const recorder = yield* context.recorder("garbage-collector-controller")
    const caches = collectable(context.options.resources ?? resources).map((resource) => ({
      resource,
      informer: informers.of(resource)
    }))
    // Set as soon as the triggers run; work found by looking, not by an event, goes through it too.
    let enqueueAll: (uids: ReadonlyArray<string>) => void = () => {}

    const remember = (uid: string): void => {
      absent.add(uid)
      if (absent.size > absentLimit) for (const oldest of absent) return void absent.delete(oldest)
    }

    const live = (node: GraphNode): Effect.Effect<KubernetesObject | undefined, ClientError> =>
      Effect.map(unlessGone(client.get(node.resource, keyOf(node))), (object) =>
        object !== undefined && uidOf(object) === node.uid ? object : undefined
      )

    const findOwner = (node: GraphNode, reference: OwnerReference, resource: Resource): GraphNode | undefined => {
      const found = graph.get(reference.uid)
      const isIt =
        found?.resource.kind === reference.kind &&
        found.resource.group === resource.group &&
        found.name === reference.name &&
        (!resource.namespaced || found.namespace === node.namespace)
      return isIt ? found : undefined
    }

    const stateOf = (node: GraphNode, reference: OwnerReference): Effect.Effect<OwnerState, ClientError> =>
      Effect.gen(function* () {
        const resource = findByKind(reference.apiVersion, reference.kind)
        if (resource === undefined) return "unknown"
        if (resource.namespaced && !node.resource.namespaced) {
          const message = `ownerRef [${reference.apiVersion}/${reference.kind}, namespace: , name: ${reference.name}, uid: ${reference.uid}] does not exist in namespace ""`
          const involved = { kind: node.resource.kind, name: node.name, uid: node.uid }
          recorder.event(involved, "Warning", "OwnerRefInvalidNamespace", message)
          return "unknown"
        }
        const known = findOwner(node, reference, resource)
        if (known !== undefined) return isWaiting(known) ? "waiting" : "solid"
        const coordinates = `${reference.uid} ${resource.plural}.${resource.group} ${resource.namespaced ? node.namespace : ""}/${reference.name}`
        if (absent.has(coordinates)) return "absent"
        const key = resource.namespaced ? { namespace: node.namespace, name: reference.name } : { name: reference.name }
        const owner = yield* unlessGone(client.get(resource, key))
        if (owner !== undefined && uidOf(owner) === reference.uid) {
          return isDeleting(owner) && owner.metadata?.finalizers?.includes(foregroundFinalizer) ? "waiting" : "solid"
        }
        remember(coordinates)
        return "absent"
      })

    /** Writes finalizers or owner references, if the object is still as it was read. */
    const rewrite = (node: GraphNode, object: KubernetesObject, change: Readonly<Record<string, unknown>>) => {
      const body = { metadata: { uid: node.uid, resourceVersion: object.metadata?.resourceVersion, ...change } }
      return unlessGone(client.patch(node.resource, keyOf(node), { type: "merge", body }))
    }

    const dropFinalizer = (node: GraphNode, finalizer: string) =>
      Effect.gen(function* () {
        const object = yield* live(node)
        if (object === undefined) return
        const finalizers = (object.metadata?.finalizers ?? []).filter((each) => each !== finalizer)
        if (finalizers.length !== object.metadata?.finalizers?.length) yield* rewrite(node, object, { finalizers })
      })

    const release = (node: GraphNode, object: KubernetesObject, uids: ReadonlySet<string>) =>
      rewrite(node, object, { ownerReferences: (object.metadata?.ownerReferences ?? []).filter(({ uid }) => !uids.has(uid)) })

    const orphanDependents = (node: GraphNode) =>
      Effect.gen(function* () {
        for (const dependent of graph.dependentsOf(node.uid)) {
          const object = yield* live(dependent)
          if (object !== undefined) yield* release(dependent, object, new Set([node.uid]))
        }
        yield* dropFinalizer(node, orphanFinalizer)
      })

    const waitForDependents = (node: GraphNode) =>
      Effect.gen(function* () {
        if (graph.blockersOf(node.uid).length === 0) return yield* dropFinalizer(node, foregroundFinalizer)
        enqueueAll(graph.dependentsOf(node.uid).flatMap(({ uid, deleting }) => (deleting ? [] : [uid])))
      })

    /** Two objects that wait for each other would wait for ever: this one stops holding up its owners. */
    const unblockCycle = (node: GraphNode, object: KubernetesObject) =>
      Effect.gen(function* () {
        if (!graph.dependentsOf(node.uid).some(isWaiting)) return
        const ownerReferences = (object.metadata?.ownerReferences ?? []).map((each) => ({ ...each, blockOwnerDeletion: false }))
        yield* rewrite(node, object, { ownerReferences })
      })

    const settle = (node: GraphNode) =>
      Effect.gen(function* () {
        const judged: Array<Judged> = []
        for (const reference of node.owners) judged.push({ reference, state: yield* stateOf(node, reference) })
        const hasDependents = graph.dependentsOf(node.uid).length > 0
        const verdict = judge(node, judged, hasDependents)
        if (verdict.type === "keep") return
        // Before anything is written the object itself is asked for: the graph may be late.
        const object = yield* live(node)
        if (object === undefined) return enqueueAll(graph.remove(node.uid))
        if (isDeleting(object)) return
        const current = new Set((object.metadata?.ownerReferences ?? []).map(({ uid }) => uid))
        if (current.size !== node.owners.length || !node.owners.every(({ uid }) => current.has(uid))) {
          return enqueueAll(graph.set(object, node.resource))
        }
        if (verdict.type === "release") return yield* release(node, object, new Set(verdict.owners.map(({ uid }) => uid)))
        if (verdict.policy === "Foreground") yield* unblockCycle(node, object)
        const preconditions = { uid: node.uid }
        yield* unlessGone(client.delete(node.resource, keyOf(node), { propagationPolicy: verdict.policy, preconditions }))
      })

    const reconcile = (uid: string) =>
      Effect.gen(function* () {
        const node = graph.get(uid)
        if (node === undefined) return undefined
        if (!node.deleting) yield* settle(node)
        else if (node.finalizers.includes(orphanFinalizer)) yield* orphanDependents(node)
        else if (isWaiting(node)) yield* waitForDependents(node)
        return undefined
      })

    yield* runController({
      name: "garbage-collector-controller",
      concurrency: 20,
      ready: Effect.asVoid(Effect.timeoutOption(allSynced(...caches.map(({ informer }) => informer)), syncLimit)),
      reconcile,
      triggers: (enqueue) => {
        enqueueAll = (uids) => {
          for (const uid of uids) enqueue(uid)
        }
        return listen(
          ...caches.map(
            ({ resource, informer }) =>
              () =>
                informer.on((event) => {
                  const { type, object } = event
                  if (type === "Update" && uidOf(event.previous) !== uidOf(object))
                    enqueueAll(graph.remove(uidOf(event.previous)))
                  enqueueAll(type === "Delete" ? graph.remove(uidOf(object)) : graph.set(object, resource))
                })
          )
        )
      }
    })
  })

/** Upstream's garbage-collector-controller, for the resources of the catalog. */
export const garbageCollector: Controller = { name: "garbage-collector-controller", run }
