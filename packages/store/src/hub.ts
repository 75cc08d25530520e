/** Hands each commit of the log to the watchers whose range it touches, without ever waiting for one of them. @module */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { checkQuestion } from "./key.ts"
import type { Meter } from "./metrics.ts"
import { type Advance, type Change, Compacted, type Range, type StoreError, type WatchOptions } from "./store.ts"

/** The changes of one commit. */
export type Commit = ReadonlyArray<Change>

/** A stretch of the log: whole commits, and the revision up to which they are complete. */
export interface LogPage {
  readonly commits: ReadonlyArray<Commit>
  readonly position: bigint
}

/** Reads commits of a range with `after < revision <= upTo` from the log, as many as a page takes; where nobody wants them, without the values before. */
export type ReadLog = (
  range: Range,
  after: bigint,
  upTo: bigint,
  withPrevious: boolean
) => Effect.Effect<LogPage, Compacted | StoreError>

/** How much may wait for one watcher before it has to read from the log instead. */
export interface HubLimits {
  readonly pendingChanges?: number
  readonly pendingUnits?: number
  /** Hears that somebody watches where nobody did. */
  readonly onWatched?: () => void
  /** Hears how much waited for watchers. */
  readonly meter?: Pick<Meter, "taken" | "lagged">
}

/** The meeting point of one tail of the log and any number of watchers. */
export interface Hub {
  /** The revision up to which commits were published. */
  readonly position: () => bigint
  /** Publishes the next commits, in order, and moves the position to `position`. */
  readonly publish: (commits: ReadonlyArray<Commit>, position: bigint) => void
  /** Goes on at `oldest`, since the log was compacted beyond the position: watchers that are not past it end with `Compacted`. */
  readonly skipTo: (oldest: bigint) => void
  /** Goes on at `position` in what is another story now: every watcher ends with the error. */
  readonly reset: (error: Compacted | StoreError, position: bigint) => void
  /** Changes of a range after a revision: from the log up to the hub's position, then live. */
  readonly watch: (range: Range, after: bigint, options?: WatchOptions) => Stream.Stream<Commit, Compacted | StoreError>
  /** The same, with the position of quiet stretches: see `Store.follow`. */
  readonly follow: (range: Range, after: bigint, progressMs: number) => Stream.Stream<Advance, Compacted | StoreError>
  /** Moves on to `position` without the commits: watchers read them from the log. */
  readonly advance: (position: bigint) => void
  /** How many watchers there are. */
  readonly watchers: () => number
  /** Whether any of them wants the values before. */
  readonly wantsPrevious: () => boolean
}

/**
 * A watcher is a cursor and a bounded queue. While the queue holds, commits go straight from the tail to the watcher; when it
 * overflows it is dropped and the watcher reads the log from its cursor, at its own pace and cost.
 */
interface Watcher {
  readonly range: Range
  readonly wantsPrevious: boolean
  /** Everything of the range up to here was delivered, or was not wanted. */
  cursor: bigint
  /** The queue is complete for revisions above this one. */
  joined: bigint
  lagging: boolean
  pending: Array<Commit>
  pendingChanges: number
  pendingUnits: number
  failure: Compacted | StoreError | undefined
  wake: (() => void) | undefined
}

const pendingChangesLimit = 1024
const pendingUnitsLimit = 4 * 1024 * 1024

