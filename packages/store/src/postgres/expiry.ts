/** Keys that expire, in a database: each store deletes what is due, by commits that a later write of the key makes void. @module */
import { Effect, type Scope } from "effect"
import { checkQuestion, checkTtl } from "../key.ts"
import { Conflict, type StoreError, type Write } from "../store.ts"
import type { Database } from "./database.ts"
import { retryForEver } from "./wakeups.ts"

/** A store that set a deadline waits for it; this is how soon the others delete the keys of one that has died. */
const pollMs = 5_000
/** So many keys are taken at once. */
const portion = 256

type Commit = (writes: ReadonlyArray<Write>) => Effect.Effect<bigint, Conflict | StoreError>

/** The commit and keep-alive of a store, with a fiber that waits for deadlines. */
export interface Expiry {
  readonly commit: Commit
  readonly keepAlive: (key: string, revision: bigint, ttlMs: number) => Effect.Effect<void, Conflict | StoreError>
}

/** Adds deadlines to a writer. They are told by the database's clock, so that stores on several machines agree. */
export const makeExpiry = (database: Database, schema: string, commit: Commit): Effect.Effect<Expiry, never, Scope.Scope> =>
  Effect.gen(function* () {
    let nextMs = 0
    let wake: (() => void) | undefined
    const expectIn = (ttlMs: number): void => {
      const atMs = performance.now() + ttlMs
      if (atMs >= nextMs) return
      nextMs = atMs
      wake?.()
    }
    const rest = Effect.callback<void>((resume) => {
      wake = () => resume(Effect.void)
      const timer = setTimeout(() => resume(Effect.void), Math.max(1, nextMs - performance.now()))
      return Effect.sync(() => clearTimeout(timer))
    })

    // Marked as due first: from then on it cannot be kept alive, and whoever finds the mark finishes what another began.
    const claim = database.read(
      `update ${schema}.expiry e set expires_at = '-infinity' where e.key in (select d.key from ${schema}.expiry d
         where d.expires_at <= clock_timestamp() order by d.expires_at limit ${portion} for update skip locked) returning e.key, e.rev`,
      []
    )
    const untilNext = Effect.map(
      database.read(
        `select ceil(extract(epoch from min(expires_at) - clock_timestamp()) * 1000)::float8 from ${schema}.expiry where expires_at > '-infinity'`,
        []
      ),
      (rows) => Number(rows[0]?.[0] ?? pollMs)
    )
    const end = (key: string, revision: bigint) =>
      Effect.catchTag(commit([{ key, value: undefined, expected: revision }]), "Conflict", () => Effect.void)
    const round = Effect.gen(function* () {
      nextMs = performance.now() + pollMs
      const due = yield* claim
      yield* Effect.forEach(due, ([key, revision]) => end(key as string, revision as bigint), { concurrency: "unbounded" })
      for (const [key, revision] of due)
        yield* database.read(
          `delete from ${schema}.expiry where key = $1::text and rev = $2::text::bigint and expires_at = '-infinity'`,
          [key as string, String(revision)]
        )
      expectIn(due.length === portion ? 0 : yield* untilNext)
    })
    yield* Effect.andThen(Effect.retry(round, retryForEver), rest).pipe(Effect.forever, Effect.forkScoped)

    const keepAlive = Effect.fnUntraced(function* (key: string, revision: bigint, ttlMs: number) {
      const problem = checkQuestion(key) ?? checkTtl(key, ttlMs)
      if (problem !== undefined) return yield* problem
      const kept = yield* database.read(
        `insert into ${schema}.expiry as e (key, rev, expires_at)
           select h.key, h.rev, clock_timestamp() + $3::text::bigint * interval '1 millisecond' from ${schema}.head h
           where h.key = $1::text and h.rev = $2::text::bigint and not h.deleted
         on conflict (key) do update set rev = excluded.rev, expires_at = excluded.expires_at
         where e.expires_at > '-infinity' or e.rev <> excluded.rev returning 1`,
        [key, String(revision), String(ttlMs)]
      )
      if (kept.length > 0) return expectIn(ttlMs)
      const [row] = yield* database.read(`select h.rev from ${schema}.head h where h.key = $1::text and not h.deleted`, [key])
      const current = (row?.[0] as bigint | undefined) ?? 0n
      return yield* new Conflict({ key, current: current === revision ? 0n : current })
    })
    return {
      commit: (writes) => {
        const ttlMs = writes.reduce((least, write) => Math.min(least, write.ttlMs ?? least), Number.POSITIVE_INFINITY)
        return ttlMs === Number.POSITIVE_INFINITY
          ? commit(writes)
          : Effect.tap(commit(writes), () => Effect.sync(() => expectIn(ttlMs)))
      },
      keepAlive
    }
  })
