import { sql } from 'drizzle-orm';
import type { Executor } from '../../db/executor';

/** Returns a description of the work that remains to be done at this instant, or null if there is none. */
export async function whatIsLeft(db: Executor): Promise<string | null> {
  const { rows } = await db.execute<Record<string, boolean>>(sql`
    select exists (select 1 from changes where routed_at is null) as changes,
      exists (select 1 from runs where status = 'pending' and start_at is not null) as "runs to start",
      exists (select 1 from runs where close_requested is not null) as "runs to end",
      exists (select 1 from waits where woken_by is not null) as "waits to wake",
      exists (select 1 from dwells where status = 'armed' and started_at is null) as "dwells to start",
      exists (select 1 from dwell_ends) as "dwells to end",
      exists (select 1 from schedules where synced_at is null) as "schedules to set",
      exists (select 1 from schedule_ends) as "schedules to end",
      exists (${domainInstants(sql`at <= clock_timestamp()`)}) as "the clock of the domains"`);
  const left = Object.entries(rows[0] ?? {}).flatMap(([what, is]) => (is ? [what] : []));
  return left.length === 0 ? null : left.join(', ');
}

/**
 * Returns the next instant at which a maintenance, satellite or objective requires work, in milliseconds since the
 * epoch. Returns null if there is none.
 */
export async function nextOfDomains(db: Executor): Promise<number | null> {
  const { rows } = await db.execute<{ at: string | null }>(
    sql`select extract(epoch from min(at)) * 1000 as at from (${domainInstants(sql`true`)}) as due`,
  );
  const at = rows[0]?.at ?? null;
  return at === null ? null : Math.ceil(Number(at));
}

function domainInstants(which: ReturnType<typeof sql>) {
  return sql`
    select at from (
      select case status when 'scheduled' then start_at else end_at end as at from maintenances
        where status in ('scheduled', 'in_progress')
      union all
      select last_seen_at + make_interval(secs => heartbeat_timeout_seconds) from satellites where status = 'online'
      union all
      select compute_at from slos) as instants
    where ${which}`;
}
