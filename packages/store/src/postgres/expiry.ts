/**
 * Leases that end by themselves, in a database. No clock of the database takes part, nor the wall clock of a process: a lease ends when a store has
 * seen the same renewal of it for its whole time, on its own clock that nobody can set. So a step of a clock ends nothing early or late; a store that
 * has just started gives every lease its whole time anew.
 * @module
 */
import { Effect, type Scope } from "effect"
import { makeDeadlines } from "../deadlines.ts"
import { commitLimit, leaseEnded } from "../key.ts"
import type { Conflict, Leases, StoreError, Write } from "../store.ts"
import type { Database } from "./database.ts"
import { type Held, leaseTable, type Seen } from "./leases.ts"
import { retryForEver } from "./wakeups.ts"

/** Leases of others are looked for so often: how late one of a store that has died may end. */
const pollMs = 5_000
/** Commits with times to live come in crowds; one look serves those of so long. */
const gatherMs = 50
/** So often the records of keys that were deleted, or written again without a lease, are cleared away. */
const sweepMs = 600_000
/** So many leases are ended at once. */
const portion = 256

type Commit = (writes: ReadonlyArray<Write>) => Effect.Effect<bigint, Conflict | StoreError>

/** The commit, keep-alive and leases of a store, with a fiber that ends what is due. */
export interface Expiry {
  readonly commit: Commit
  readonly keepAlive: (key: string, revision: bigint, ttlMs: number) => Effect.Effect<void, Conflict | StoreError>
  readonly leases: Leases
}

/** Adds leases to a writer. */
export const makeExpiry = (database: Database, schema: string, commit: Commit): Effect.Effect<Expiry, never, Scope.Scope> =>
  Effect.gen(function* () {
    const table = leaseTable(database, schema)
    const known = new Map<bigint, Seen>()
    const deadlines = makeDeadlines<bigint>()
    let from = 0n
    let server: string | undefined
    let lookAtMs = 0
    let lookedMs = 0
    let sweepAtMs = performance.now() + sweepMs
    let wake: (() => void) | undefined

    /** What was seen just now lives its whole time from here, unless it was seen before. */
    const see = (seen: Seen): void => {
      const before = known.get(seen.id)
      if (before?.stamp === seen.stamp && before.ending === seen.ending) return
      known.set(seen.id, seen)
      deadlines.set(seen.id, seen.ending ? 0 : performance.now() + seen.ttlMs)
      wake?.()
    }
    const drop = (id: bigint): void => {
      known.delete(id)
      deadlines.delete(id)
    }
    const lookSoon = (): void => {
      lookAtMs = Math.min(lookAtMs, lookedMs + gatherMs)
      wake?.()
    }
    const rest = Effect.callback<void>((resume) => {
      const atMs = Math.min(lookAtMs, deadlines.nextMs())
      wake = () => {
        wake = undefined
        resume(Effect.void)
      }
      const timer = setTimeout(() => resume(Effect.void), Math.max(1, atMs - performance.now()))
      return Effect.sync(() => {
        wake = undefined
        clearTimeout(timer)
      })
    })

    const look = Effect.gen(function* () {
      lookAtMs = performance.now() + pollMs
      lookedMs = performance.now()
      const sight = yield* Effect.tapError(table.look(from), () =>
        Effect.sync(() => {
          lookAtMs = 0
        })
      )
      if (server !== undefined && server !== sight.server && from > 0n) {
        // Another server, maybe one that had not heard everything: its stamps are looked at from the first.
        from = 0n
        server = sight.server
        lookAtMs = 0
        return
      }
      server = sight.server
      from = sight.next
      for (const seen of sight.leases) see(seen)
    })

    const isConflict = (error: Conflict | StoreError): error is Conflict => error._tag === "Conflict"
    /** Deletes keys at one revision, without those that were written again meanwhile. */
    const remove = (keys: ReadonlyArray<Held>): Effect.Effect<void, StoreError> =>
      keys.length === 0
        ? Effect.void
        : (Effect.asVoid(commit(keys.map(({ key, revision }) => ({ key, value: undefined, expected: revision })))).pipe(
            Effect.catchIf(isConflict, (conflict) => remove(keys.filter(({ key }) => key !== conflict.key)))
          ) as Effect.Effect<void, StoreError>)
    /** Deletes the keys of a lease that is marked as ending. */
    const finish = (id: bigint): Effect.Effect<void, StoreError> =>
      Effect.flatMap(table.keysOf(id), (keys) => {
        const portions = Array.from({ length: Math.ceil(keys.length / commitLimit) }, (_, i) =>
          keys.slice(i * commitLimit, (i + 1) * commitLimit)
        )
        return Effect.forEach(portions, remove, { discard: true })
      })
    const endDue = Effect.gen(function* () {
      const due = deadlines.due(performance.now(), portion).flatMap((id) => known.get(id) ?? [])
      if (due.length === 0) return
      const ending = yield* table.markExpired(due)
      yield* Effect.forEach(ending, finish, { concurrency: 32, discard: true })
      yield* table.forget(ending)
      const ended = new Set(ending)
      for (const id of ending) drop(id)
      const others = due.filter(({ id }) => !ended.has(id))
      if (others.length === 0) return
      // Kept alive meanwhile, ended by another store, or held by somebody for a moment.
      const found = new Map((yield* table.read(others.map(({ id }) => id))).map((seen) => [seen.id, seen]))
      for (const { id, stamp } of others) {
        const now = found.get(id)
        if (now === undefined) drop(id)
        else if (now.stamp === stamp) deadlines.set(id, performance.now() + gatherMs)
        else see(now)
      }
    })
    const sweep = Effect.suspend(() => {
      if (performance.now() < sweepAtMs) return Effect.void
      sweepAtMs = performance.now() + sweepMs
      return table.sweep
    })
    const round = Effect.gen(function* () {
      if (performance.now() >= lookAtMs) yield* look
      yield* endDue
      yield* sweep
    })
    yield* Effect.andThen(Effect.retry(round, retryForEver), rest).pipe(Effect.forever, Effect.forkScoped)

    return {
      commit: (writes) =>
        writes.some(({ ttlMs }) => ttlMs !== undefined)
          ? Effect.tap(commit(writes), () => Effect.sync(lookSoon))
          : commit(writes),
      keepAlive: (key, revision, ttlMs) => Effect.map(table.keepKey(key, revision, ttlMs), see),
      leases: {
        grant: (ttlMs) =>
          Effect.map(table.grant(ttlMs), (seen) => {
            see(seen)
            return seen.id
          }),
        keepAlive: (id) => Effect.map(table.keepAlive(id), see),
        revoke: (id) =>
          Effect.gen(function* () {
            if (!(yield* table.markRevoked(id))) return yield* leaseEnded(id)
            // Once it is marked it has to be finished, if not here then later.
            yield* Effect.tapError(Effect.andThen(finish(id), table.forget([id])), () =>
              Effect.sync(() => see({ id, ttlMs: 0, stamp: 0n, ending: true }))
            )
            drop(id)
          }),
        find: table.find
      }
    }
  })
