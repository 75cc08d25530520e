/** The questions about leases that need no commit: granting, keeping alive, marking as ended, looking. @module */
import { Effect } from "effect"
import { checkLease, checkQuestion, checkTtl, leaseEnded, underLease } from "../key.ts"
import { Conflict, type Lease, type StoreError } from "../store.ts"
import type { Database } from "./database.ts"

/** A lease as it was seen; the stamp is another one after each renewal. */
export interface Seen {
  readonly id: bigint
  readonly ttlMs: number
  readonly stamp: bigint
  readonly ending: boolean
}

/** What was new in a look at the leases. */
export interface Sight {
  readonly leases: ReadonlyArray<Seen>
  /** Ask from here next time: what is not yet visible has this stamp or a higher one. */
  readonly next: bigint
  /** Which server process answered; another one may have numbered its transactions anew. */
  readonly server: string
}

/** A key and the revision at which it came under a lease. */
export interface Held {
  readonly key: string
  readonly revision: bigint
}

/** The leases of a schema, as statements; each may be repeated without harm. */
export interface LeaseTable {
  readonly grant: (ttlMs: number) => Effect.Effect<Seen, StoreError>
  readonly keepAlive: (id: bigint) => Effect.Effect<Seen, StoreError>
  /** Gives a key its own time, when it is at this revision. */
  readonly keepKey: (key: string, revision: bigint, ttlMs: number) => Effect.Effect<Seen, Conflict | StoreError>
  readonly find: (id: bigint) => Effect.Effect<Lease | undefined, StoreError>
  readonly look: (from: bigint) => Effect.Effect<Sight, StoreError>
  /** From then on it cannot be kept alive nor get keys; false when it had ended already. */
  readonly markRevoked: (id: bigint) => Effect.Effect<boolean, StoreError>
  /** The same for those that still have the stamp they were seen with; says which are ending now, whoever marked them. */
  readonly markExpired: (seen: ReadonlyArray<Seen>) => Effect.Effect<ReadonlyArray<bigint>, StoreError>
  readonly read: (ids: ReadonlyArray<bigint>) => Effect.Effect<ReadonlyArray<Seen>, StoreError>
  readonly keysOf: (id: bigint) => Effect.Effect<ReadonlyArray<Held>, StoreError>
  /** Its keys are gone. */
  readonly forget: (ids: ReadonlyArray<bigint>) => Effect.Effect<void, StoreError>
  /** Clears away what is known of keys that live by nothing any more. */
  readonly sweep: Effect.Effect<void, StoreError>
}

/** Which transaction this is: the stamp of what it renews. */
const thisStamp = "pg_current_xact_id()::text::bigint"

const arrayOf = (ids: ReadonlyArray<bigint>): string => `{${ids.join(",")}}`

