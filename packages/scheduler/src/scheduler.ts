/** The scheduler of a cluster: watches, decides one pod at a time, binds many at once. @module */
import { type Node, namespaces, nodes, type Pod, pods } from "@tsukube/api/core-v1"
import { poddisruptionbudgets } from "@tsukube/api/policy-v1"
import type { Client, ClientError, InformerEvent, Informers } from "@tsukube/client"
import { type EventRecorder, makeRecorder } from "@tsukube/reconciler"
import { Clock, Effect, FiberSet, Latch, type Scope, Semaphore } from "effect"
import { bind, type NotPermitted } from "./bind.ts"
import { footprintChanged, nodeEvents, wishesChanged } from "./changes.ts"
import { type Decision, type Nominated, schedule } from "./cycle.ts"
import { defaultPlugins } from "./default-plugins.ts"
import type { ClusterEvent, Plugin } from "./plugin.ts"
import { SchedulingQueue, type Waiting } from "./queue.ts"
import { type Failure, preempt, reportFailure, reportPlacement } from "./report.ts"
import { holdsResources, type PodInfo, podInfo, podKey, Snapshot } from "./snapshot.ts"
import { groupsOf } from "./spread-sources.ts"

/** How a scheduler runs. */
export interface SchedulerOptions {
  /** Pods that name this scheduler are its business; default `default-scheduler`. */
  readonly schedulerName?: string
  readonly plugins?: ReadonlyArray<Plugin>
  /** Breaks ties between equally good nodes; default `Math.random`. */
  readonly random?: () => number
  /** Bindings and reports under way at once; the next pod waits for one to end. Default 100. */
  readonly writeLimit?: number
}

/** What the scheduler knows: the cluster, the queue, and the pods it placed whose binding the cluster does not show yet. */
class State {
  readonly snapshot: Snapshot = new Snapshot()
  readonly assumed: Set<string> = new Set()
  /** Pods that others were removed for, and the nodes that will have room. */
  readonly nominated: Map<string, Nominated> = new Map()
  readonly queue: SchedulingQueue
  readonly #schedulerName: string
  readonly #now: () => number
  readonly #wake: () => void

  constructor(queue: SchedulingQueue, schedulerName: string, now: () => number, wake: () => void) {
    this.queue = queue
    this.#schedulerName = schedulerName
    this.#now = now
    this.#wake = wake
  }

  readonly onNode = (event: InformerEvent<Node>): void => {
    const { object } = event
    if (event.type === "Delete") this.snapshot.removeNode(object.metadata?.name ?? "")
    else this.snapshot.setNode(object)
    if (event.type === "Add") this.#tell("NodeAdded")
    if (event.type === "Update") for (const each of nodeEvents(object, event.previous)) this.#tell(each)
  }

  readonly onPod = (event: InformerEvent<Pod>): void => {
    const previous = event.type === "Update" ? event.previous : undefined
    if (previous !== undefined && podKey(previous) !== podKey(event.object)) this.#lose(previous)
    if (event.type === "Delete" || !holdsResources(event.object)) this.#lose(event.object)
    else if (event.object.spec?.nodeName) this.#settle(event.object, previous)
    else if (event.object.spec?.schedulerName === this.#schedulerName) this.#enqueue(event.object, previous)
  }

  readonly onNamespace = ({ type, object }: InformerEvent<{ readonly metadata?: Pod["metadata"] }>): void => {
    this.snapshot.setNamespace(object.metadata?.name ?? "", type === "Delete" ? undefined : (object.metadata?.labels ?? {}))
    if (type !== "Delete") this.#tell("NamespaceChanged")
  }

  /** The pod is taken to be on the node from now on, before the API server agrees. */
  assume(info: PodInfo, nodeName: string): void {
    this.assumed.add(info.uid)
    this.snapshot.addPod(info, nodeName)
  }

  /** It did not come to the node after all. */
  revoke(info: PodInfo): void {
    if (!this.assumed.delete(info.uid)) return
    this.snapshot.removePod(info.uid)
    this.#tell("PodRemoved")
  }

  #lose(pod: Pod): void {
    const key = podKey(pod)
    const wasPlaced = this.snapshot.nodeOf(key) !== undefined
    this.assumed.delete(key)
    this.nominated.delete(key)
    this.snapshot.removePod(key)
    this.queue.remove(key)
    if (wasPlaced) this.#tell("PodRemoved")
  }

