/** Decides what becomes of an event that is reported again and again: written, counted, combined, or dropped. @module */
import type { ObjectReference } from "@tsukube/api/core-v1"

/** One thing that happened to one object, as a component reports it. */
export interface Occurrence {
  readonly involvedObject: ObjectReference
  readonly type: "Normal" | "Warning"
  readonly reason: string
  readonly message: string
  readonly action?: string
}

/** How an occurrence is to be written: as an object of its own when `count` is 1, as a higher count of `name` otherwise. */
export interface Sighting {
  readonly name: string
  readonly message: string
  readonly count: number
  readonly firstMs: number
  readonly lastMs: number
}

/** The numbers that client-go's recorder uses. */
const limits = {
  /** From so many different messages of one reason within the interval on, the further ones are combined. */
  similarEvents: 10,
  similarIntervalMs: 600_000,
  /** Events about one object that are written at once, and how long it takes until one more may be. */
  burst: 25,
  refillMs: 300_000,
  /** Entries in each of the three memories; the least recently used goes first. */
  entries: 4096
}

interface Bucket {
  tokens: number
  atMs: number
}

interface Similar {
  readonly messages: Set<string>
  lastMs: number
}

/** Pure, with the time passed in; keeps a bounded memory of what was reported. */
export class EventCorrelator {
  readonly #similar = new Map<string, Similar>()
  readonly #sightings = new Map<string, Sighting>()
  readonly #buckets = new Map<string, Bucket>()

  /**
   * Counts the occurrence. `undefined`: there were too many about this object, nothing is to be written (the count still
   * rises). The unique part of a new event's name is the time in nanoseconds, in hex.
   */
  see(occurrence: Occurrence, nowMs: number, nowNanos: bigint): Sighting | undefined {
    const { involvedObject, type, reason, message: text } = occurrence
    const object = keyOfReference(involvedObject)
    const kindOfEvent = [object, type, reason].join("\0")
    const combined = this.#isOneTooMany(kindOfEvent, text, nowMs)
    const key = combined ? kindOfEvent : [kindOfEvent, involvedObject.fieldPath ?? "", text].join("\0")
    const message = combined ? `(combined from similar events): ${text}` : text
    const before = this.#sightings.get(key)
    const sighting: Sighting = {
      name: before?.name ?? `${involvedObject.name ?? ""}.${nowNanos.toString(16)}`,
      message,
      count: (before?.count ?? 0) + 1,
      firstMs: before?.firstMs ?? nowMs,
      lastMs: nowMs
    }
    remember(this.#sightings, key, sighting)
    return this.#spend(object, nowMs) ? sighting : undefined
  }

  // Same object and reason, ever new words: from the tenth on they become one event that is counted.
  #isOneTooMany(kindOfEvent: string, message: string, nowMs: number): boolean {
    const known = this.#similar.get(kindOfEvent)
    const recent = known !== undefined && nowMs - known.lastMs <= limits.similarIntervalMs
    const similar = recent ? known : { messages: new Set<string>(), lastMs: nowMs }
    similar.lastMs = nowMs
    remember(this.#similar, kindOfEvent, similar)
    if (similar.messages.has(message)) return false
    if (similar.messages.size === limits.similarEvents - 1) return true
    similar.messages.add(message)
    return false
  }

  #spend(object: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(object) ?? { tokens: limits.burst, atMs: nowMs }
    bucket.tokens = Math.min(limits.burst, bucket.tokens + (nowMs - bucket.atMs) / limits.refillMs)
    bucket.atMs = nowMs
    remember(this.#buckets, object, bucket)
    if (bucket.tokens < 1) return false
    bucket.tokens -= 1
    return true
  }
}

const keyOfReference = ({ apiVersion = "", kind = "", namespace = "", name = "", uid = "" }: ObjectReference): string =>
  [apiVersion, kind, namespace, name, uid].join("\0")

const remember = <V>(memory: Map<string, V>, key: string, value: V): void => {
  memory.delete(key)
  memory.set(key, value)
  if (memory.size <= limits.entries) return
  for (const oldest of memory.keys()) {
    memory.delete(oldest)
    return
  }
}