/** A hub at `position`, over a log that `readLog` can read. */
export const makeHub = (position: bigint, readLog: ReadLog, limits: HubLimits = {}): Hub => {
  /** Watchers by prefix: a commit is filtered once a prefix, not once a watcher. */
  const groups = new Map<string, Set<Watcher>>()
  let current = position
  let wantingPrevious = 0

  const publish = (commits: ReadonlyArray<Commit>, upTo: bigint): void => {
    // A fiber that is woken runs at once, and may watch or commit itself: nobody is woken before everything is in its place.
    const touched = new Set<Watcher>()
    for (const commit of commits) {
      for (const [prefix, watchers] of groups) {
        const matching = matchingChanges(commit, prefix)
        if (matching.length === 0) continue
        for (const watcher of watchers) {
          enqueue(watcher, matching, limits)
          touched.add(watcher)
        }
      }
    }
    current = upTo
    for (const watcher of touched) watcher.wake?.()
  }

  const end = (error: Compacted | StoreError, upTo: bigint, concerns: (watcher: Watcher) => boolean): void => {
    current = upTo
    const ended = [...groups.values()].flatMap((watchers) => [...watchers].filter(concerns))
    for (const watcher of ended) watcher.failure = error
    for (const watcher of ended) watcher.wake?.()
  }

  const register = (range: Range, after: bigint, wantsPrevious: boolean): Watcher => {
    const watcher: Watcher = {
      range,
      wantsPrevious,
      cursor: after,
      joined: current,
      lagging: false,
      pending: [],
      pendingChanges: 0,
      pendingUnits: 0,
      failure: undefined,
      wake: undefined
    }
    const group = groups.get(range.prefix)
    const isFirst = groups.size === 0
    if (group === undefined) groups.set(range.prefix, new Set([watcher]))
    else group.add(watcher)
    if (wantsPrevious) wantingPrevious++
    if (isFirst) limits.onWatched?.()
    return watcher
  }

  const unregister = (watcher: Watcher): void => {
    const group = groups.get(watcher.range.prefix)
    if (group?.delete(watcher) === true && watcher.wantsPrevious) wantingPrevious--
    if (group?.size === 0) groups.delete(watcher.range.prefix)
    clear(watcher)
  }

  /** Some commits; none only when `progressMs` passed quietly while the log grew. */
  const next = (watcher: Watcher, progressMs?: number): Effect.Effect<ReadonlyArray<Commit>, Compacted | StoreError> =>
    Effect.suspend(() => {
      if (watcher.failure !== undefined) return Effect.fail(watcher.failure)
      if (watcher.lagging) {
        watcher.lagging = false
        watcher.joined = current
      }
      if (watcher.cursor < watcher.joined) {
        return Effect.flatMap(readLog(watcher.range, watcher.cursor, watcher.joined, watcher.wantsPrevious), (page) => {
          watcher.cursor = page.position
          return isNonEmpty(page.commits) || progressMs !== undefined ? Effect.succeed(page.commits) : next(watcher)
        })
      }
      const { pending } = watcher
      if (isNonEmpty(pending)) {
        watcher.cursor = pending.at(-1)?.[0]?.revision ?? watcher.cursor
        limits.meter?.taken(watcher.pendingChanges)
        clear(watcher)
        return Effect.succeed(pending)
      }
      if (progressMs === undefined) return Effect.andThen(untilWoken(watcher), next(watcher))
      return Effect.flatMap(Effect.timeoutOption(untilWoken(watcher), progressMs), ({ _tag }) => {
        if (_tag === "Some" || mustAct(watcher) || watcher.cursor >= current) return next(watcher, progressMs)
        watcher.cursor = current
        return Effect.succeed([])
      })
    })

  /** What a watcher pulls, for as long as the stream lives. */
  const pull = <A>(
    range: Range,
    after: bigint,
    wantsPrevious: boolean,
    take: (watcher: Watcher) => Effect.Effect<readonly [A, ...Array<A>], Compacted | StoreError>
  ): Stream.Stream<A, Compacted | StoreError> => {
    const problem = checkQuestion(range.prefix)
    if (problem !== undefined) return Stream.fail(problem)
    const watcher = Effect.acquireRelease(
      Effect.sync(() => register(range, after, wantsPrevious)),
      (watcher) => Effect.sync(() => unregister(watcher))
    )
    return Stream.unwrap(Effect.map(watcher, (watcher) => Stream.fromPull(Effect.succeed(take(watcher)))))
  }
  const nextCommits = (watcher: Watcher): Effect.Effect<readonly [Commit, ...Array<Commit>], Compacted | StoreError> =>
    Effect.flatMap(next(watcher), (commits) => (isNonEmpty(commits) ? Effect.succeed(commits) : nextCommits(watcher)))

  return {
    position: () => current,
    publish,
    skipTo: (oldest) => end(new Compacted({ oldest }), oldest, (watcher) => watcher.cursor < oldest),
    reset: (error, upTo) => end(error, upTo, () => true),
    watch: (range, after, { previous = true } = {}) => pull(range, after, previous, nextCommits),
    follow: (range, after, progressMs) =>
      pull(range, after, true, (watcher) =>
        Effect.map(next(watcher, progressMs), (commits): readonly [Advance, ...Array<Advance>] => {
          const advances = commits.map((changes) => ({ changes, revision: changes[0]?.revision ?? watcher.cursor }))
          return [advances[0] ?? { changes: [], revision: watcher.cursor }, ...advances.slice(1)]
        })
      ),
    advance: (upTo) => {
      current = upTo
      const all = [...groups.values()].flatMap((watchers) => [...watchers])
      for (const watcher of all) dropPending(watcher)
      for (const watcher of all) watcher.wake?.()
    },
    wantsPrevious: () => wantingPrevious > 0,
    watchers: () => [...groups.values()].reduce((sum, group) => sum + group.size, 0)
  }
}

const isNonEmpty = (commits: ReadonlyArray<Commit>): commits is readonly [Commit, ...Array<Commit>] => commits.length > 0

/** The changes of a commit under a prefix; most commits are one change, and are passed on as they are. */
const matchingChanges = (commit: Commit, prefix: string): Commit => {
  if (prefix === "") return commit
  if (commit.length === 1) return commit[0]?.key.startsWith(prefix) === true ? commit : []
  return commit.filter((change) => change.key.startsWith(prefix))
}

const enqueue = (watcher: Watcher, commit: Commit, limits: HubLimits): void => {
  // A watcher may ask for a revision that this tail has not reached; what it did not ask for is left out here.
  if (watcher.lagging || (commit[0]?.revision ?? 0n) <= watcher.cursor) return
  watcher.pending.push(commit)
  watcher.pendingChanges += commit.length
  for (const change of commit) watcher.pendingUnits += (change.value?.length ?? 0) + (change.previous?.length ?? 0)
  const { pendingChanges = pendingChangesLimit, pendingUnits = pendingUnitsLimit } = limits
  if (watcher.pendingChanges <= pendingChanges && watcher.pendingUnits <= pendingUnits) return
  limits.meter?.lagged()
  dropPending(watcher)
}

/** Too much waits: from here on this watcher reads the log, from the first commit it has not seen. */
const dropPending = (watcher: Watcher): void => {
  const first = watcher.pending[0]?.[0]?.revision
  // The cursor of a quiet watcher may be old, but nothing of its range lies between it and the first commit that waited.
  if (first !== undefined && watcher.cursor >= watcher.joined) watcher.cursor = first - 1n
  watcher.lagging = true
  clear(watcher)
}

const clear = (watcher: Watcher): void => {
  watcher.pending = []
  watcher.pendingChanges = 0
  watcher.pendingUnits = 0
}

const mustAct = (watcher: Watcher): boolean => watcher.pending.length > 0 || watcher.lagging || watcher.failure !== undefined

const untilWoken = (watcher: Watcher): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    // A fiber may pause between its look at the queue and this line, and commits come meanwhile.
    if (mustAct(watcher)) return resume(Effect.void)
    watcher.wake = () => {
      watcher.wake = undefined
      resume(Effect.void)
    }
    return Effect.sync(() => {
      watcher.wake = undefined
    })
  })
