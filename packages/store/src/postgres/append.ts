/** The function inside the database that writes a batch which its writer has decided already. @module */
import { batchSlots, channelOf } from "./apply.ts"

/** Which server process answers: after a fail-over another one does, and may not know what the old one did. */
export const serverExpression = "extract(epoch from pg_postmaster_start_time())::text"

/**
 * `append`, and `append_lists` where texts come as lists, write rows that a writer has decided from what it knows of every key as of revision
 * `in_base`, and answer true; or nothing at all, and answer false, when that is not the newest revision any more: somebody else wrote, or another server took over. Like `apply` it holds
 * the row of `meta` until the batch is committed and visible, and looks at the newest revision only after it got it. So whoever
 * was paused, slow or cut off after he decided writes nothing: his base is old.
 *
 * Per row: how far its revision is above the base, its place in its commit, the revision that created the key (0: this one; negative: this
 * row deletes the key), and the revision of the change before.
 */
export const appendFunction = (schema: string, kind: "joined" | "lists"): string => {
  const lists = kind === "lists"
  // The settings of a function are set and reset with each call; a connection that carries lists has them from its start.
  const settings = lists
    ? ""
    : "set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off"
  return `
create or replace function ${schema}.${lists ? "append_lists" : "append"}(in_writer bigint, in_number bigint, in_server text, in_base bigint, in_steps integer[], in_parts smallint[],
  in_created bigint[], in_previous bigint[], ${lists ? "in_keys text[], in_values text[]" : "in_keys text, in_values text, in_delimiter text"}) returns boolean language plpgsql
  ${settings} as $function$
declare
  -- Variables, since the database takes elements of those apart once, and of anything else at each look.
  keys text[] := ${lists ? "in_keys" : "string_to_array(in_keys, in_delimiter)"};
  contents text[] := ${lists ? "in_values" : "string_to_array(in_values, in_delimiter)"};
begin
  perform 1 from ${schema}.meta where id = 1 for update;
  if in_base <> coalesce((select l.rev from ${schema}.log l order by l.rev desc limit 1), 1) or in_server <> ${serverExpression} then
    return false;
  end if;
  insert into ${schema}.log(rev, part, key, create_rev, prev_rev, op, value)
  select in_base + in_steps[i], in_parts[i], keys[i], case when in_created[i] = 0 then in_base + in_steps[i] else abs(in_created[i]) end,
    in_previous[i], case when in_created[i] = 0 then 0 when in_created[i] > 0 then 1 else 2 end,
    case when in_created[i] >= 0 then coalesce(contents[i], '') end
  from generate_series(1, cardinality(in_steps)) i;
  -- What is there need not be looked for by a trial to insert it, which is a third of the cost of a small change.
  if not (0 = all(in_created)) then
    update ${schema}.head h set rev = in_base + in_steps[i], deleted = in_created[i] < 0
    from generate_series(1, cardinality(in_steps)) i where in_created[i] <> 0 and h.key = keys[i];
  end if;
  if 0 = any(in_created) then
    insert into ${schema}.head(key, rev, create_rev, deleted)
    select keys[i], in_base + in_steps[i], in_base + in_steps[i], false
    from generate_series(1, cardinality(in_steps)) i where in_created[i] = 0
    on conflict (key) do update set rev = excluded.rev, create_rev = excluded.create_rev, deleted = excluded.deleted;
  end if;
  update ${schema}.batch set number = in_number, answer = '', at = now()
  where writer = in_writer and slot = in_number % ${batchSlots} and number < in_number;
  if not found then
    insert into ${schema}.batch(writer, slot, number, answer, at) values (in_writer, in_number % ${batchSlots}, in_number, '', now())
    on conflict do nothing;
    if not found then
      raise exception 'this batch was given up' using errcode = 'TK001';
    end if;
  end if;
  -- A condition, since that is evaluated on the spot, where a query would have to be started.
  if cardinality(in_steps) > 0 and pg_notify('${channelOf(schema)}', (in_base + in_steps[cardinality(in_steps)])::text) is null then
    return null;
  end if;
  return true;
end $function$`
}
