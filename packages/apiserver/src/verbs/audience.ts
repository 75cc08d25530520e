/** Watches that want the same of a bucket: what a change is to them is worked out once, and handed to each. @module */
import type { Bucket, Follower, ObjectChange } from "../bucket.ts"
import type { WatchOutput } from "./watch-stream.ts"

/** One watch of an audience. */
export interface Watcher {
  readonly output: WatchOutput
  /** It began at a revision that is still to come, and wants nothing of what lies before. */
  readonly later?: bigint
}

/** A place in an audience. */
export interface Seat {
  readonly leave: () => void
  /** The revision of the last change that the audience heard of; 0 when there was none. */
  readonly heard: () => bigint
}

/** The frame of a change; undefined when it does not concern the audience. */
export type FrameOf = (change: ObjectChange) => Uint8Array | undefined

class Audience implements Follower {
  readonly watchers: Set<Watcher> = new Set()
  readonly #frameOf: FrameOf
  heard = 0n
  /** The bucket has forgotten it. */
  ended = false

  constructor(frameOf: FrameOf) {
    this.#frameOf = frameOf
  }

  changed(change: ObjectChange): void {
    const frame = this.#frameOf(change)
    if (frame === undefined) return
    const { revision } = change
    this.heard = revision
    for (const { output, later } of this.watchers) if (later === undefined || revision > later) output.push(frame)
  }

  end(): void {
    this.ended = true
    for (const { output } of [...this.watchers]) output.end()
  }
}

interface Seated {
  readonly audience: Audience
  readonly unfollow: () => void
}

const audiences = new WeakMap<Bucket, Map<string, Seated>>()

/** Joins those who want the same; `key` says what that is. */
export const join = (bucket: Bucket, key: string, frameOf: FrameOf, watcher: Watcher): Seat => {
  const ofBucket = audiences.get(bucket) ?? new Map<string, Seated>()
  audiences.set(bucket, ofBucket)
  const known = ofBucket.get(key)
  const seated = known === undefined || known.audience.ended ? open(bucket, frameOf) : known
  ofBucket.set(key, seated)
  const { audience, unfollow } = seated
  audience.watchers.add(watcher)
  return {
    leave: () => {
      audience.watchers.delete(watcher)
      if (audience.watchers.size > 0 || ofBucket.get(key) !== seated) return
      ofBucket.delete(key)
      unfollow()
    },
    heard: () => audience.heard
  }
}

const open = (bucket: Bucket, frameOf: FrameOf): Seated => {
  const audience = new Audience(frameOf)
  return { audience, unfollow: bucket.follow(audience) }
}
