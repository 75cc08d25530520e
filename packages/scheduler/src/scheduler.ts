/** The scheduler of a cluster: watches, decides one pod at a time, binds many at once. @module */
import type { KubernetesObject, Resource } from "@tsukube/api"
import { namespaces, nodes, type Pod, persistentvolumeclaims, persistentvolumes, pods } from "@tsukube/api/core-v1"
import { poddisruptionbudgets } from "@tsukube/api/policy-v1"
import { deviceclasses, resourceclaims, resourceslices } from "@tsukube/api/resource-v1"
import { csidrivers, csinodes, csistoragecapacities, storageclasses } from "@tsukube/api/storage-v1"
import type { Client, ClientError, Informers } from "@tsukube/client"
import { type EventRecorder, makeRecorder } from "@tsukube/reconciler"
import { Clock, Effect, FiberSet, Latch, type Scope, Semaphore } from "effect"
import { bind, type NotPermitted } from "./bind.ts"
import type { Objects } from "./cluster-objects.ts"
import type { Profile } from "./configuration.ts"
import type { Decision, Sampling } from "./cycle.ts"
import { defaultPlugins } from "./default-plugins.ts"
import { Engine } from "./engine.ts"
import { scheduleExtended } from "./extended-cycle.ts"
import type { Extender } from "./extender.ts"
import type { ClusterEvent, Handle, Plugin } from "./plugin.ts"
import { type PodInfo, podInfo } from "./pod-info.ts"
import { SchedulingQueue, type Waiting } from "./queue.ts"
import { type Failure, preempt, reportFailure, reportPlacement } from "./report.ts"
import { groupsOf } from "./spread-sources.ts"
import { State } from "./state.ts"

/** How a scheduler runs. */
export interface SchedulerOptions {
  /** Pods that name this scheduler are its business; default `default-scheduler`. */
  readonly schedulerName?: string
  readonly plugins?: ReadonlyArray<Plugin>
  /** Several schedulers in one, each under its name; instead of `schedulerName` and `plugins`. */
  readonly profiles?: ReadonlyArray<Profile>
  /** Programs that filter and rank nodes too. */
  readonly extenders?: ReadonlyArray<Extender>
  /** How long a refused pod waits before it is tried again: first, and at most. */
  readonly initialBackoffMs?: number
  readonly maxBackoffMs?: number
  /** Breaks ties between equally good nodes; default `Math.random`. */
  readonly random?: () => number
  /** Bindings and reports under way at once; the next pod waits for one to end. Default 100. */
  readonly writeLimit?: number
}

interface Hands {
  readonly client: Client
  readonly recorder: EventRecorder
  readonly state: State
  readonly handle: Handle
  readonly extenders: ReadonlyArray<Extender>
  readonly profileOf: (pod: Pod) => Running
}

