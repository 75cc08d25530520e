/** Events are forgotten an hour after they last happened: they are news, not state. @module */
import type { Event } from "@tsukube/api/core-v1"
import { events } from "@tsukube/api/core-v1"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { servedOf } from "./served.ts"
import type { Serving } from "./serving.ts"
import type { StoredObject } from "./stored.ts"

/** Upstream's default. */
const defaultTtlSeconds = 3600

const lastSeen = ({ object }: StoredObject): number => {
  const { metadata, lastTimestamp, eventTime, series } = object as Event
  const times = [metadata.creationTimestamp, lastTimestamp, eventTime, series?.lastObservedTime]
  return Math.max(...times.map((time) => (time === undefined ? 0 : Date.parse(time))))
}

/** Deletes what is too old, as far as nobody wrote it meanwhile; several servers may do so at once. */
const expireOnce = (serving: Serving): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { cache, options, now } = serving
    const oldest = now() - (options.eventTtlSeconds ?? defaultTtlSeconds) * 1000
    const { folder } = servedOf(events)
    const expired = [...cache.bucket(folder).range(folder)].filter((stored) => lastSeen(stored) < oldest)
    // One by one: a conflict on one must not keep the others.
    return Effect.forEach(
      expired,
      ({ key, revision }) => Effect.ignore(cache.store.commit([{ key, value: undefined, expected: revision }])),
      { concurrency: 64, discard: true }
    )
  })

/** Goes on until it is interrupted. */
export const expireEvents = (serving: Serving): Effect.Effect<unknown> =>
  expireOnce(serving).pipe(Effect.repeat(Schedule.spaced("1 minute")))
