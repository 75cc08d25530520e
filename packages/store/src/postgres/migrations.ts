/** The history of the database's shape: what each version adds, and the run at start that brings a database up to date. @module */
import { Effect } from "effect"
import { StoreError } from "../store.ts"
import { appendFunction } from "./append.ts"
import { applyFunction, settleFunction, sweepFunction } from "./apply.ts"
import type { Database, Run } from "./database.ts"

interface Migration {
  readonly name: string
  readonly statements: (schema: string) => ReadonlyArray<string>
}

/** Append only: a database that has seen a version never sees it again. */
const migrations: ReadonlyArray<Migration> = [
  {
    name: "the log",
    statements: (schema) => [
      `create table ${schema}.meta(id integer primary key, compacted bigint not null)`,
      `insert into ${schema}.meta values (1, 0)`,
      `create table ${schema}.sweep(id integer primary key, swept bigint not null)`,
      `insert into ${schema}.sweep values (1, 0)`,
      // Room in each page lets an update of a head row stay on its page, without a new index entry.
      `create table ${schema}.head(key text collate "C" primary key, rev bigint not null, create_rev bigint not null,
         deleted boolean not null) with (fillfactor = 70)`,
      // Values up to nearly a page stay in the row, and none is compressed: that halves the cost of writing and of reading.
      `create table ${schema}.log(rev bigint not null, part smallint not null, key text collate "C" not null,
         create_rev bigint not null, prev_rev bigint not null, op smallint not null, value text,
         primary key (rev, part)) with (toast_tuple_target = 8160)`,
      `alter table ${schema}.log alter column value set storage external`,
      sweepFunction(schema)
    ]
  },
  {
    name: "answers of batches, keys that expire",
    statements: (schema) => [
      // A row that is updated with each batch needs room on its page for the versions that nobody has cleared away yet.
      `create table ${schema}.batch(writer bigint not null, slot smallint not null, number bigint not null, answer text,
         at timestamptz not null, primary key (writer, slot)) with (fillfactor = 20)`,
      `create table ${schema}.expiry(key text collate "C" primary key, rev bigint not null, expires_at timestamptz not null)`,
      `create index expiry_at on ${schema}.expiry(expires_at)`,
      `drop function if exists ${schema}.apply(smallint[], bigint[], text, text, text)`,
      `drop function if exists ${schema}.apply_together(smallint[], bigint[], integer[], text, text, text)`,
      applyFunction(schema, "single"),
      applyFunction(schema, "together"),
      settleFunction(schema)
    ]
  },
  {
    name: "leases, without a clock of the database",
    statements: (schema) => [
      `create sequence ${schema}.lease_id`,
      `create table ${schema}.lease(id bigint primary key, ttl_ms bigint not null, stamp bigint not null, ending boolean not null)`,
      `create index lease_stamp on ${schema}.lease(stamp)`,
      `alter table ${schema}.expiry add column lease bigint`,
      `update ${schema}.expiry set lease = -nextval('${schema}.lease_id')`,
      `insert into ${schema}.lease select lease, case when expires_at = '-infinity' then 1
         else greatest(1, ceil(extract(epoch from expires_at - clock_timestamp()) * 1000)) end, pg_current_xact_id()::text::bigint, false
       from ${schema}.expiry`,
      `alter table ${schema}.expiry alter column lease set not null, drop column expires_at`,
      `create index expiry_lease on ${schema}.expiry(lease)`,
      `drop function ${schema}.apply_together(bigint, bigint, smallint[], bigint[], integer[], bigint[], text, text, text)`,
      applyFunction(schema, "together")
    ]
  },
  {
    name: "batches that their writer has decided",
    statements: (schema) => [appendFunction(schema, "joined")]
  },
  {
    name: "such batches as lists",
    statements: (schema) => [appendFunction(schema, "lists")]
  },
  {
    name: "such batches update what they know to be there",
    statements: (schema) => [appendFunction(schema, "joined"), appendFunction(schema, "lists")]
  }
]

/** A number for the advisory lock under which migrations run. */
const lockNumber = 7_482_915_033

const appliedVersion = async (run: Run, schema: string): Promise<number> => {
  const [there] = await run(`select to_regclass('${schema}.migration') is not null`)
  if (there?.[0] !== true) return 0
  const [newest] = await run(`select coalesce(max(version), 0)::int from ${schema}.migration`)
  return Number(newest?.[0] ?? 0)
}

const apply = async (run: Run, schema: string, applied: number): Promise<void> => {
  if (applied === 0) {
    await run(`create schema if not exists ${schema}`)
    await run(`create table if not exists ${schema}.migration(version integer primary key, name text not null,
      applied_at timestamptz not null)`)
  }
  for (const [index, migration] of migrations.entries()) {
    if (index < applied) continue
    for (const statement of migration.statements(schema)) await run(statement)
    await run(`insert into ${schema}.migration values (${index + 1}, '${migration.name}', now())`)
  }
}

/** Brings the schema up to date; any number of processes may do so at once. A database of a newer version is refused, not touched. */
export const migrate = (database: Database, schema: string): Effect.Effect<void, StoreError> =>
  Effect.flatMap(
    database.transaction(async (run) => {
      await run(`select pg_advisory_xact_lock(${lockNumber})`)
      const applied = await appliedVersion(run, schema)
      if (applied < migrations.length) await apply(run, schema, applied)
      return applied
    }),
    (applied) =>
      applied > migrations.length
        ? Effect.fail(
            new StoreError({
              reason: "Incompatible",
              retryable: false,
              message: `the store in schema ${schema} at ${database.place} has version ${applied}, this program knows up to ${migrations.length}: use a newer one`
            })
          )
        : Effect.void
  )
