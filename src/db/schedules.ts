import { sql } from 'drizzle-orm';
import type { TriggerDefinition } from '../domain/definition/trigger';
import { normalizeEvent } from '../domain/registry/registry';
import { scheduleIdOf } from '../domain/run/workflow-id';
import { sha256 } from '../domain/sha256';
import type { Executor } from './executor';

/** Events that Temporal Schedules produce. */
const SCHEDULED = ['automation.cron', 'automation.interval'];

/** The schedule of an enabled trigger. */
export interface ScheduleRow {
  automationId: string;
  automationName: string;
  triggerId: string;
  event: string;
  config: Record<string, unknown>;
  since: Date;
  /** The id that the Schedule should have in Temporal. */
  scheduleId: string;
  /** The id that the Schedule has in Temporal, or had in an older release. */
  formerId: string;
}

/** Returns the id that older releases gave a Schedule. */
const formerId = (automationId: string, triggerId: string): string => `automation:${automationId}:${triggerId}`;

/** Updates an automation's schedules to match its enabled triggers. Unchanged schedules keep their start. */
export async function keepSchedules(
  tx: Executor,
  automationId: string,
  triggers: readonly TriggerDefinition[],
): Promise<void> {
  const wanted = triggers
    .filter(({ enabled, event }) => enabled && SCHEDULED.includes(normalizeEvent(event)))
    .map(({ id, event, config }) => ({
      trigger_id: id,
      event: normalizeEvent(event),
      config,
      gate: sha256(
        JSON.stringify([normalizeEvent(event), Object.entries(config).toSorted(([a], [b]) => (a < b ? -1 : 1))]),
      ),
    }));
  // This is one statement, so that a schedule is either wanted or in `schedule_ends`, never both. A trigger that is
  // removed and added again before the next sweep is taken out of `schedule_ends`, so that its new schedule is not
  // deleted. A changed config sets `since`.
  await tx.execute(sql`
    with wanted as (
      select trigger_id, event, config, gate from jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb) as w(trigger_id text, event text, config jsonb, gate text)),
    gone as (
      delete from schedules s where automation_id = ${automationId}
        and not exists (select 1 from wanted w where w.trigger_id = s.trigger_id)
      returning automation_id, trigger_id, schedule_id),
    ends as (
      insert into schedule_ends (automation_id, trigger_id, schedule_id)
      select automation_id, trigger_id, schedule_id from gone on conflict do nothing),
    back as (
      delete from schedule_ends where automation_id = ${automationId} and trigger_id in (select trigger_id from wanted))
    insert into schedules (automation_id, trigger_id, gate, event, config)
    select ${automationId}, trigger_id, gate, event, config from wanted
    on conflict (automation_id, trigger_id) do update set gate = excluded.gate, event = excluded.event,
      config = excluded.config, since = clock_timestamp(), synced_at = null, attempted_at = null
    where schedules.gate <> excluded.gate`);
}

interface Row extends Record<string, unknown> {
  automation_id: string;
  name: string;
  slug: string;
  schedule_id: string | null;
  trigger_id: string;
  event: string;
  config: Record<string, unknown>;
  since: string;
}

const COLUMNS = sql.raw('s.automation_id, s.trigger_id, s.event, s.config, s.since, s.schedule_id');

const toSchedule = (row: Row): ScheduleRow => ({
  automationId: row.automation_id,
  automationName: row.name,
  triggerId: row.trigger_id,
  event: row.event,
  config: row.config,
  since: new Date(row.since),
  scheduleId: scheduleIdOf(row.slug, row.trigger_id),
  formerId: row.schedule_id ?? formerId(row.automation_id, row.trigger_id),
});

/**
 * SQL condition: Temporal does not have the current form of the schedule. Any worker may try again if an attempt has
 * not succeeded within 5 s.
 */
const UNSYNCED = sql`synced_at is null
  and (attempted_at is null or attempted_at < clock_timestamp() - interval '5 seconds')`;

/** SQL condition: some schedules in Temporal have to be created, updated or deleted. */
export const schedulesToSync = sql`(exists (select 1 from schedule_ends)
  or exists (select 1 from schedules where ${UNSYNCED}))`;

/**
 * Takes up to `limit` schedules whose current form is missing in Temporal, and returns them. Because of `skip locked`,
 * concurrent workers get different rows. Other workers do not take these rows for 5 s, after which the process that
 * took them is assumed to have died.
 */
export async function takeUnsynced(db: Executor, limit: number): Promise<ScheduleRow[]> {
  const taken = await db.execute<Row>(sql`
    with taken as (
      update schedules set attempted_at = clock_timestamp() where (automation_id, trigger_id) in (
        select automation_id, trigger_id from schedules where ${UNSYNCED}
        order by automation_id limit ${limit} for update skip locked)
      returning automation_id, trigger_id, event, config, since, schedule_id)
    select taken.automation_id, taken.trigger_id, taken.event, taken.config, taken.since, taken.schedule_id, a.name, a.slug
    from taken join automations a on a.id = taken.automation_id`);
  return taken.rows.map(toSchedule);
}

