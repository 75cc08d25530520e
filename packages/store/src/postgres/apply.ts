/** The functions inside the database: one writes a batch of commits, one sweeps a stretch of compacted history. @module */

/** The channel on which a store in a schema tells of new revisions. */
export const channelOf = (schema: string): string => `${schema}_revisions`

/** So many batches of one writer may be on their way at once, and the answer to each is kept until the next one in its slot. */
export const batchSlots = 2

/** Plans made once and by index, whatever the statistics of a growing table say meanwhile. */
const settings = `set plan_cache_mode = force_generic_plan set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off`

/**
 * `apply` writes a batch in which every commit is one write, `apply_together` one whose commits may have several.
 *
 * The row of `meta` is locked first and until the batch is committed and visible, so the next writer starts only then, and each
 * statement after the lock sees a fresh snapshot. Hence the order of revisions is the order in which they become visible, whoever
 * holds revision r holds all below it, and a batch that fails leaves no hole.
 *
 * Who writes names itself and numbers its batches; the answer to each is kept, so that a writer which lost its connection can ask what became of the
 * batch (`settle_batch`). A batch with a number that was passed already is refused: it comes from a connection that was given up.
 *
 * `in_ops` 0 is put and 1 delete; `in_expected` -1 is unconditional; `in_ttls` is a time to live in milliseconds, or minus a lease, or 0. Per write
 * the answer holds the revision, or minus the current revision on a conflict (0: absent), or `L` when its lease has ended, or `-` for a write that was
 * held back by another of its commit.
 */
export const applyFunction = (schema: string, kind: "single" | "together"): string => {
  const together = kind === "together"
  return `
create function ${schema}.${together ? "apply_together" : "apply"}(in_writer bigint, in_number bigint, in_ops smallint[], in_expected bigint[]${together ? ", in_commits integer[], in_ttls bigint[]" : ""},
  in_keys text, in_values text, in_delimiter text) returns text language plpgsql ${settings} as $function$
declare
  base bigint;
  newest bigint;
  answer text;
begin
  perform 1 from ${schema}.meta where id = 1 for update;
  base := coalesce((select l.rev from ${schema}.log l order by l.rev desc limit 1), 1);${
    together
      ? `
  -- Whoever ends one of these waits until the keys that are put under it here can be seen.
  perform 1 from ${schema}.lease l where l.id in (select -t.ttl from unnest(in_ttls) t(ttl) where t.ttl < 0) for share;`
      : ""
  }
  with given as (
    select * from unnest(in_ops, in_expected${together ? ", in_commits, in_ttls" : ""}, string_to_array(in_keys, in_delimiter),
      string_to_array(in_values, in_delimiter)) with ordinality as g(op, expected${together ? ", txn, ttl" : ""}, key, value, n)
    where g.op is not null
  ), judged as (
    select g.*, coalesce(h.rev, 0) as chain, h.create_rev as created,
      case when h.key is null or h.deleted then 0 else h.rev end as current
    from given g left join ${schema}.head h on h.key = g.key collate "C"
  ), decided as (
    select j.*, ${
      together
        ? `j.expected = -1 or j.expected = j.current as fits, (j.expected = -1 or j.expected = j.current) and
      (j.ttl >= 0 or exists (select 1 from ${schema}.lease l where l.id = -j.ttl and not l.ending)) as ok`
        : "j.expected = -1 or j.expected = j.current as ok"
    } from judged j
  ), together as (
    select d.*, ${together ? "bool_and(d.ok) over (partition by d.txn)" : "d.ok"} as accepted,
      ${together ? "row_number() over (partition by d.txn order by d.n) - 1" : "0"} as part
    from decided d
  ), effective as (
    select t.*, t.accepted and not (t.op = 1 and t.current = 0) as changes from together t
  ), numbered as (
    ${
      together
        ? `select f.*, base + sum(f.leads::int) over (order by f.txn) as rev from (
      select e.*, e.changes and row_number() over (partition by e.txn, e.changes order by e.n) = 1 as leads from effective e) f`
        : "select e.*, base + sum(e.changes::int) over (order by e.n rows unbounded preceding) as rev from effective e"
    }
  ), logged as (
    insert into ${schema}.log(rev, part, key, create_rev, prev_rev, op, value)
    select rev, part, key, case when current = 0 then rev else created end, chain,
      case when op = 1 then 2 when current = 0 then 0 else 1 end, case when op = 0 then coalesce(value, '') end
    from numbered where changes
  ), headed as (
    insert into ${schema}.head(key, rev, create_rev, deleted)
    select key, rev, case when current = 0 then rev else created end, op = 1 from numbered where changes
    on conflict (key) do update set rev = excluded.rev, create_rev = excluded.create_rev, deleted = excluded.deleted
  )${
    together
      ? `, living as materialized (
    select key, rev, ttl, case when ttl > 0 then -nextval('${schema}.lease_id') else -ttl end as lease from numbered where changes and ttl <> 0
  ), granted as (
    insert into ${schema}.lease(id, ttl_ms, stamp, ending)
    select lease, ttl, pg_current_xact_id()::text::bigint, false from living where ttl > 0
  ), expiring as (
    insert into ${schema}.expiry(key, rev, lease) select key, rev, lease from living
    on conflict (key) do update set rev = excluded.rev, lease = excluded.lease
  )`
      : ""
  }
  select string_agg(case when accepted then rev::text when ok then '-' ${together ? "when fits then 'L' " : ""}else (-current)::text end, ',' order by n),
    max(rev) filter (where changes)
  into answer, newest from numbered;
  insert into ${schema}.batch(writer, slot, number, answer, at) values (in_writer, in_number % ${batchSlots}, in_number, answer, now())
  on conflict (writer, slot) do update set number = excluded.number, answer = excluded.answer, at = excluded.at
  where batch.number < excluded.number;
  if not found then
    raise exception 'this batch was given up' using errcode = 'TK001';
  end if;
  if newest is not null then
    perform pg_notify('${channelOf(schema)}', newest::text);
  end if;
  return answer;
end $function$`
}

