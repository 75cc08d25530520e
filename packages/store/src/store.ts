/** The interface every store keeps: an ordered, watchable log of key-value commits, and the errors it may answer with. @module */
import type { Effect, Stream } from "effect"
import * as Context from "effect/Context"
import * as Data from "effect/Data"

/** A key as it stands at some revision. */
export interface Entry {
  readonly key: string
  readonly value: string
  /** The revision of the commit that wrote this value. */
  readonly revision: bigint
  /** The revision of the commit that created the key (again after a deletion). */
  readonly createRevision: bigint
}

/** One write of a commit: a new value, or `undefined` to delete the key. */
export interface Write {
  readonly key: string
  readonly value: string | undefined
  /** The revision the key must have now; `0n`: the key must not exist; absent: whatever it is. */
  readonly expected?: bigint
  /**
   * The key is deleted by itself about so long after this write, unless it is written again or kept alive meanwhile. A write without it makes
   * the key stay.
   */
  readonly ttlMs?: number
  /** The key is deleted when this lease ends, unless it is written again before, with another lease or none. Not together with `ttlMs`. */
  readonly lease?: bigint
}

/** A lease: keys that live as long as somebody keeps it alive, and end together. */
export interface Lease {
  readonly id: bigint
  /** It ends when nobody has kept it alive for so long. */
  readonly ttlMs: number
  /** The keys that end with it, in order. */
  readonly keys: ReadonlyArray<string>
}

/**
 * Leases over any number of keys. A lease ends `ttlMs` after it was granted or last kept alive, by clocks that nobody can set, or when it is
 * revoked; its keys are then deleted at one revision (512 at a time, where there are more). Who names an ended lease gets `LeaseEnded`.
 */
export interface Leases {
  /** A new lease; keys are put under it by `Write.lease`. */
  readonly grant: (ttlMs: number) => Effect.Effect<bigint, StoreError>
  /** Lets the lease, and with it all its keys, live its whole time from now on, without a new revision. */
  readonly keepAlive: (id: bigint) => Effect.Effect<void, StoreError>
  /** Ends it; its keys are gone when this is done. */
  readonly revoke: (id: bigint) => Effect.Effect<void, StoreError>
  /** What it holds; undefined when it has ended. */
  readonly find: (id: bigint) => Effect.Effect<Lease | undefined, StoreError>
}

/** One change of a commit, as a watcher sees it. */
export interface Change {
  /** The revision of the commit; all changes of one commit share it. */
  readonly revision: bigint
  readonly key: string
  /** The new value; `undefined` when the key was deleted. */
  readonly value: string | undefined
  readonly createRevision: bigint
  /** The revision of the value before; `0n` when the key did not exist. */
  readonly previousRevision: bigint
  /** The value before, where it is still known. */
  readonly previous?: string
}

/** How far a watch has come: the changes of one commit, or none and the assurance that there were none. */
export interface Advance {
  readonly changes: ReadonlyArray<Change>
  /** Every change of the range up to this revision has been told. */
  readonly revision: bigint
}

/** The keys that start with `prefix`; `""` is every key. */
export interface Range {
  readonly prefix: string
}

/** How a watch is made. */
export interface WatchOptions {
  /** `false`: the watcher knows all values himself, and `Change.previous` may be left out, which spares the store half of its reading. */
  readonly previous?: boolean
}

/** What a list may ask for besides its range. */
export interface ListOptions {
  /** At most this many entries. */
  readonly limit?: number
  /** Only keys above this one: `next` of the page before. */
  readonly after?: string
  /** The revision to read at; absent: the newest. */
  readonly at?: bigint
}

/** Entries in the byte order of their UTF-8 keys, all as of one revision. */
export interface Page {
  readonly entries: ReadonlyArray<Entry>
  readonly revision: bigint
  /** Pass it as `after`, with `at: revision`, for the next page; absent on the last one. */
  readonly next?: string
  /** How many entries of the range follow this page. */
  readonly remaining: number
}

/**
 * A watchable, ordered key-value log. Revisions are the order of commits: an empty store is at `1n`, and each commit that changes
 * anything takes the next one, without holes.
 */
