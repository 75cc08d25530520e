/** What a controller wrote and its cache does not show yet, so that a late cache never makes it write twice. @module */

/** Upstream's bound: an event that was never delivered must not stop a controller for ever. */
const expiryMs = 300_000

interface Expected {
  /** Creates whose answer is not back yet. */
  creating: number
  /** Uids the cache showed while answers were outstanding. */
  readonly seen: Set<string>
  readonly created: Map<string, number>
  readonly deleted: Map<string, number>
}

/** The writes in flight of every key of one controller. */
export interface Expectations {
  /** A create is about to be sent. */
  readonly willCreate: (key: string) => void
  /** The answer came: the new object's uid, or undefined when it failed. */
  readonly created: (key: string, uid: string | undefined, nowMs: number) => void
  /** A delete is about to be sent. */
  readonly willDelete: (key: string, uid: string, nowMs: number) => void
  /** The cache showed an object. */
  readonly observed: (key: string, uid: string) => void
  /** The cache showed that an object is gone or going, or its delete failed. */
  readonly gone: (key: string, uid: string) => void
  /** True when the cache shows everything that was written. */
  readonly settled: (key: string, nowMs: number) => boolean
  /** Drops what is known of a key. */
  readonly forget: (key: string) => void
}

const dropOld = (entries: Map<string, number>, nowMs: number): void => {
  for (const [uid, since] of entries) if (nowMs - since > expiryMs) entries.delete(uid)
}

/** Nothing in flight. */
export const makeExpectations = (): Expectations => {
  const byKey = new Map<string, Expected>()
  const of = (key: string): Expected => {
    let found = byKey.get(key)
    if (found === undefined) {
      found = { creating: 0, seen: new Set(), created: new Map(), deleted: new Map() }
      byKey.set(key, found)
    }
    return found
  }
  const isEmpty = (entry: Expected): boolean => entry.creating === 0 && entry.created.size === 0 && entry.deleted.size === 0
  return {
    willCreate: (key) => {
      of(key).creating++
    },
    created: (key, uid, nowMs) => {
      const entry = of(key)
      entry.creating--
      // The cache may have shown the object, even its end, before the answer arrived.
      if (uid !== undefined && !entry.seen.has(uid)) entry.created.set(uid, nowMs)
      if (entry.creating === 0) entry.seen.clear()
    },
    willDelete: (key, uid, nowMs) => {
      of(key).deleted.set(uid, nowMs)
    },
    observed: (key, uid) => {
      const entry = byKey.get(key)
      if (entry === undefined) return
      if (entry.creating > 0) entry.seen.add(uid)
      entry.created.delete(uid)
    },
    gone: (key, uid) => {
      const entry = byKey.get(key)
      if (entry === undefined) return
      if (entry.creating > 0) entry.seen.add(uid)
      entry.created.delete(uid)
      entry.deleted.delete(uid)
    },
    settled: (key, nowMs) => {
      const entry = byKey.get(key)
      if (entry === undefined) return true
      dropOld(entry.created, nowMs)
      dropOld(entry.deleted, nowMs)
      if (!isEmpty(entry)) return false
      byKey.delete(key)
      return true
    },
    forget: (key) => {
      byKey.delete(key)
    }
  }
}