/**
 * What became of a batch whose connection was lost: its answer, or null when it did not happen, and then it never will. The lock on `meta` waits
 * for a server process that may still be at work on it.
 */
export const settleFunction = (schema: string): string => `
create function ${schema}.settle_batch(in_writer bigint, in_number bigint) returns text language plpgsql ${settings} as $function$
declare
  known text;
begin
  perform 1 from ${schema}.meta where id = 1 for update;
  select b.answer into known from ${schema}.batch b
  where b.writer = in_writer and b.slot = in_number % ${batchSlots} and b.number = in_number;
  if known is null then
    insert into ${schema}.batch(writer, slot, number, answer, at) values (in_writer, in_number % ${batchSlots}, in_number, null, now())
    on conflict (writer, slot) do update set number = excluded.number, answer = null, at = excluded.at where batch.number < excluded.number;
  end if;
  return known;
end $function$`

/**
 * Deletes what a stretch of compacted history replaced, at most `in_limit` revisions at a time, and returns how many rows went and
 * whether there is more. The newest revision always stays: it is where the next one counts from.
 */
export const sweepFunction = (schema: string): string => `
create function ${schema}.sweep_some(in_limit bigint, out deleted bigint, out more boolean) language plpgsql ${settings} as $function$
declare
  low bigint;
  high bigint;
  goal bigint;
  dropped bigint;
begin
  select s.swept into low from ${schema}.sweep s where s.id = 1 for update;
  goal := least((select m.compacted from ${schema}.meta m where m.id = 1),
    coalesce((select l.rev from ${schema}.log l order by l.rev desc limit 1), 1) - 1);
  high := least(goal, low + in_limit);
  deleted := 0;
  more := false;
  if high <= low then
    return;
  end if;
  delete from ${schema}.log o using ${schema}.log n
  where n.rev > low and n.rev <= high and n.prev_rev > 0 and o.rev = n.prev_rev and o.key = n.key;
  get diagnostics dropped = row_count;
  deleted := deleted + dropped;
  -- A writer may hold some of these rows; waiting for it could end in a deadlock, and it is about to replace them anyway.
  delete from ${schema}.head h using (
    select d.key, d.rev from ${schema}.log l join ${schema}.head d on d.key = l.key and d.rev = l.rev
    where l.rev > low and l.rev <= high and l.op = 2 and d.deleted for update of d skip locked
  ) gone where h.key = gone.key and h.rev = gone.rev;
  delete from ${schema}.log l where l.rev > low and l.rev <= high and l.op = 2;
  get diagnostics dropped = row_count;
  deleted := deleted + dropped;
  update ${schema}.sweep set swept = high where id = 1;
  more := high < goal;
end $function$`
