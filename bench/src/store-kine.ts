/** The kine way beside the store: its table and its statements, asked as it asks them, on the same PostgreSQL through the same driver. @module */
import postgres from "postgres"

const connections = 16
const pollMs = 1000
const pollRows = 500

const table = [
  `create table if not exists kine(id bigserial primary key, name varchar(630) collate "C", created integer, deleted integer,
     create_revision bigint, prev_revision bigint, lease integer, value bytea, old_value bytea)`,
  "create index if not exists kine_name_index on kine (name)",
  "create index if not exists kine_name_id_index on kine (name, id)",
  "create index if not exists kine_id_deleted_index on kine (id, deleted)",
  "create index if not exists kine_prev_revision_index on kine (prev_revision)",
  "create unique index if not exists kine_name_prev_revision_uindex on kine (name, prev_revision)"
]
const bounds = `(select max(rkv.id) as id from kine as rkv), (select max(crkv.prev_revision) as prev_revision from kine as crkv
  where crkv.name = 'compact_rev_key')`
const columns =
  "kv.id as theid, kv.name as thename, kv.created, kv.deleted, kv.create_revision, kv.prev_revision, kv.lease, kv.value"
const current = `select * from (select ${bounds}, ${columns} from kine as kv join (
    select max(mkv.id) as id from kine as mkv where mkv.name like $1 escape '^' and mkv.name >= $2 group by mkv.name) as maxkv
  on maxkv.id = kv.id where kv.deleted = 0 or $3) as lkv order by lkv.thename asc limit 1`
const insert = `insert into kine(name, created, deleted, create_revision, prev_revision, lease, value, old_value)
  values($1, $2, $3, $4, $5, $6, $7, $8) returning id`
const after = `select ${bounds}, ${columns}, kv.old_value from kine as kv where kv.name like $1 escape '^' and kv.id > $2 order by kv.id asc
  limit ${pollRows}`

interface Found {
  readonly theid: string
  readonly deleted: number
  readonly create_revision: string
  readonly value: Buffer
}

/** Writes as kine does: it looks at what is there, compares, and adds a row, whose number is the revision. */
export interface Kine {
  readonly create: (key: string, value: Buffer) => Promise<number>
  readonly update: (key: string, value: Buffer, expected: number) => Promise<number>
  readonly remove: (key: string, expected: number) => Promise<number>
  readonly stop: () => Promise<void>
}

/** Opens it on a server at a unix socket. */
export const startKine = async (host: string): Promise<Kine> => {
  const options = { host, port: 5432, user: "postgres", database: "postgres", max: connections, onnotice: () => {} }
  const sql = postgres(options as object as postgres.Options<never>) as postgres.Sql
  for (const statement of table) await sql.unsafe(statement)
  const ask = async <A>(statement: string, parameters: ReadonlyArray<unknown>): Promise<ReadonlyArray<A>> =>
    (await sql.unsafe(statement, [...parameters] as never, { prepare: true })) as never

  // After each row kine wakes its poll, which reads what is new for the watchers, one read at a time.
  let stopped = false
  let wake = (): void => {}
  const polling = (async () => {
    for (let last = 0; !stopped; ) {
      const rows = await ask<Found>(after, ["%", last])
      for (const { theid } of rows) if (Number(theid) === last + 1 || last === 0) last = Number(theid)
      if (rows.length < pollRows)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, pollMs)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
    }
  })()

  const find = async (key: string, deletedToo: boolean): Promise<Found | undefined> =>
    (await ask<Found>(current, [key, "", deletedToo]))[0]
  const add = async (...row: ReadonlyArray<string | number | Buffer | null>): Promise<number> => {
    const [made] = await ask<{ readonly id: string }>(insert, row)
    wake()
    return Number(made?.id)
  }
  const expect = async (key: string, expected: number): Promise<Found> => {
    const found = await find(key, false)
    if (found === undefined || Number(found.theid) !== expected) throw new Error(`${key} is not at ${expected}`)
    return found
  }
  return {
    create: async (key, value) => {
      const found = await find(key, true)
      if (found?.deleted === 0) throw new Error(`${key} exists`)
      return add(key, 1, 0, 0, found === undefined ? 0 : Number(found.theid), 0, value, null)
    },
    update: async (key, value, expected) => {
      const found = await expect(key, expected)
      return add(key, 0, 0, Number(found.create_revision), expected, 0, value, found.value)
    },
    remove: async (key, expected) => {
      const found = await expect(key, expected)
      return add(key, 0, 1, Number(found.create_revision), expected, 0, found.value, found.value)
    },
    stop: async () => {
      stopped = true
      wake()
      await polling
      await sql.end({ timeout: 1 })
    }
  }
}
