/** The questions a store asks its database, and the rows that answer them. @module */
import type { Commit } from "../hub.ts"
import { prefixEnd } from "../key.ts"
import type { Change, Entry, ListOptions, Range } from "../store.ts"
import { serverExpression } from "./append.ts"
import { commitsOf } from "./commits.ts"
import type { Field, Question } from "./database.ts"
import type { Report } from "./ledger.ts"

/** Where the log begins and ends. */
export interface Bounds {
  readonly compacted: bigint
  readonly newest: bigint
  /** Which server process answered: see `serverExpression`. */
  readonly server: string
}

/** A read of the log stops before this many changes, and before this many bytes of values, but never inside a commit. */
const pageChanges = 1000
const pageBytes = 4 * 1024 * 1024
/** Room for one commit of the largest size beyond the last whole page. */
const scanLimit = 1600

/** Every answer carries the bounds of the same snapshot, so that nobody mistakes swept history for silence. */
const state = (schema: string): string => `state as materialized (
  select m.compacted, coalesce((select l.rev from ${schema}.log l order by l.rev desc limit 1), 1) as newest,
    ${serverExpression} as server
  from ${schema}.meta m where m.id = 1)`

/** Only the bounds. */
export const boundsQuestion = (schema: string): Question => ({
  statement: `with ${state(schema)} select s.compacted, s.newest, s.server from state s`,
  parameters: []
})

/** A writer learns at most so many keys, which take some 100 MB. */
export const standingsTold = 500_000
/** Further changes than that are not read: all keys are read anew. */
export const changesTold = 100_000

/** Where every key stands: see `reportOf`. One row more than `standingsTold` says that there are too many. */
export const standingsQuestion = (schema: string): Question => ({
  statement: `with ${state(schema)} select s.compacted, s.newest, s.server, h.key, h.rev, h.create_rev, h.deleted
from state s left join (select * from ${schema}.head limit ${standingsTold + 1}) h on true`,
  parameters: []
})

/** What changed after a revision, in order: see `reportOf`. One row more than `changesTold` says that there is more. */
export const changesQuestion = (schema: string, after: number): Question => ({
  statement: `with ${state(schema)} select s.compacted, s.newest, s.server, l.key, l.rev, l.create_rev, l.op = 2
from state s left join (select l.key, l.rev, l.part, l.create_rev, l.op from ${schema}.log l where l.rev > $1::text::bigint
  order by l.rev, l.part limit ${changesTold + 1}) l on true order by l.rev, l.part`,
  parameters: [String(after)]
})

/** The rows that tell a writer of keys. */
export const reportOf = (rows: ReadonlyArray<ReadonlyArray<Field>>): Report => {
  const { compacted, newest, server } = boundsOf(rows)
  return {
    compacted: Number(compacted),
    newest: Number(newest),
    server,
    changes: rows.flatMap(([, , , key, revision, createRevision, deleted]) =>
      key === null || key === undefined
        ? []
        : [
            [
              key as string,
              { revision: Number(revision), createRevision: Number(createRevision), deleted: deleted === true }
            ] as const
          ]
    )
  }
}

/** The last change of the commit at a revision, to see whether it is the one we know. */
export const lastChangeQuestion = (schema: string, revision: bigint): Question => ({
  statement: `select l.key, l.value, l.create_rev from ${schema}.log l where l.rev = $1::text::bigint order by l.part desc limit 1`,
  parameters: [String(revision)]
})

/** Conditions on a key column, and the parameters they name from `$<first>` on. */
const keyConditions = (column: string, range: Range, after: string | undefined, first: number) => {
  const end = prefixEnd(range.prefix)
  const parameters: Array<string> = []
  const conditions: Array<string> = []
  const add = (operator: string, text: string): void => {
    conditions.push(`${column} ${operator} $${first + parameters.length}::text`)
    parameters.push(text)
  }
  if (range.prefix !== "") add(">=", range.prefix)
  if (end !== undefined) add("<", end)
  if (after !== undefined) add(">", after)
  return { condition: conditions.length === 0 ? "true" : conditions.join(" and "), parameters }
}