  #settle(pod: Pod, previous: Pod | undefined): void {
    const key = podKey(pod)
    const wasPlaced = previous?.spec?.nodeName !== undefined && this.snapshot.nodeOf(key) !== undefined
    if (wasPlaced && !footprintChanged(pod, previous)) return
    this.assumed.delete(key)
    this.nominated.delete(key)
    this.queue.remove(key)
    this.snapshot.addPod(podInfo(pod), pod.spec?.nodeName ?? "")
    this.#tell(wasPlaced ? "PodChanged" : "PodAdded")
  }

  #enqueue(pod: Pod, previous: Pod | undefined): void {
    const key = podKey(pod)
    if (this.assumed.has(key)) return
    const nodeName = pod.status?.nominatedNodeName
    if (nodeName && !this.nominated.has(key)) this.nominated.set(key, { info: podInfo(pod), nodeName })
    if (pod.metadata?.deletionTimestamp !== undefined) this.queue.remove(key)
    else if (previous !== undefined && this.queue.has(key) && !wishesChanged(pod, previous)) this.queue.renew(pod)
    else {
      this.queue.put(pod, this.#now())
      this.#wake()
    }
  }

  #tell(event: ClusterEvent): void {
    this.queue.moveOn(event, this.#now())
    this.#wake()
  }
}

interface Hands {
  readonly client: Client
  readonly recorder: EventRecorder
  readonly plugins: ReadonlyArray<Plugin>
  readonly state: State
}

const isGone = (error: ClientError | NotPermitted): boolean => error._tag === "StatusError" && error.code === 404

/** Puts the pod back into the queue and says why. */
const giveBack = ({ client, recorder, state }: Hands, { key, pod }: Waiting, failure: Failure, refusedBy: ReadonlySet<string>) =>
  Effect.gen(function* () {
    const nowMs = yield* Clock.currentTimeMillis
    state.queue.putAside(key, refusedBy, nowMs)
    const now = `${new Date(nowMs).toISOString().slice(0, 19)}Z`
    yield* reportFailure(client, recorder, pod, failure, now)
  }).pipe(Effect.catch((error) => (isGone(error) ? Effect.void : Effect.logWarning(`pod ${key}: ${error.message}`))))

const bindAssumed = (hands: Hands, waiting: Waiting, info: PodInfo, nodeName: string) =>
  bind(hands.client, hands.plugins, info, nodeName).pipe(
    Effect.andThen(
      Effect.sync(() => {
        hands.state.queue.remove(waiting.key)
        reportPlacement(hands.recorder, info.pod, nodeName)
      })
    ),
    Effect.catch((error) =>
      Effect.suspend(() => {
        for (const plugin of hands.plugins) plugin.unreserve?.(info, nodeName)
        hands.state.revoke(info)
        if (isGone(error)) {
          hands.state.queue.remove(waiting.key)
          return Effect.void
        }
        const refused = error._tag === "NotPermitted"
        const failure: Failure = { reason: refused ? "Unschedulable" : "SchedulerError", message: error.message }
        return giveBack(hands, waiting, failure, refused ? new Set([error.plugin]) : new Set())
      })
    )
  )

/** Deletes pods for a more important one, which is tried again when they are gone. */
const removeVictims = ({ client, recorder }: Hands, preemptor: Pod, nodeName: string, victims: ReadonlyArray<PodInfo>) =>
  Effect.gen(function* () {
    const now = `${new Date(yield* Clock.currentTimeMillis).toISOString().slice(0, 19)}Z`
    for (const { pod, uid } of victims) {
      yield* preempt(client, recorder, pod, preemptor, nodeName, now).pipe(
        Effect.catch((error) => (isGone(error) ? Effect.void : Effect.logWarning(`preempting ${uid}: ${error.message}`)))
      )
    }
  })

/** Reserves with every plugin; what was reserved is given back when one says no. */
const reserve = (
  plugins: ReadonlyArray<Plugin>,
  info: PodInfo,
  nodeName: string
): { readonly plugin: string; readonly message: string } | undefined => {
  for (const [index, plugin] of plugins.entries()) {
    const message = plugin.reserve?.(info, nodeName)
    if (message === undefined) continue
    for (const earlier of plugins.slice(0, index + 1).reverse()) earlier.unreserve?.(info, nodeName)
    return { plugin: plugin.name, message }
  }
  return undefined
}

