/** Follows a resource for ever: lists it, then watches it, and repairs itself whatever breaks. @module */
import type { KubernetesObject, Resource } from "@tsukube/api"
import { Clock, Effect, Queue, Random, Result, Schedule, Stream } from "effect"
import type { Client, ObjectList, Selection } from "./client.ts"
import { type ClientError, TransportError } from "./transport.ts"
import type { WatchEvent } from "./watch.ts"

/**
 * What a follower is told. `Listed` is the whole truth at a revision: at the start, and again after a gap (410) that the
 * watch could not bridge. `Changed` continues from there. Bookmarks are kept back; they only move the place to resume from.
 */
export type WatcherEvent<T> =
  | { readonly type: "Listed"; readonly objects: ReadonlyArray<T>; readonly resourceVersion: string }
  | { readonly type: "Changed"; readonly events: ReadonlyArray<WatchEvent<T>> }

/** Items asked for at once; the rest follows in further pages. */
const pageSize = 500
/** A watch that the server ended without an event, sooner than this, counts as a failure: the next one waits. */
const shortestWatchMs = 1000
/** A watch that broke after this long was a good one, even if nothing happened meanwhile. */
const steadyWatchMs = 30_000
/** Watches are renewed now and then, as client-go does, so that they spread over the API servers again. */
const watchSeconds = { minimum: 300, maximum: 600 }

/** 100 ms, doubling to 30 s, give or take a fifth; starts anew after a watch that delivered something. */
const backOff = Schedule.jittered(Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("30 seconds")]))

/**
 * Tells `sink` everything, in order, and waits for it each time. Never ends and never fails: failures are logged, once for
 * an unbroken row of them, and tried again. A change can be skipped over by a later list, but a state that lasts is never missed.
 */
export const follow = <T extends KubernetesObject>(
  client: Client,
  resource: Resource<T>,
  selection: Selection,
  sink: (event: WatcherEvent<T>) => Effect.Effect<void>
): Effect.Effect<never> =>
  Effect.suspend(() => {
    let resourceVersion: string | undefined
    let lastFailure: string | undefined

    const list = Effect.gen(function* () {
      const { items, metadata } = yield* listAll(client, resource, selection)
      yield* sink({ type: "Listed", objects: items, resourceVersion: metadata.resourceVersion ?? "" })
      return metadata.resourceVersion ?? ""
    })

    // Succeeds when the watch went well for a while, however it ended; fails when the next try should wait.
    const session = Effect.gen(function* () {
      const from = resourceVersion ?? (yield* list)
      resourceVersion = from
      const startMs = yield* Clock.currentTimeMillis
      let delivered = false
      const timeoutSeconds = yield* Random.nextIntBetween(watchSeconds.minimum, watchSeconds.maximum)
      const watch = client.watch(resource, { ...selection, resourceVersion: from, allowBookmarks: true, timeoutSeconds })
      const result = yield* Effect.result(
        Stream.runForEachArray(watch, (events) => {
          const latest = events[events.length - 1]!.object.metadata?.resourceVersion
          if (latest !== undefined && latest !== resourceVersion) {
            // Only what moves the place to resume from is progress; a bookmark that repeats itself is none.
            delivered = true
            lastFailure = undefined
            resourceVersion = latest
          }
          const changes = events.filter(({ type }) => type !== "BOOKMARK")
          return changes.length === 0 ? Effect.void : sink({ type: "Changed", events: changes })
        })
      )
      if (Result.isFailure(result) && mustRelist(result.failure)) resourceVersion = undefined
      const lastedMs = (yield* Clock.currentTimeMillis) - startMs
      if (delivered || lastedMs >= (Result.isFailure(result) ? steadyWatchMs : shortestWatchMs)) return
      if (Result.isFailure(result)) return yield* Effect.fail(result.failure)
      return yield* new TransportError({ message: `watch of ${resource.plural}: ended at once` })
    })

    const logged = Effect.tapError(session, (error: ClientError) => {
      if (error.message === lastFailure || isExpired(error)) return Effect.void
      lastFailure = error.message
      return Effect.logWarning(`following ${resource.plural}: ${error.message}; trying again`)
    })
    return Effect.forever(Effect.orDie(Effect.retry(logged, backOff)))
  })

/** `follow` as a stream; the reader's pace holds back the watch. */
export const watcher = <T extends KubernetesObject>(
  client: Client,
  resource: Resource<T>,
  selection: Selection = {}
): Stream.Stream<WatcherEvent<T>> =>
  Stream.callback<WatcherEvent<T>>((queue) => follow(client, resource, selection, (event) => Queue.offer(queue, event)), {
    bufferSize: 16,
    strategy: "suspend"
  })

/** Every page of a list, as of its first page. */
const listAll = <T extends KubernetesObject>(client: Client, resource: Resource<T>, selection: Selection) =>
  Effect.gen(function* () {
    const first = yield* client.list(resource, { ...selection, limit: pageSize })
    if (!first.metadata.continue) return first
    const items = [...first.items]
    let next: string | undefined = first.metadata.continue
    while (next) {
      const page: ObjectList<T> = yield* client.list(resource, { ...selection, limit: pageSize, continue: next })
      for (const item of page.items) items.push(item)
      next = page.metadata.continue
    }
    // The first page's revision: should a later page be newer, the watch repeats a change rather than skips one.
    return { ...first, items }
  }).pipe(Effect.catchIf(isExpired, () => client.list(resource, selection)))

const isExpired = (error: ClientError): boolean => error._tag === "StatusError" && error.code === 410

/** After most refusals (410 above all, or a revision the server has never had) only a new list helps; an overloaded server gets none. */
const mustRelist = (error: ClientError): boolean =>
  error._tag === "StatusError" && error.code !== 429 && error.code !== 500 && error.code !== 503