/** The statements for the leases in a schema. */
export const leaseTable = (database: Database, schema: string): LeaseTable => {
  const seenOf = (row: ReadonlyArray<unknown>): Seen => ({
    id: row[0] as bigint,
    ttlMs: Number(row[1]),
    stamp: row[2] as bigint,
    ending: row[3] === true
  })
  const renewed = (id: bigint) =>
    Effect.flatMap(
      database.read(
        `update ${schema}.lease set stamp = ${thisStamp} where id = $1::text::bigint and not ending returning id, ttl_ms, stamp, ending`,
        [String(id)]
      ),
      ([row]) => (row === undefined ? Effect.fail(leaseEnded(id)) : Effect.succeed(seenOf(row)))
    )
  const heldNow = `${schema}.expiry e join ${schema}.head h on h.key = e.key and h.rev = e.rev where not h.deleted`

  return {
    grant: (ttlMs) =>
      Effect.suspend(() => {
        const problem = checkTtl("a lease", ttlMs)
        if (problem !== undefined) return Effect.fail(problem)
        const statement = `insert into ${schema}.lease(id, ttl_ms, stamp, ending)
          values (nextval('${schema}.lease_id'), $1::text::bigint, ${thisStamp}, false) returning id, ttl_ms, stamp, ending`
        return Effect.map(database.read(statement, [String(ttlMs)]), (rows) => seenOf(rows[0] ?? []))
      }),
    keepAlive: (id) =>
      Effect.suspend(() => {
        const problem = checkLease(id)
        return problem === undefined ? renewed(id) : Effect.fail(problem)
      }),
    keepKey: Effect.fnUntraced(function* (key: string, revision: bigint, ttlMs: number) {
      const problem = checkQuestion(key) ?? checkTtl(key, ttlMs)
      if (problem !== undefined) return yield* problem
      const [row] = yield* database.read(
        `with held as (
           select h.key, h.rev, e.lease from ${schema}.head h left join ${schema}.expiry e on e.key = h.key and e.rev = h.rev
           where h.key = $1::text and h.rev = $2::text::bigint and not h.deleted
         ), renewed as (
           update ${schema}.lease l set ttl_ms = $3::text::bigint, stamp = ${thisStamp} from held
           where l.id = held.lease and l.id < 0 and not l.ending returning l.id, l.ttl_ms, l.stamp, l.ending
         ), granted as (
           insert into ${schema}.lease(id, ttl_ms, stamp, ending)
           select -nextval('${schema}.lease_id'), $3::text::bigint, ${thisStamp}, false from held where lease is null
           returning id, ttl_ms, stamp, ending
         ), attached as (
           insert into ${schema}.expiry as e (key, rev, lease) select h.key, h.rev, g.id from held h, granted g
           on conflict (key) do update set rev = excluded.rev, lease = excluded.lease where e.rev <= excluded.rev
         )
         select * from renewed union all select * from granted`,
        [key, String(revision), String(ttlMs)]
      )
      if (row !== undefined) return seenOf(row)
      const [found] = yield* database.read(
        `select h.rev, e.lease from ${schema}.head h left join ${schema}.expiry e on e.key = h.key and e.rev = h.rev
         where h.key = $1::text and not h.deleted`,
        [key]
      )
      const current = (found?.[0] as bigint | undefined) ?? 0n
      const lease = found?.[1] as bigint | null | undefined
      if (current === revision && lease !== null && lease !== undefined && lease > 0n) return yield* underLease(key, lease)
      return yield* new Conflict({ key, current: current === revision ? 0n : current })
    }),
    find: Effect.fnUntraced(function* (id: bigint) {
      const problem = checkLease(id)
      if (problem !== undefined) return yield* problem
      const rows = yield* database.read(
        `select l.ttl_ms, k.key from ${schema}.lease l left join (select e.lease, e.key from ${heldNow}) k on k.lease = l.id
         where l.id = $1::text::bigint and not l.ending order by k.key`,
        [String(id)]
      )
      const [first] = rows
      if (first === undefined) return undefined
      return { id, ttlMs: Number(first[0]), keys: rows.flatMap(([, key]) => (typeof key === "string" ? [key] : [])) }
    }),
    look: (from) =>
      Effect.map(
        database.read(
          `select l.id, l.ttl_ms, l.stamp, l.ending, s.next, s.server from (
             select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as next, pg_postmaster_start_time()::text as server) s
           left join ${schema}.lease l on l.stamp >= $1::text::bigint`,
          [String(from)]
        ),
        (rows) => ({
          leases: rows.filter(([id]) => id !== null).map(seenOf),
          next: (rows[0]?.[4] as bigint | undefined) ?? 0n,
          server: String(rows[0]?.[5] ?? "")
        })
      ),
    markRevoked: (id) =>
      Effect.suspend(() => {
        const problem = checkLease(id)
        if (problem !== undefined) return Effect.fail(problem)
        const statement = `update ${schema}.lease set ending = true where id = $1::text::bigint and not ending returning 1`
        return Effect.map(database.read(statement, [String(id)]), (rows) => rows.length > 0)
      }),
    markExpired: (seen) =>
      Effect.map(
        // Rows that somebody holds are left for later: two who wait for each other's rows would wait for ever.
        database.read(
          `update ${schema}.lease set ending = true where id in (
             select l.id from ${schema}.lease l join unnest($1::text::bigint[], $2::text::bigint[]) as g(id, stamp) on g.id = l.id
             where l.ending or l.stamp = g.stamp for update of l skip locked) returning id`,
          [arrayOf(seen.map(({ id }) => id)), arrayOf(seen.map(({ stamp }) => stamp))]
        ),
        (rows) => rows.map(([id]) => id as bigint)
      ),
    read: (ids) =>
      Effect.map(
        database.read(`select id, ttl_ms, stamp, ending from ${schema}.lease where id = any($1::text::bigint[])`, [arrayOf(ids)]),
        (rows) => rows.map(seenOf)
      ),
    keysOf: (id) =>
      Effect.map(
        database.read(`select e.key, e.rev from ${heldNow} and e.lease = $1::text::bigint order by e.key`, [String(id)]),
        (rows) => rows.map(([key, revision]) => ({ key: key as string, revision: revision as bigint }))
      ),
    forget: (ids) =>
      Effect.asVoid(
        database.read(
          `with gone as (delete from ${schema}.expiry where lease = any($1::text::bigint[]))
           delete from ${schema}.lease where id = any($1::text::bigint[]) and ending`,
          [arrayOf(ids)]
        )
      ),
    // A key that is written meanwhile has another revision by then, and stays.
    sweep: Effect.asVoid(
      database.read(
        `delete from ${schema}.expiry e using (
           select x.key, x.rev from ${schema}.expiry x left join ${schema}.head h on h.key = x.key
           where h.key is null or h.rev <> x.rev or h.deleted) gone
         where e.key = gone.key and e.rev = gone.rev`,
        []
      )
    )
  }
}