/** Decides about one pod and returns what is left to write. */
const handle = (hands: Hands, waiting: Waiting, random: () => number): Effect.Effect<void> => {
  const { plugins, state } = hands
  let info: PodInfo
  let decision: Decision
  try {
    info = podInfo(waiting.pod)
    decision = schedule(info, state.snapshot, plugins, random, [...state.nominated.values()])
  } catch (error) {
    // A pod that a plugin cannot read (a malformed selector, say) must not stop the others.
    return giveBack(hands, waiting, { reason: "SchedulerError", message: String(error) }, new Set())
  }
  if (decision.type === "refused") {
    const { message, nominatedNode, victims = [], plugins: refusedBy } = decision
    if (nominatedNode !== undefined) state.nominated.set(waiting.key, { info, nodeName: nominatedNode })
    const failure: Failure = { reason: "Unschedulable", message, ...(nominatedNode === undefined ? {} : { nominatedNode }) }
    // Without any node no plugin refused; whatever comes first may help.
    const giving = giveBack(hands, waiting, failure, refusedBy.size > 0 ? refusedBy : new Set(plugins.map(({ name }) => name)))
    return nominatedNode === undefined
      ? giving
      : Effect.andThen(giving, removeVictims(hands, waiting.pod, nominatedNode, victims))
  }
  const refusal = reserve(plugins, info, decision.nodeName)
  if (refusal !== undefined) {
    return giveBack(hands, waiting, { reason: "Unschedulable", message: refusal.message }, new Set([refusal.plugin]))
  }
  state.assume(info, decision.nodeName)
  return bindAssumed(hands, waiting, info, decision.nodeName)
}

/**
 * Runs a scheduler in the background until the scope closes. It writes bindings, the PodScheduled condition and events,
 * nothing else; stopped and started again it goes on from what the API server knows.
 */
export const runScheduler = (
  client: Client,
  informers: Informers,
  options: SchedulerOptions = {}
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { schedulerName = "default-scheduler", plugins = defaultPlugins, random = Math.random, writeLimit = 100 } = options
    const clock = yield* Clock.Clock
    const recorder = yield* makeRecorder(client, { component: schedulerName })
    const hasNews = Latch.makeUnsafe(false)
    const queue = new SchedulingQueue({ plugins })
    const state = new State(
      queue,
      schedulerName,
      () => clock.currentTimeMillisUnsafe(),
      () => hasNews.openUnsafe()
    )
    const hands: Hands = { client, recorder, plugins, state }
    const writes = yield* FiberSet.make<void>()
    const permits = yield* Semaphore.make(writeLimit)

    const nodeCache = informers.of(nodes)
    const podCache = informers.of(pods)
    const namespaceCache = informers.of(namespaces)
    const registrations = [
      () => nodeCache.on(state.onNode),
      () => podCache.on(state.onPod),
      () => namespaceCache.on(state.onNamespace)
    ]
    for (const register of registrations) yield* Effect.acquireRelease(Effect.sync(register), (off) => Effect.sync(off))

    const rest = Effect.gen(function* () {
      const dueMs = queue.nextDueMs
      if (dueMs === undefined) return yield* hasNews.await
      const nowMs = yield* Clock.currentTimeMillis
      yield* Effect.timeoutOption(hasNews.await, Math.max(1, dueMs - nowMs))
    })

    const turn = Effect.gen(function* () {
      hasNews.closeUnsafe()
      queue.advance(yield* Clock.currentTimeMillis)
      const waiting = queue.take()
      if (waiting === undefined) return yield* rest
      yield* permits.take(1)
      // The pod may have gone or changed while there was no permit; its binding would say so, and the queue knows better.
      yield* FiberSet.run(writes, handle(hands, waiting, random).pipe(Effect.ensuring(permits.release(1))), {
        startImmediately: true
      })
      yield* Effect.yieldNow
    })

    const groups = groupsOf(informers)
    state.snapshot.groupOf = groups.groupOf
    const budgetCache = informers.of(poddisruptionbudgets)
    state.snapshot.budgets = budgetCache.list

    const ready = Effect.forEach([nodeCache, podCache, namespaceCache, groups, budgetCache], ({ synced }) => synced, {
      discard: true
    })
    yield* ready.pipe(Effect.andThen(Effect.forever(turn)), Effect.annotateLogs("scheduler", schedulerName), Effect.forkScoped)
  })
