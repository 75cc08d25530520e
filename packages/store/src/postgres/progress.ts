/** How far the log has come, as the writer and the database tell, and when that makes it time to read. @module */
import { Effect } from "effect"
import type { Hub } from "../hub.ts"
import type { Meter } from "../metrics.ts"
import type { Decision } from "./ledger.ts"

/** A notification that comes while a batch of ours is on its way is most likely about that batch; its answer is waited for so long. */
const ownAnswerMs = 20

/** Hears how far the log has come. */
export interface Progress {
  /** A batch of this store is on its way. */
  readonly begun: () => void
  /** The database wrote a batch as this store had decided it, on the server it had learned from. */
  readonly wrote: (decision: Decision, server: string) => void
  /** A batch has ended, having reached a revision, or none. The log is read up to there, if anybody watches. */
  readonly ended: (revision: bigint) => void
  /** Somebody has written up to a revision. */
  readonly notified: (revision: bigint) => void
}

/** What the reader of the log sees of it. */
export interface Tracking {
  readonly progress: Progress
  /** The same reading; afterwards nothing is waited for that was there to be read. */
  readonly tracked: <E>(reading: Effect.Effect<void, E>) => Effect.Effect<void, E>
  readonly stop: Effect.Effect<void>
}

/** `ring` asks for a reading; `wrote` publishes what was written here, where it can. */
export const trackProgress = (hub: Hub, ring: () => void, wrote: Progress["wrote"], meter: Pick<Meter, "notified">): Tracking => {
  let underWay = 0
  let heardOf = 0n
  let looking: ReturnType<typeof setTimeout> | undefined
  /** A commit of ours that only the log can tell. */
  let expected: { readonly revision: bigint; readonly sinceMs: number } | undefined

  const look = (): void => {
    clearTimeout(looking)
    looking = undefined
    if (heardOf > hub.position() && hub.watchers() > 0) ring()
  }
  const hear = (revision: bigint): void => {
    if (revision > heardOf) heardOf = revision
  }
  const read = (heardBefore: bigint): void => {
    // What is not there now was lost in a fail-over.
    if (heardOf === heardBefore) heardOf = hub.position()
    if (expected === undefined || hub.position() < expected.revision) return
    meter.notified(performance.now() - expected.sinceMs)
    expected = undefined
  }
  return {
    progress: {
      begun: () => {
        underWay++
      },
      wrote,
      ended: (revision) => {
        underWay--
        hear(revision)
        if (hub.watchers() === 0) {
          if (revision > hub.position()) hub.advance(revision)
          return
        }
        if (revision > hub.position()) expected ??= { revision, sinceMs: performance.now() }
        look()
      },
      notified: (revision) => {
        hear(revision)
        if (underWay === 0) look()
        else looking ??= setTimeout(look, ownAnswerMs)
      }
    },
    tracked: (reading) =>
      Effect.suspend(() => {
        const before = heardOf
        return Effect.tap(
          reading,
          Effect.sync(() => read(before))
        )
      }),
    stop: Effect.sync(() => clearTimeout(looking))
  }
}
