/** The pods wanted on this node: one worker each, woken by the API server, by the runtime and by probes. @module */
import { type Pod, pods } from "@tsukube/api/core-v1"
import type { Informers } from "@tsukube/client"
import { Effect, FiberMap, Latch, Queue, type Scope } from "effect"
import { type Rejection, rejectionOf } from "./admission.ts"
import type { Desired } from "./desired.ts"
import type { NodeContext } from "./node-context.ts"
import { podFolders, removePodFolder } from "./volume/volumes.ts"
import { runWorker } from "./worker.ts"

/** The node's pods, for whoever wants to look or to wake. */
export interface NodePods {
  readonly list: () => ReadonlyArray<Pod>
  readonly get: (namespace: string, name: string) => Pod | undefined
  /** Has the pod's worker look again. */
  readonly wake: (uid: string) => void
  /** Follows the pods until the scope ends; returns once the first list has arrived. Call it once. */
  readonly run: (node: NodeContext) => Effect.Effect<void, never, Scope.Scope>
}

interface Worker {
  desired: Desired
  readonly wake: Queue.Queue<void>
  readonly unwanted: Latch.Latch
  readonly rejection: Rejection | undefined
}

const relistMs = 1000
/** Pods that nobody wants are looked for once in so many lists. */
const orphanRounds = 60

/** The pods bound to a node, as an informer sees them. */
export const makeNodePods = (informers: Informers, nodeName: string): NodePods => {
  const informer = informers.of(pods, { fieldSelector: `spec.nodeName=${nodeName}` })
  const workers = new Map<string, Worker>()
  /** Pods whose work is done but whose object is still there, held by a finalizer. */
  const finished = new Set<string>()

  const wake = (uid: string): void => {
    const worker = workers.get(uid)
    if (worker !== undefined) Queue.offerUnsafe(worker.wake, undefined)
  }

  const run = (node: NodeContext): Effect.Effect<void, never, Scope.Scope> =>
    Effect.gen(function* () {
      const fibers = yield* FiberMap.make<string>()
      const fork = yield* FiberMap.runtime(fibers)<never>()
      const taken = (): ReadonlyArray<Pod> =>
        [...workers.values()].filter(({ rejection }) => rejection === undefined).map(({ desired }) => desired.pod)
      const begin = (uid: string, pod: Pod): void => {
        const worker: Worker = {
          desired: { pod, gone: false },
          wake: Effect.runSync(Queue.sliding<void>(1)),
          unwanted: Latch.makeUnsafe(false),
          rejection: rejectionOf(pod, taken)
        }
        if (pod.metadata?.deletionTimestamp !== undefined) worker.unwanted.openUnsafe()
        workers.set(uid, worker)
        const { rejection } = worker
        const told = { wake: worker.wake, desired: () => worker.desired, unwanted: worker.unwanted.await, rejection }
        const work = runWorker(node, told)
        fork(
          uid,
          work.pipe(
            Effect.tap(() =>
              Effect.sync(() => {
                workers.delete(uid)
                if (!worker.desired.gone) finished.add(uid)
              })
            )
          )
        )
      }
      const off = informer.on((event) => {
        const uid = event.object.metadata?.uid ?? ""
        const gone = event.type === "Delete"
        if (gone) finished.delete(uid)
        const worker = workers.get(uid)
        if (worker === undefined) {
          if (!gone && !finished.has(uid)) begin(uid, event.object)
          return
        }
        worker.desired = { pod: event.object, gone }
        if (gone || event.object.metadata?.deletionTimestamp !== undefined) worker.unwanted.openUnsafe()
        Queue.offerUnsafe(worker.wake, undefined)
      })
      yield* Effect.addFinalizer(() => Effect.sync(off))
      yield* informer.synced
      yield* removeOrphans(node, (uid) => workers.has(uid))
      if (node.runtime.subscribe !== undefined) {
        const stop = node.runtime.subscribe(wake)
        yield* Effect.addFinalizer(() => Effect.sync(stop))
      } else {
        yield* Effect.forkScoped(relist(node, workers, wake))
      }
    })

  return {
    list: informer.list,
    get: (namespace, name) => informer.get(`${namespace}/${name}`),
    wake,
    run
  }
}

/** Asks the runtime for all pods every second and wakes the workers of those that changed; without pods it is left in peace. */
const relist = (node: NodeContext, workers: ReadonlyMap<string, Worker>, wake: (uid: string) => void): Effect.Effect<never> =>
  Effect.gen(function* () {
    const seen = new Map<string, string>()
    let round = 0
    for (;;) {
      yield* Effect.sleep(relistMs)
      if (workers.size === 0 && seen.size === 0) continue
      const listed = yield* node.runtime.pods.pipe(Effect.orElseSucceed(() => undefined))
      // A runtime that does not answer says nothing about its pods.
      if (listed === undefined) continue
      const current = new Set(listed.map(({ uid }) => uid))
      for (const { uid, fingerprint } of listed) {
        if (seen.get(uid) !== fingerprint) wake(uid)
        seen.set(uid, fingerprint)
      }
      for (const uid of seen.keys()) {
        if (current.has(uid)) continue
        seen.delete(uid)
        wake(uid)
      }
      if (++round % orphanRounds === 0) yield* removeOrphans(node, (uid) => workers.has(uid))
    }
  })

/** Takes away pods of an earlier life of this node that the API server no longer knows. */
const removeOrphans = (node: NodeContext, isWanted: (uid: string) => boolean): Effect.Effect<void> =>
  Effect.gen(function* () {
    const listed = yield* node.runtime.pods
    for (const { uid, name, namespace } of listed) {
      if (isWanted(uid)) continue
      yield* Effect.logInfo(`removing pod ${namespace}/${name} (${uid}), which is no longer wanted on this node`)
      const pod = yield* node.runtime.pod(uid)
      for (const sandbox of pod.sandboxes) yield* node.runtime.stopSandbox(sandbox.id)
      for (const container of pod.containers) yield* node.runtime.removeContainer(container.id)
      for (const sandbox of pod.sandboxes) yield* node.runtime.removeSandbox(sandbox.id)
    }
    if (node.runtime.simulated) return

    const kept = new Set((yield* node.runtime.pods).map(({ uid }) => uid))
    for (const uid of podFolders(node.rootDir))
      if (!isWanted(uid) && !kept.has(uid)) yield* removePodFolder(node.rootDir, uid, node.runtime)
  }).pipe(Effect.catch((error) => Effect.logWarning(`removing unwanted pods: ${error.message}`)))
