/** Keeps the rules of a node true: whatever changes in the cluster or is broken on the node, the next round puts it right. @module */
import { type Node, nodes, services } from "@tsukube/api/core-v1"
import { endpointslices } from "@tsukube/api/discovery-v1"
import type { Informers } from "@tsukube/client"
import type { InNetns } from "@tsukube/host"
import { Cause, Clock, Effect, Exit, FiberMap, Latch, type Scope } from "effect"
import type { ProxyBackend, SyncError, SyncReport } from "./backend.ts"
import { forgetFlows, staleFlows } from "./conntrack.ts"
import {
  type HealthCheckedService,
  healthAnswer,
  healthCheckedServices,
  isHealthy,
  type ListenError,
  type ProxyStatus,
  serveAnswers,
  serviceAnswer
} from "./health.ts"
import { emptyState, type ProxyState, proxyState } from "./state.ts"

/** A proxy of one node. Times in milliseconds. */
export interface ProxyOptions extends InNetns {
  readonly informers: Informers
  readonly backend: ProxyBackend
  readonly nodeName: string
  /** Rounds begin at least this far apart, or twice as long as the last one took if that is longer; default 100. */
  readonly minSyncMs?: number
  /** How often it is checked that nobody removed the rules; default 30,000. */
  readonly checkMs?: number
  /** How often everything is written again, whatever is known; default an hour. */
  readonly fullSyncMs?: number
  /** Where `/healthz` and `/livez` are served; absent: nowhere. Upstream's port is 10256. */
  readonly health?: { readonly port: number; readonly host?: string }
  /** Serve the health check ports of Services; default true. */
  readonly serviceHealth?: boolean
  /** Remove all rules when the scope ends; default false: connections go on while the proxy restarts. */
  readonly cleanupAtEnd?: boolean
}

/** A running proxy. */
export interface Proxy {
  /** Waits for the first round to be done. */
  readonly synced: Effect.Effect<void>
  readonly status: () => ProxyStatus
  /** What was last made true. */
  readonly state: () => ProxyState
  /** What the last round did. */
  readonly report: () => SyncReport | undefined
  /** Where health is served. */
  readonly healthPort: number | undefined
}

const defaults = { minSyncMs: 100, checkMs: 30_000, fullSyncMs: 3_600_000 }
/** A change that waits this long means that the proxy does not work. */
const patienceMs = 60_000
/** After a failed round: how long until the next, doubling. */
const retryMs = { first: 500, most: 30_000 }
const zoneLabel = "topology.kubernetes.io/zone"
/** The cluster autoscaler's way of saying that a node goes soon. */
const leavingTaint = "ToBeDeletedByClusterAutoscaler"

const zoneOf = (node: Node | undefined): string | undefined => node?.metadata?.labels?.[zoneLabel]

const isEligible = (node: Node | undefined): boolean =>
  node === undefined ||
  (node.metadata?.deletionTimestamp === undefined && !(node.spec?.taints ?? []).some((taint) => taint.key === leavingTaint))

const messageOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return error instanceof Error ? error.message : String(error)
}