/** A profile with what it needs to decide. */
interface Running {
  readonly plugins: ReadonlyArray<Plugin>
  readonly engine: Engine
  readonly sampling: Sampling | undefined
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

const bindAssumed = (hands: Hands, waiting: Waiting, info: PodInfo, nodeName: string) => {
  const { plugins } = hands.profileOf(info.pod)
  const binder = hands.extenders.find((extender) => extender.bind !== undefined && extender.isInterested(info))
  return bind(plugins, info, nodeName, hands.handle, binder).pipe(
    Effect.andThen(
      Effect.sync(() => {
        hands.state.queue.remove(waiting.key)
        reportPlacement(hands.recorder, info.pod, nodeName)
      })
    ),
    Effect.catch((error) =>
      Effect.suspend(() => {
        for (const plugin of plugins) plugin.unreserve?.(info, nodeName, hands.handle)
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
}

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
  nodeName: string,
  handle: Handle
): { readonly plugin: string; readonly message: string } | undefined => {
  for (const [index, plugin] of plugins.entries()) {
    const message = plugin.reserve?.(info, nodeName, handle)
    if (message === undefined) continue
    for (const earlier of plugins.slice(0, index + 1).reverse()) earlier.unreserve?.(info, nodeName, handle)
    return { plugin: plugin.name, message }
  }
  return undefined
}

/** Decides about one pod; the error of a pod that cannot be read, or of an extender, is its own. */
const decide = (hands: Hands, info: PodInfo, random: () => number): Effect.Effect<Decision, string> => {
  const { state, extenders } = hands
  const { plugins, engine, sampling } = hands.profileOf(info.pod)
  const nominated = state.nominated.size === 0 ? [] : [...state.nominated.values()]
  if (!extenders.some((extender) => extender.isInterested(info)))
    return Effect.try({ try: () => engine.schedule(info, random, nominated), catch: String })
  return Effect.tryPromise({
    try: () => scheduleExtended(info, state.snapshot, plugins, extenders, random, nominated, sampling),
    catch: String
  })
}

/** Takes a decision to heart and returns what is left to write. */
const carryOut = (hands: Hands, waiting: Waiting, info: PodInfo, decision: Decision): Effect.Effect<void> => {
  const { state } = hands
  const { plugins } = hands.profileOf(waiting.pod)
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
  const refusal = reserve(plugins, info, decision.nodeName, hands.handle)
  if (refusal !== undefined) {
    return giveBack(hands, waiting, { reason: "Unschedulable", message: refusal.message }, new Set([refusal.plugin]))
  }
  state.assume(info, decision.nodeName)
  return bindAssumed(hands, waiting, info, decision.nodeName)
}

/** Decides about one pod; what is returned writes it down. Whatever goes wrong is the pod's own affair and stops no other. */
const handle = (hands: Hands, waiting: Waiting, random: () => number): Effect.Effect<Effect.Effect<void>> =>
  Effect.gen(function* () {
    const info = yield* Effect.try({ try: () => podInfo(waiting.pod), catch: String })
    const decision = yield* decide(hands, info, random)
    return yield* Effect.try({ try: () => carryOut(hands, waiting, info, decision), catch: String })
  }).pipe(Effect.catch((message) => Effect.succeed(giveBack(hands, waiting, { reason: "SchedulerError", message }, new Set()))))

const runningProfile = ({ plugins, percentageOfNodesToScore = 0 }: Profile, { snapshot }: State): Running => {
  const sampling = percentageOfNodesToScore === 0 ? undefined : { percent: percentageOfNodesToScore, start: 0 }
  return { plugins, sampling, engine: new Engine(snapshot, plugins, sampling) }
}

/** Informers of everything beside nodes and pods that plugins look at; what has to be there before the first decision. */
const keepObjects = (informers: Informers, state: State) => {
  const { objects } = state.snapshot
  const keep = <T extends KubernetesObject>(resource: Resource<T>, kept: Objects<T>, event: ClusterEvent) => {
    const cache = informers.of(resource)
    return { synced: cache.synced, register: () => cache.on(state.keep(kept, event)) }
  }
  const needed = [
    keep(persistentvolumeclaims, objects.claims, "ClaimChanged"),
    keep(persistentvolumes, objects.volumes, "VolumeChanged"),
    keep(storageclasses, objects.storageClasses, "StorageClassChanged"),
    keep(csinodes, objects.csiNodes, "CsiNodeChanged"),
    keep(csidrivers, objects.csiDrivers, "CsiNodeChanged"),
    keep(csistoragecapacities, objects.capacities, "CapacityChanged")
  ]
  // Older clusters do not serve these.
  const optional = [
    keep(resourceclaims, objects.resourceClaims, "ResourceClaimChanged"),
    keep(resourceslices, objects.resourceSlices, "ResourceSliceChanged"),
    keep(deviceclasses, objects.deviceClasses, "DeviceClassChanged")
  ]
  return { needed, registrations: [...needed, ...optional].map(({ register }) => register) }
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
    const profiles: ReadonlyArray<Profile> = options.profiles ?? [{ schedulerName, plugins }]
    const clock = yield* Clock.Clock
    const services = yield* Effect.context<never>()
    const recorder = yield* makeRecorder(client, { component: profiles[0]?.schedulerName ?? schedulerName })
    const hasNews = Latch.makeUnsafe(false)
    const pluginsByName = new Map(profiles.map((profile) => [profile.schedulerName, profile.plugins] as const))
    const queue = new SchedulingQueue({
      plugins: profiles[0]?.plugins ?? plugins,
      pluginsOf: ({ spec }) => pluginsByName.get(spec?.schedulerName ?? "") ?? [],
      ...(options.initialBackoffMs === undefined ? {} : { initialBackoffMs: options.initialBackoffMs }),
      ...(options.maxBackoffMs === undefined ? {} : { maxBackoffMs: options.maxBackoffMs })
    })
    const state = new State(
      queue,
      ({ spec }) => pluginsByName.has(spec?.schedulerName ?? ""),
      () => clock.currentTimeMillisUnsafe(),
      () => hasNews.openUnsafe()
    )
    const running = new Map(profiles.map((profile) => [profile.schedulerName, runningProfile(profile, state)] as const))
    const first = running.values().next().value ?? runningProfile({ schedulerName, plugins }, state)
    const hands: Hands = {
      client,
      recorder,
      state,
      extenders: options.extenders ?? [],
      profileOf: ({ spec }) => running.get(spec?.schedulerName ?? "") ?? first,
      handle: { snapshot: state.snapshot, client, run: Effect.runPromiseWith(services) }
    }
    const writes = yield* FiberSet.make<void>()
    const permits = yield* Semaphore.make(writeLimit)

    const nodeCache = informers.of(nodes)
    const podCache = informers.of(pods)
    const namespaceCache = informers.of(namespaces)
    const kept = keepObjects(informers, state)
    const registrations = [
      () => nodeCache.on(state.onNode),
      () => podCache.on(state.onPod),
      () => namespaceCache.on(state.onNamespace),
      ...kept.registrations
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
      const writing = yield* handle(hands, waiting, random)
      yield* FiberSet.run(writes, writing.pipe(Effect.ensuring(permits.release(1))), { startImmediately: true })
      yield* Effect.yieldNow
    })

    const groups = groupsOf(informers)
    state.snapshot.groupOf = groups.groupOf
    const budgetCache = informers.of(poddisruptionbudgets)
    state.snapshot.budgets = budgetCache.list

    const ready = Effect.forEach(
      [nodeCache, podCache, namespaceCache, groups, budgetCache, ...kept.needed],
      ({ synced }) => synced,
      {
        discard: true
      }
    )
    yield* ready.pipe(Effect.andThen(Effect.forever(turn)), Effect.annotateLogs("scheduler", schedulerName), Effect.forkScoped)
  })
