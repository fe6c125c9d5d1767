import { sql } from 'drizzle-orm';
import { diffState, type EntityState } from '../domain/entities/diff';
import type { Executor } from './executor';

/** An alert whose entity is locked; `state` is null when the alert was never received or has been removed. */
export interface LockedAlert {
  fingerprint: string;
  state: EntityState | null;
  groupFacts: Record<string, unknown>;
  /** Whether the system has a check for this alert. */
  hasCheck: boolean;
}

interface LockedRow extends Record<string, unknown> {
  id: string;
  state: EntityState | null;
  group_facts: Record<string, unknown> | null;
  has_check: boolean;
}

/**
 * Locks the entities of alerts until the transaction ends, in the order of their ids, and creates rows for the ids in
 * `create`. Returns the alerts by fingerprint. Every writer of alerts calls this before it appends changes, so the
 * changes of each alert are committed in the order of `seq`.
 */
export async function lockAlerts(
  tx: Executor,
  fingerprints: readonly string[],
  create: readonly string[],
  now: Date,
): Promise<Map<string, LockedAlert>> {
  const select = () =>
    tx.execute<LockedRow>(sql`
      select e.id, e.state, a.group_facts,
        exists (select 1 from health_checks h where h.system_id = a.system_id and h.configuration_id = e.id) as has_check
      from entities e left join alerts a on a.fingerprint = e.id
      where e.kind = 'alert' and e.id = any(${sql.param(fingerprints)}::text[])
      order by e.id for update of e`);
  let { rows } = await select();
  const found = new Set(rows.map(({ id }) => id));
  // New rows are inserted in the order of ids, and then all rows are locked again. A concurrent message for the same
  // new alert waits at its insert until this transaction commits, and then locks and reads this row.
  const missing = create.filter((id) => !found.has(id)).sort();
  if (missing.length > 0) {
    const at = now.toISOString();
    await tx.execute(sql`
      insert into entities (kind, id, state, created_at, updated_at)
      select 'alert', id, null, ${at}::timestamptz, ${at}::timestamptz
      from unnest(${sql.param(missing)}::text[]) with ordinality as t(id, ord) order by ord
      on conflict (kind, id) do nothing`);
    rows = (await select()).rows;
  }
  return new Map(
    rows.map((row) => [
      row.id,
      { fingerprint: row.id, state: row.state, groupFacts: row.group_facts ?? {}, hasCheck: row.has_check },
    ]),
  );
}

/** A new state of a locked alert. */
export interface AlertWrite {
  fingerprint: string;
  prev: EntityState | null;
  next: EntityState;
  /** Id of the change row; null if no reactive field has changed. */
  changeId: string | null;
  groupFacts: Record<string, unknown>;
  /** Whether the write was caused by a received message rather than by a person or a timer. */
  received: boolean;
  isNewEpisode: boolean;
}

const toRecord = (write: AlertWrite) => ({
  id: write.fingerprint,
  state: write.next,
  created: write.prev === null,
  group_facts: write.groupFacts,
  received: write.received,
  fresh: write.isNewEpisode,
  change_id: write.changeId,
});

/**
 * Returns the changes to reactive fields of alerts that already existed. For new alerts, the SQL statement derives the
 * transitions from their states.
 */
function transitionsOf(writes: readonly AlertWrite[], nonReactive: readonly string[]) {
  return writes.flatMap(({ fingerprint: id, prev, next, changeId }) => {
    if (changeId === null || prev === null) return [];
    const fields = diffState(prev, next).changedFields.filter((field) => !nonReactive.includes(field));
    return fields.map((field) => ({
      ...{ id, field, change_id: changeId },
      ...{ from_value: prev[field] ?? null, to_value: next[field] ?? null },
      ...{ was: prev[field] !== undefined, is: next[field] !== undefined },
    }));
  });
}

/**
 * Stores new states of locked alerts, and their transitions and episodes, in one statement. The caller appends the
 * change rows.
 */
