import { asc, isNull, sql } from 'drizzle-orm';
import type { Executor } from './executor';
import { automations } from './tables/automations';

/** Ended runs of one automation, by status. */
export interface EndedRuns {
  automationId: string;
  status: string;
  count: number;
}

/**
 * Returns the names, by id, of the automations that `fermata_runs_total` shows: the `limit` oldest automations. The
 * selection depends only on the database, so that all processes use the same labels.
 */
export async function namedAutomations(db: Executor, limit: number): Promise<Map<string, string>> {
  const rows = await db
    .select({ id: automations.id, name: automations.name })
    .from(automations)
    .where(isNull(automations.deletedAt))
    .orderBy(asc(automations.id))
    .limit(limit);
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/**
 * Returns the time up to which ended runs can be counted, in ISO 8601 with microseconds. It is 2 s in the past, because
 * a run becomes visible when its transaction commits, which is later than its end time. A run whose commit takes longer
 * than that is missed.
 */
export async function countableUntil(db: Executor): Promise<string> {
  const { rows } = await db.execute<{ until: string }>(
    sql`select to_char(clock_timestamp() at time zone 'UTC' - interval '2 seconds', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as until`,
  );
  return rows[0]?.until ?? '';
}

/**
 * Counts the runs that ended after `after`, up to and including `until`. Runs that were replaced by another run are
 * left out.
 */
export async function countEndedRuns(db: Executor, after: string, until: string): Promise<EndedRuns[]> {
  const { rows } = await db.execute<{ automation_id: string; status: string; count: number }>(sql`
    select automation_id, status, count(*)::int as count from runs
    where finished_at > ${after}::timestamptz and finished_at <= ${until}::timestamptz
      and status in ('success', 'failed', 'cancelled') and ended_by ->> 'kind' is distinct from 'replaced'
    group by automation_id, status`);
  return rows.map(({ automation_id: automationId, ...row }) => ({ automationId, ...row }));
}