/** Whole commits of a range with `after < revision <= upTo`, behind a row with the bounds: see `logOf`. The value before each is a second look at the log. */
export const logQuestion = (
  schema: string,
  range: Range,
  after: bigint,
  upTo: bigint | undefined,
  withPrevious: boolean
): Question => {
  const { condition, parameters } = keyConditions("l.key", range, undefined, 3)
  // A window hands its rows on in the order it got them; a join may not.
  const [previous, noPrevious, join, order] = withPrevious
    ? [
        ", p.value",
        ", null::text",
        `left join ${schema}.log p on l.op <> 0 and p.rev = l.prev_rev and p.key = l.key`,
        "order by l.rev, l.part"
      ]
    : ["", "", "", ""]
  return {
    statement: `with ${state(schema)}
select s.newest, s.server, null::text, s.compacted, 0::bigint${noPrevious} from state s
union all (
select l.rev, l.key, l.value, l.create_rev, case when l.op = 0 then 0 else l.prev_rev end${previous}
from (
  select l.*, count(*) over earlier as changes, coalesce(sum(octet_length(l.value)) over earlier, 0) as bytes
  from (select * from ${schema}.log l where l.rev > $1::text::bigint and l.rev <= $2::text::bigint and ${condition}
    order by l.rev, l.part limit ${scanLimit}) l
  window earlier as (order by l.rev groups between unbounded preceding and 1 preceding)
) l ${join}
where l.changes < ${pageChanges} and l.bytes < ${pageBytes} ${order})`,
    parameters: [String(after), upTo === undefined ? "9223372036854775807" : String(upTo), ...parameters]
  }
}

/** The rows of `logQuestion`. */
export const logOf = (rows: ReadonlyArray<ReadonlyArray<Field>>): Bounds & { readonly commits: ReadonlyArray<Commit> } => {
  const [newest = null, server = "", , compacted = null] = rows[0] ?? []
  const changes = rows.slice(1).map(
    ([rev, key, value, createRev, previousRev, previous]): Change => ({
      revision: rev as bigint,
      key: key as string,
      value: (value as string | null) ?? undefined,
      createRevision: createRev as bigint,
      previousRevision: previousRev as bigint,
      ...(typeof previous === "string" ? { previous } : {})
    })
  )
  return {
    newest: (newest as bigint | null) ?? 1n,
    compacted: (compacted as bigint | null) ?? 0n,
    server: String(server),
    commits: commitsOf(changes)
  }
}

/** The bounds in the first row of the other answers. */
export const boundsOf = (rows: ReadonlyArray<ReadonlyArray<Field>>): Bounds => {
  const [compacted, newest, server = ""] = rows[0] ?? []
  return {
    compacted: (compacted as bigint | undefined) ?? 0n,
    newest: (newest as bigint | undefined) ?? 1n,
    server: String(server)
  }
}

/**
 * The entries of a range: see `entriesOf`. At an older revision each key is walked back along its chain of changes to the first
 * one that is old enough.
 */
export const listQuestion = (schema: string, range: Range, options: ListOptions): Question => {
  const { at, limit } = options
  const { condition, parameters } = keyConditions("h.key", range, options.after, at === undefined ? 1 : 2)
  const rows =
    at === undefined
      ? // In the order of `head`, whatever statistics say: sorting the values would write them all to the disk.
        `${schema}.head h cross join lateral (
    select l.value, l.rev, l.create_rev from ${schema}.log l where l.rev = h.rev and l.key = h.key offset 0) v where not h.deleted and ${condition}`
      : `${schema}.head h cross join lateral (
    with recursive walk(rev) as (
      select h.rev union all
      select o.prev_rev from walk w join ${schema}.log o on o.rev = w.rev and o.key = h.key where w.rev > $1::text::bigint)
    select l.* from walk w join ${schema}.log l on l.rev = w.rev and l.key = h.key where w.rev between 1 and $1::text::bigint
  ) v where v.op <> 2 and ${condition}`
  // A parameter, not a number in the text: each text is a statement prepared for good.
  const limitClause = limit === undefined ? "" : ` limit $${parameters.length + (at === undefined ? 1 : 2)}::text::bigint`
  const counted =
    limit === undefined
      ? "0::bigint"
      : at === undefined
        ? `(select count(*) from ${schema}.head h where not h.deleted and ${condition})`
        : `(select count(*) from ${rows})`
  return {
    statement: `with ${state(schema)}
select s.compacted, s.newest, ${counted} as total, x.key, x.value, x.rev, x.create_rev
from state s left join (
  select h.key, v.value, v.rev, v.create_rev from ${rows} order by h.key${limitClause}
) x on true order by x.key`,
    parameters: [...(at === undefined ? [] : [String(at)]), ...parameters, ...(limit === undefined ? [] : [String(limit)])]
  }
}

/** How many keys of a range exist now. */
export const countQuestion = (schema: string, range: Range): Question => {
  const { condition, parameters } = keyConditions("h.key", range, undefined, 1)
  return { statement: `select count(*) from ${schema}.head h where not h.deleted and ${condition}`, parameters }
}

/** The rows of `listQuestion` as entries, and how many there are without the limit. */
export const entriesOf = (
  rows: ReadonlyArray<ReadonlyArray<Field>>
): { readonly entries: ReadonlyArray<Entry>; readonly total: number } => {
  const entries: Array<Entry> = []
  for (const [, , , key, value, rev, createRev] of rows) {
    if (key === null) continue
    entries.push({ key: key as string, value: value as string, revision: rev as bigint, createRevision: createRev as bigint })
  }
  return { entries, total: Number(rows[0]?.[2] ?? 0) }
}