export async function writeAlerts(
  tx: Executor,
  writes: readonly AlertWrite[],
  { now, nonReactive }: { now: Date; nonReactive: readonly string[] },
): Promise<void> {
  if (writes.length === 0) return;
  const at = now.toISOString();
  await tx.execute(sql`
    with w as materialized (
      select id, state, created, state ->> 'source' as source, state ->> 'status' as status,
        state ->> 'severity' as severity, state -> 'labels' as labels, state ->> 'systemId' as system_id,
        (state ->> 'startsAt')::timestamptz as starts_at, (state ->> 'endsAt')::timestamptz as ends_at,
        state ->> 'endedBy' as ended_by, state ->> 'acknowledgedBy' as acknowledged_by, group_facts, received, fresh,
        change_id, change_id is not null as changed
      from jsonb_to_recordset(${JSON.stringify(writes.map(toRecord))}::jsonb) as w(id text, state jsonb,
        created boolean, group_facts jsonb, received boolean, fresh boolean, change_id uuid)
    ), stored as (
      update entities e set state = w.state, updated_at = ${at}::timestamptz,
        created_at = case when w.created then ${at}::timestamptz else e.created_at end
      from w where e.kind = 'alert' and e.id = w.id
    ), reported as (
      insert into alerts as a (fingerprint, source, status, severity, labels, system_id, starts_at, group_facts,
        last_received_at, repeats)
      select id, source, status, severity, labels, system_id, starts_at, group_facts,
        -- '-infinity' keeps the stored time when no message was received. repeats -1 = reset for a new episode.
        case when received then ${at}::timestamptz else '-infinity' end,
        case when created then 0 when fresh then -1 when received and not changed then 1 else 0 end
      from w order by id
      on conflict (fingerprint) do update set source = excluded.source, status = excluded.status,
        severity = excluded.severity, labels = excluded.labels, system_id = excluded.system_id,
        starts_at = excluded.starts_at, group_facts = excluded.group_facts,
        last_received_at = greatest(a.last_received_at, excluded.last_received_at),
        repeats = case when excluded.repeats < 0 then 0 else a.repeats + excluded.repeats end
      returning fingerprint
    ), episodes as (
      insert into alert_episodes (fingerprint, starts_at, ends_at, ended_by, acknowledged_by)
      select w.id, w.starts_at, w.ends_at, w.ended_by, w.acknowledged_by from w join reported on reported.fingerprint = w.id
      where w.changed order by w.id
      on conflict (fingerprint, starts_at) do update set ends_at = excluded.ends_at, ended_by = excluded.ended_by,
        acknowledged_by = excluded.acknowledged_by
    )
    insert into entity_transitions (kind, entity_id, field, from_value, to_value, at, change_id)
    select 'alert', w.id, f.key, null::jsonb, f.value, ${at}::timestamptz, w.change_id
    from w cross join lateral jsonb_each(w.state) as f
    where w.created and w.changed and f.key <> all(${sql.param(nonReactive)}::text[])
    union all
    select 'alert', id, field, case when was then coalesce(from_value, 'null') end,
      case when "is" then coalesce(to_value, 'null') end,
      ${at}::timestamptz, change_id
    from jsonb_to_recordset(${JSON.stringify(transitionsOf(writes, nonReactive))}::jsonb) as t(id text, field text, change_id uuid,
      from_value jsonb, to_value jsonb, was boolean, "is" boolean)`);
}

/**
 * Increments the repeat count of alerts whose latest message changed nothing, and records when that message was
 * received.
 */
export async function noteRepeats(tx: Executor, fingerprints: readonly string[], now: Date): Promise<void> {
  if (fingerprints.length === 0) return;
  await tx.execute(sql`
    update alerts set repeats = repeats + 1, last_received_at = ${now.toISOString()}::timestamptz
    where fingerprint = any(${sql.param(fingerprints)}::text[])`);
}
