/** The scheduler of a cluster: watches, decides one pod at a time, binds many at once. @module */
import type { KubernetesObject, Resource } from "@tsukube/api"
import { namespaces, nodes, persistentvolumeclaims, persistentvolumes, pods } from "@tsukube/api/core-v1"
import { poddisruptionbudgets } from "@tsukube/api/policy-v1"
import { deviceclasses, resourceclaims, resourceslices } from "@tsukube/api/resource-v1"
import { podgroups } from "@tsukube/api/scheduling-v1alpha2"
import { csidrivers, csinodes, csistoragecapacities, storageclasses, volumeattachments } from "@tsukube/api/storage-v1"
import type { Client, Informers } from "@tsukube/client"
import { makeRecorder } from "@tsukube/reconciler"
import { Clock, Effect, FiberSet, Latch, type Scope, Semaphore } from "effect"
import type { Objects } from "./cluster-objects.ts"
import type { Profile } from "./configuration.ts"
import { defaultPlugins } from "./default-plugins.ts"
import { Engine } from "./engine.ts"
import type { Extender } from "./extender.ts"
import { gangTurn } from "./gang-turn.ts"
import type { ClusterEvent, Plugin } from "./plugin.ts"
import { SchedulingQueue, type Waiting } from "./queue.ts"
import { Snapshot } from "./snapshot.ts"
import { groupsOf } from "./spread-sources.ts"
import { State } from "./state.ts"
import { type Hands, type Running, singleTurn } from "./turn.ts"

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

const runningProfile = ({ plugins, percentageOfNodesToScore }: Profile, { snapshot }: State): Running => {
  const sampling = percentageOfNodesToScore === undefined ? undefined : { percent: percentageOfNodesToScore, start: 0 }
  return { plugins, sampling, engine: new Engine(snapshot, plugins, sampling) }
}

/** A pod's turn is that of its whole gang, if it has one. */
const turnOf = (hands: Hands, waiting: Waiting, random: () => number): Effect.Effect<Effect.Effect<void>> => {
  const { snapshot, queue } = hands.state
  const { plugins } = hands.profileOf(waiting.pod)
  const gang = plugins.find((plugin) => plugin.gang !== undefined)?.gang?.(waiting.pod, snapshot)
  if (gang === undefined) return singleTurn(hands, waiting, random)
  const others = snapshot.groups.membersOf(gang.key).flatMap((key) => queue.takeKey(key) ?? [])
  const compare = plugins.find((plugin) => plugin.compare !== undefined)?.compare
  const all = [waiting, ...others]
  return gangTurn(hands, compare === undefined ? all : all.sort(compare), gang, random)
}

/** Informers of everything beside nodes and pods that plugins look at; what has to be there before the first decision. */
const keepObjects = (informers: Informers, state: State, hasGangs: boolean) => {
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
    keep(volumeattachments, objects.volumeAttachments, "VolumeAttachmentChanged"),
    keep(csistoragecapacities, objects.capacities, "CapacityChanged")
  ]
  // Older clusters do not serve these.
  const optional = [
    keep(resourceclaims, objects.resourceClaims, "ResourceClaimChanged"),
    keep(resourceslices, objects.resourceSlices, "ResourceSliceChanged"),
    keep(deviceclasses, objects.deviceClasses, "DeviceClassChanged"),
    ...(hasGangs ? [keep(podgroups, objects.podGroups, "PodGroupChanged")] : [])
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
    const snapshot = new Snapshot()
    const queue = new SchedulingQueue({
      snapshot,
      plugins: profiles[0]?.plugins ?? plugins,
      pluginsOf: ({ spec }) => pluginsByName.get(spec?.schedulerName ?? "") ?? [],
      ...(options.initialBackoffMs === undefined ? {} : { initialBackoffMs: options.initialBackoffMs }),
      ...(options.maxBackoffMs === undefined ? {} : { maxBackoffMs: options.maxBackoffMs })
    })
    const state = new State(
      snapshot,
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
    const hasGangs = profiles.some((profile) => profile.plugins.some((plugin) => plugin.gang !== undefined))
    const kept = keepObjects(informers, state, hasGangs)
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
      const writing = yield* turnOf(hands, waiting, random)
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