/** Starts a proxy that lives as long as the scope. Failed rounds are logged and tried again as full ones. */
export const runProxy = (options: ProxyOptions): Effect.Effect<Proxy, ListenError, Scope.Scope> =>
  Effect.gen(function* () {
    const { informers, backend, nodeName } = options
    const { minSyncMs, checkMs, fullSyncMs } = { ...defaults, ...options }
    const place: InNetns = options.netns === undefined ? {} : { netns: options.netns }
    const clock = yield* Clock.Clock
    const now = (): number => clock.currentTimeMillisUnsafe()

    const serviceCache = informers.of(services)
    const sliceCache = informers.of(endpointslices)
    const nodeCache = informers.of(nodes, { fieldSelector: `metadata.name=${nodeName}` })
    const changed = Latch.makeUnsafe(false)
    const firstRound = Latch.makeUnsafe(false)
    let waitingSinceMs: number | undefined = now()
    let syncedAtMs: number | undefined
    let current: ProxyState | undefined
    let report: SyncReport | undefined
    const status = (): ProxyStatus => ({ syncedAtMs, waitingSinceMs, nodeEligible: isEligible(nodeCache.get(nodeName)) })

    const desired = (): ProxyState => {
      const zone = zoneOf(nodeCache.get(nodeName))
      return proxyState(serviceCache.list(), sliceCache.list(), { name: nodeName, ...(zone === undefined ? {} : { zone }) })
    }
    const showServiceHealth = yield* serviceHealthServers(() => isHealthy(status(), now(), patienceMs))

    /** One round; `full` forgets what is known about the kernel. */
    const round = (full: boolean): Effect.Effect<void, SyncError> =>
      Effect.gen(function* () {
        const target = desired()
        const previous = current
        // Until the round has succeeded nothing is known about the kernel.
        current = undefined
        report = yield* backend.sync(target, full ? undefined : previous)
        yield* forgetFlows(staleFlows(previous ?? emptyState, target), place)
        current = target
        syncedAtMs = now()
        firstRound.openUnsafe()
        if (options.serviceHealth !== false) yield* showServiceHealth(healthCheckedServices(target))
      })

    let fullAtMs = 0
    let checkAtMs = 0
    let failures = 0
    /** Waits until there is something to do, and says whether it is a full round; undefined: nothing after all. */
    const next: Effect.Effect<boolean | undefined> = Effect.gen(function* () {
      if (current === undefined) return true
      yield* Effect.timeoutOption(changed.await, Math.max(0, Math.min(fullAtMs, checkAtMs) - now()))
      if (now() >= fullAtMs) return true
      if (now() >= checkAtMs) {
        checkAtMs = now() + checkMs
        if (!(yield* backend.intact)) return true
      }
      return waitingSinceMs === undefined ? undefined : false
    })
    const step = Effect.gen(function* () {
      const full = yield* next
      if (full === undefined) return
      const startedAtMs = now()
      // What changes from here on is for the next round.
      changed.closeUnsafe()
      const waiting = waitingSinceMs
      waitingSinceMs = undefined
      const exit = yield* Effect.exit(round(full))
      if (Exit.isSuccess(exit)) {
        failures = 0
        if (full) {
          fullAtMs = now() + fullSyncMs
          checkAtMs = now() + checkMs
        }
        return yield* Effect.sleep(Math.max(minSyncMs - (now() - startedAtMs), now() - startedAtMs))
      }
      waitingSinceMs = waiting ?? startedAtMs
      yield* Effect.logError(`proxy: rules of ${nodeName} were not written: ${messageOf(exit.cause)}`)
      yield* Effect.sleep(Math.min(retryMs.first * 2 ** failures++, retryMs.most))
    })

    const markChanged = (): void => {
      waitingSinceMs ??= now()
      changed.openUnsafe()
    }
    const subscriptions = [
      serviceCache.on(markChanged),
      sliceCache.on(markChanged),
      // Nodes report their health all the time; rules depend on the zone alone.
      nodeCache.on((event) => {
        if (event.type !== "Update" || zoneOf(event.previous) !== zoneOf(event.object)) markChanged()
      })
    ]
    yield* Effect.addFinalizer(() => Effect.sync(() => subscriptions.forEach((off) => void off())))
    if (options.cleanupAtEnd === true) yield* Effect.addFinalizer(() => Effect.ignore(backend.cleanup, { log: true }))
    // Rules made from half a picture would cut off Services that are there.
    const pictureIsWhole = Effect.all([serviceCache.synced, sliceCache.synced, nodeCache.synced])
    yield* Effect.forkScoped(Effect.andThen(pictureIsWhole, Effect.forever(step)))

    const { health } = options
    const healthPort =
      health === undefined
        ? undefined
        : yield* serveAnswers((path) => healthAnswer(path, status(), now(), patienceMs), health.port, health.host)
    return { synced: firstRound.await, status, state: () => current ?? emptyState, report: () => report, healthPort }
  })

/** One server per health check port, opened and closed as Services come and go. */
const serviceHealthServers = (
  proxyHealthy: () => boolean
): Effect.Effect<(services: ReadonlyMap<number, HealthCheckedService>) => Effect.Effect<void>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const servers = yield* FiberMap.make<number>()
    let current: ReadonlyMap<number, HealthCheckedService> = new Map()
    const serve = (port: number): Effect.Effect<void> => {
      const answer = () => serviceAnswer(current.get(port) ?? { namespace: "", name: "", localEndpoints: 0 }, proxyHealthy())
      return Effect.scoped(Effect.andThen(serveAnswers(answer, port), Effect.never)).pipe(
        Effect.catch((error) => Effect.logWarning(`proxy: health check port: ${error.message}`))
      )
    }
    return (next) =>
      Effect.gen(function* () {
        const previous = current
        current = next
        for (const port of previous.keys()) if (!next.has(port)) yield* FiberMap.remove(servers, port)
        for (const port of next.keys()) yield* FiberMap.run(servers, port, serve(port), { onlyIfMissing: true })
      })
  })