export interface Store {
  /** The entry of a key at the newest revision. */
  readonly get: (key: string) => Effect.Effect<Entry | undefined, StoreError>
  /** The entries of a range at one revision. */
  readonly list: (range: Range, options?: ListOptions) => Effect.Effect<Page, Compacted | StoreError>
  /** How many keys of a range exist at the newest revision. */
  readonly count: (range: Range) => Effect.Effect<number, StoreError>
  /**
   * All writes or none, at one new revision, which it returns. A commit that changes nothing (it only deletes what is not there)
   * returns a revision it was true at. Each key may occur once.
   */
  readonly commit: (writes: ReadonlyArray<Write>) => Effect.Effect<bigint, Conflict | StoreError>
  /**
   * Every change of the range after a revision, once and in order, one array a commit, then live without end. A watcher that
   * does not keep up is never waited for: it reads on from the log, and fails with `Compacted` when the log no longer reaches
   * back that far.
   */
  readonly watch: (
    range: Range,
    after: bigint,
    options?: WatchOptions
  ) => Stream.Stream<ReadonlyArray<Change>, Compacted | StoreError>
  /**
   * A watch that also says how far it has come when its range is quiet: after each `progressMs` in which the log grew and the range did not.
   * Who stores that revision can watch on from there, however long ago the range last changed.
   */
  readonly follow: (range: Range, after: bigint, progressMs: number) => Stream.Stream<Advance, Compacted | StoreError>
  /**
   * Lets a key live `ttlMs` from now on, without a new revision, provided that it still has this one: who lost his key learns it as
   * `Conflict` (`0n`: it is gone, or going). A key under a lease lives by that lease, and is refused here.
   */
  readonly keepAlive: (key: string, revision: bigint, ttlMs: number) => Effect.Effect<void, Conflict | StoreError>
  readonly leases: Leases
  /** The highest committed revision: at least that of every commit acknowledged before the question. */
  readonly revision: Effect.Effect<bigint, StoreError>
  /** Forgets history: lists at, and watches after, revisions below `before` fail with `Compacted` from now on. */
  readonly compact: (before: bigint) => Effect.Effect<void, StoreError>
}

/** The tag under which a layer provides a `Store`. */
export const Store: Context.Service<Store, Store> = Context.Service("@tsukube/store/Store")

/** A write expected another revision than the key has; nothing of its commit was written. */
export class Conflict extends Data.Error<{
  readonly key: string
  /** The revision the key has; `0n` when it does not exist. */
  readonly current: bigint
}> {
  readonly _tag = "Conflict"
  override get message(): string {
    return this.current === 0n ? `${this.key} does not exist` : `${this.key} is at revision ${this.current}`
  }
}

/** The history asked for is gone: read the range anew, and watch from there. */
export class Compacted extends Data.Error<{
  /** The lowest revision that can still be listed at and watched after. */
  readonly oldest: bigint
}> {
  readonly _tag = "Compacted"
  override get message(): string {
    return `history before revision ${this.oldest} has been compacted`
  }
}

/**
 * Why a store could not answer.
 * - `Unavailable`: out of reach right now; nothing was written.
 * - `Unknown`: the connection died under a commit, which may or may not have happened: read before trying again.
 * - `Overloaded`: too many commits wait already; nothing was written.
 * - `Rejected`: the question itself is wrong (an odd key, a value too large, a revision not reached yet).
 * - `LeaseEnded`: there is no such lease, or it was revoked or not kept alive in time; nothing was written.
 * - `Denied`: wrong password, or no right to do this.
 * - `Incompatible`: the database was made by a newer version of this package.
 * - `Failed`: anything else, in the database's words.
 */
export type StoreErrorReason =
  | "Unavailable"
  | "Unknown"
  | "Overloaded"
  | "Rejected"
  | "LeaseEnded"
  | "Denied"
  | "Incompatible"
  | "Failed"

/** The store could not answer; `retryable` says whether the same question may succeed later without anybody's help. */
export class StoreError extends Data.Error<{
  readonly reason: StoreErrorReason
  readonly message: string
  readonly retryable: boolean
  readonly cause?: unknown
}> {
  readonly _tag = "StoreError"
}