/**
 * Records that Temporal has a schedule in the form in which it was taken, with this spec and under this id. If the
 * trigger was edited in between, `since` differs, and the schedule is synced again. This is necessary even if another
 * worker has already synced the edited form, because the older form may have reached Temporal later. If the trigger no
 * longer has a schedule, the schedule is deleted from Temporal. Times are compared in milliseconds, the precision of
 * `Date`.
 */
export async function noteSynced(
  db: Executor,
  { automationId, triggerId, since }: ScheduleRow,
  { spec, scheduleId }: { spec: string; scheduleId: string },
): Promise<void> {
  const key = sql`automation_id = ${automationId} and trigger_id = ${triggerId}`;
  const isTaken = sql`date_trunc('milliseconds', since) = ${since.toISOString()}`;
  await db.execute(sql`
    with noted as (
      update schedules set schedule_id = ${scheduleId}, spec = case when ${isTaken} then ${spec} else spec end,
        synced_at = case when ${isTaken} then clock_timestamp() end,
        attempted_at = case when ${isTaken} then attempted_at end
      where ${key}
      returning 1)
    insert into schedule_ends (automation_id, trigger_id, schedule_id)
    select ${automationId}, ${triggerId}, ${scheduleId} where not exists (select 1 from noted)
    on conflict (automation_id, trigger_id) do update set schedule_id = excluded.schedule_id`);
}

/** Returns the current schedule of a trigger, or null when it has none. */
export async function scheduleOf(db: Executor, automationId: string, triggerId: string): Promise<ScheduleRow | null> {
  const found = await db.execute<Row>(sql`
    select ${COLUMNS}, a.name, a.slug from schedules s join automations a on a.id = s.automation_id
    where s.automation_id = ${automationId} and s.trigger_id = ${triggerId}`);
  return found.rows[0] ? toSchedule(found.rows[0]) : null;
}

/** Returns schedules that have to be deleted from Temporal. */
export async function endedSchedules(
  db: Executor,
  limit: number,
): Promise<{ automationId: string; triggerId: string; scheduleId: string }[]> {
  const found = await db.execute<{ automation_id: string; trigger_id: string; schedule_id: string | null }>(
    sql`select automation_id, trigger_id, schedule_id from schedule_ends limit ${limit}`,
  );
  return found.rows.map((row) => ({
    automationId: row.automation_id,
    triggerId: row.trigger_id,
    scheduleId: row.schedule_id ?? formerId(row.automation_id, row.trigger_id),
  }));
}

/** Removes the request to delete a schedule from Temporal. Call it after Temporal has deleted the schedule. */
export async function forgetScheduleEnd(db: Executor, automationId: string, triggerId: string): Promise<void> {
  await db.execute(sql`delete from schedule_ends where automation_id = ${automationId} and trigger_id = ${triggerId}`);
}

/** Marks schedules that Temporal has lost, i.e. whose ids are not among `known`, to be synced again. */
export async function resyncMissing(db: Executor, known: readonly string[]): Promise<void> {
  await db.execute(sql`
    update schedules s set synced_at = null, attempted_at = null where synced_at < clock_timestamp() - interval '1 minute'
      and not exists (select 1 from jsonb_array_elements_text(${JSON.stringify(known)}::jsonb) as k(id) where k.id = s.schedule_id)`);
}

/** Number of schedules that are compared in one batch. */
const PAGE = 200;

/**
 * Marks schedules to be synced again if their spec in Temporal differs from their current spec, for example after a
 * change to the default time zone.
 */
export async function resyncChanged(db: Executor, specOf: (schedule: ScheduleRow) => string): Promise<void> {
  let after = { automation_id: '00000000-0000-0000-0000-000000000000', trigger_id: '' };
  for (let read = PAGE; read === PAGE;) {
    const { rows } = await db.execute<Row & { spec: string | null }>(sql`
      select ${COLUMNS}, s.spec, a.name, a.slug from schedules s join automations a on a.id = s.automation_id
      where synced_at is not null and (s.automation_id, s.trigger_id) > (${after.automation_id}::uuid, ${after.trigger_id})
      order by s.automation_id, s.trigger_id limit ${PAGE}`);
    read = rows.length;
    after = rows.at(-1) ?? after;
    const changed = rows
      .filter((row) => specOf(toSchedule(row)) !== row.spec)
      .map(({ automation_id, trigger_id }) => ({ automation_id, trigger_id }));
    if (changed.length === 0) continue;
    await db.execute(sql`
      update schedules s set synced_at = null, attempted_at = null
      from jsonb_to_recordset(${JSON.stringify(changed)}::jsonb) as c(automation_id uuid, trigger_id text)
      where s.automation_id = c.automation_id and s.trigger_id = c.trigger_id`);
  }
}
