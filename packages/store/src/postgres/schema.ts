/** The tables of a store, and the queries that need no more than them; the statements that make them are in `migrations.ts`. @module */
import { and, eq, sql } from "drizzle-orm"
import {
  bigint,
  boolean,
  customType,
  getTableConfig,
  integer,
  pgSchema,
  primaryKey,
  QueryBuilder,
  smallint,
  text,
  timestamp
} from "drizzle-orm/pg-core"

/** Keys compare by bytes, whatever the database's own collation is. */
const bytewiseText = customType<{ data: string }>({ dataType: () => 'text collate "C"' })

/** The tables of a store that lives in a schema of the given name. */
const tablesOf = (schemaName: string) => {
  const schema = pgSchema(schemaName)
  return {
    /** One row: its lock orders the writers. */
    meta: schema.table("meta", {
      id: integer("id").primaryKey(),
      compacted: bigint("compacted", { mode: "bigint" }).notNull()
    }),
    /** Where each key stands: the revision of its last change, deletions included. */
    head: schema.table("head", {
      key: bytewiseText("key").primaryKey(),
      rev: bigint("rev", { mode: "bigint" }).notNull(),
      createRev: bigint("create_rev", { mode: "bigint" }).notNull(),
      deleted: boolean("deleted").notNull()
    }),
    /** Every change since the last compaction, and the last change of each key. */
    log: schema.table(
      "log",
      {
        rev: bigint("rev", { mode: "bigint" }).notNull(),
        part: smallint("part").notNull(),
        key: bytewiseText("key").notNull(),
        createRev: bigint("create_rev", { mode: "bigint" }).notNull(),
        prevRev: bigint("prev_rev", { mode: "bigint" }).notNull(),
        op: smallint("op").notNull(),
        value: text("value")
      },
      (table) => [primaryKey({ name: "log_pkey", columns: [table.rev, table.part] })]
    ),
    /** One row: up to which revision compaction has deleted rows. */
    sweep: schema.table("sweep", {
      id: integer("id").primaryKey(),
      swept: bigint("swept", { mode: "bigint" }).notNull()
    }),
    /** The newest answers to each writer, for one that lost its connection before it heard. */
    batch: schema.table(
      "batch",
      {
        writer: bigint("writer", { mode: "bigint" }).notNull(),
        slot: smallint("slot").notNull(),
        number: bigint("number", { mode: "bigint" }).notNull(),
        answer: text("answer"),
        at: timestamp("at", { withTimezone: true }).notNull()
      },
      (table) => [primaryKey({ name: "batch_pkey", columns: [table.writer, table.slot] })]
    ),
    /** Who lives by which lease, provided that the key is still at this revision. */
    expiry: schema.table("expiry", {
      key: bytewiseText("key").primaryKey(),
      rev: bigint("rev", { mode: "bigint" }).notNull(),
      lease: bigint("lease", { mode: "bigint" }).notNull()
    }),
    /** Leases; negative ones belong to a single key. No time is kept here: each store measures the rest by itself. */
    lease: schema.table("lease", {
      id: bigint("id", { mode: "bigint" }).primaryKey(),
      ttlMs: bigint("ttl_ms", { mode: "bigint" }).notNull(),
      /** The transaction that granted it or kept it alive last. */
      stamp: bigint("stamp", { mode: "bigint" }).notNull(),
      ending: boolean("ending").notNull()
    }),
    /** The migrations that were applied. */
    migration: schema.table("migration", {
      version: integer("version").primaryKey(),
      name: text("name").notNull(),
      appliedAt: timestamp("applied_at", { withTimezone: true }).notNull()
    })
  }
}

/** The entry of a key, `$1`: value, revision, create revision. */
export const getStatement = (schemaName: string): string => {
  const { head, log } = tablesOf(schemaName)
  return new QueryBuilder()
    .select({ value: log.value, rev: log.rev, createRev: log.createRev })
    .from(head)
    .innerJoin(log, and(eq(log.rev, head.rev), eq(log.key, head.key)))
    .where(and(eq(head.key, sql.placeholder("key")), sql`not ${head.deleted}`))
    .toSQL().sql
}

/** What the tables should look like: `table.column type`, in the words of the database. */
export const columnsOf = (schemaName: string): ReadonlyArray<string> =>
  Object.values(tablesOf(schemaName)).flatMap((table) => {
    const { name, columns } = getTableConfig(table)
    return columns.map((column) => `${name}.${column.name} ${column.getSQLType()}${column.notNull ? " not null" : ""}`)
  })
