/** All objects of one resource in memory, in key order, with the recent changes and those who follow them. @module */
import { ChunkBytes, OrderedObjects } from "./ordered.ts"
import type { StoredObject } from "./stored.ts"

/** Changes kept for watches that start in the past; older ones get 410. */
const historyLimit = 4096
/** The history is trimmed when it is longer by this much, so that a busy bucket does not move it on every write. */
const historySlack = 1024

/** A change of one object. `current` is absent after a deletion, `previous` for a new object. */
export class ObjectChange {
  readonly revision: bigint
  readonly current: StoredObject | undefined
  readonly previous: StoredObject | undefined
  #removed: StoredObject | undefined
  #frames: Map<string, Uint8Array> | undefined

  constructor(revision: bigint, current: StoredObject | undefined, previous: StoredObject | undefined) {
    this.revision = revision
    this.current = current
    this.previous = previous
  }

  /** Serialised once for all watchers that want the same bytes; the key says which. */
  get frames(): Map<string, Uint8Array> {
    // Most changes are watched by nobody.
    this.#frames ??= new Map()
    return this.#frames
  }

  /** The last state before the change under the change's revision: what a DELETED event shows. */
  get removed(): StoredObject | undefined {
    this.#removed ??= this.previous?.at(this.revision)
    return this.#removed
  }
}

/** Who follows a bucket. Both are called synchronously and must not throw; `end` when the history was lost. */
export interface Follower {
  readonly changed: (change: ObjectChange) => void
  readonly end: () => void
}

/** Says that a follower only cares for objects whose field has one value: the others cost it nothing. */
export interface Interest {
  /** Interests of the same name read the same field. */
  readonly field: string
  readonly read: (object: StoredObject) => string
  readonly value: string
}

/** The followers of one field, by the value they wait for. */
interface FieldIndex {
  readonly read: (object: StoredObject) => string
  readonly byValue: Map<string, Set<Follower>>
}

export class Bucket {
  readonly objects: Map<string, StoredObject> = new Map()
  readonly #ordered: OrderedObjects
  #history: Array<ObjectChange> = []
  readonly #followers: Set<Follower> = new Set()
  readonly #indexes: Map<string, FieldIndex> = new Map()
  /** Every change after this revision is still known. */
  floor: bigint
  /** Revision of the last change. */
  changedAt: bigint

  /** `bytes`: where the bytes of lists are kept, for all buckets of a server together. */
  constructor(floor: bigint, bytes: ChunkBytes = new ChunkBytes(0)) {
    this.#ordered = new OrderedObjects(bytes)
    this.floor = floor
    this.changedAt = floor
  }

  /** Fills an empty bucket; `objects` come in key order. */
  load(objects: ReadonlyArray<StoredObject>, revision: bigint): void {
    this.objects.clear()
    for (const object of objects) this.objects.set(object.key, object)
    this.#ordered.load(objects)
    this.#history = []
    this.floor = revision
    this.changedAt = revision
  }

  put(object: StoredObject): void {
    const previous = this.objects.get(object.key)
    this.#ordered.put(object)
    this.objects.set(object.key, object)
    this.#publish(new ObjectChange(object.revision, object, previous))
  }

  delete(key: string, revision: bigint): void {
    const previous = this.objects.get(key)
    if (previous === undefined) return
    this.objects.delete(key)
    this.#ordered.delete(key)
    this.#publish(new ObjectChange(revision, undefined, previous))
  }

  #publish(change: ObjectChange): void {
    this.changedAt = change.revision
    this.#history.push(change)
    if (this.#history.length >= historyLimit + historySlack) {
      this.floor = this.#history[historySlack - 1]!.revision
      this.#history = this.#history.slice(historySlack)
    }
    for (const follower of this.#followers) follower.changed(change)
    for (const { read, byValue } of this.#indexes.values()) {
      const now = change.current === undefined ? undefined : read(change.current)
      const before = change.previous === undefined ? undefined : read(change.previous)
      if (now !== undefined) for (const follower of byValue.get(now) ?? []) follower.changed(change)
      if (before !== undefined && before !== now) for (const follower of byValue.get(before) ?? []) follower.changed(change)
    }
  }

  /** Objects whose keys start with `prefix`, in key order, from `start` on. */
  range(prefix: string, start: string = prefix): Generator<StoredObject> {
    return this.#ordered.range(prefix, start)
  }

  /** The texts of the objects under `prefix` as bytes, each behind a comma; shared, never to be mutated. */
  encoded(prefix: string): Array<Uint8Array> {
    return this.#ordered.encoded(prefix)
  }

  /** The changes after `revision`, oldest first; `undefined` when they are not all known any more. */
  since(revision: bigint): ReadonlyArray<ObjectChange> | undefined {
    if (revision < this.floor) return undefined
    let first = this.#history.length
    while (first > 0 && this.#history[first - 1]!.revision > revision) first--
    return this.#history.slice(first)
  }

  /** Calls the follower for every change from now on, or only for those its interest is about; gives the way to stop. */
  follow(follower: Follower, interest?: Interest): () => void {
    if (interest === undefined) {
      this.#followers.add(follower)
      return () => {
        this.#followers.delete(follower)
      }
    }
    const { field, read, value } = interest
    const index = this.#indexes.get(field) ?? { read, byValue: new Map<string, Set<Follower>>() }
    this.#indexes.set(field, index)
    const followers = index.byValue.get(value) ?? new Set()
    index.byValue.set(value, followers.add(follower))
    return () => {
      followers.delete(follower)
      if (followers.size === 0 && index.byValue.get(value) === followers) index.byValue.delete(value)
    }
  }

  /** Tells every follower that it missed something. */
  endAll(): void {
    const indexed = [...this.#indexes.values()].flatMap(({ byValue }) => [...byValue.values()].flatMap((set) => [...set]))
    for (const follower of [...this.#followers, ...indexed]) follower.end()
    this.#followers.clear()
    this.#indexes.clear()
  }
}
