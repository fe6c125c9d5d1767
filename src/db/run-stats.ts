import { sql } from 'drizzle-orm';
import type { Executor } from './executor';
import { PLANNED_EACH_TIME } from './prepare-statements';
import { ACTIVE } from './runs/bucket';

/** Possible lengths of a statistics bucket. */
export const STATS_INTERVALS = ['minute', 'hour', 'day'] as const;
export type StatsInterval = (typeof STATS_INTERVALS)[number];

/**
 * The runs that ended within one time bucket. Durations are from start to end, and null when none of the runs had
 * started.
 */
export interface BucketStats {
  at: Date;
  success: number;
  failed: number;
  cancelled: number;
  p50Ms: number | null;
  p95Ms: number | null;
}

/** Returns the statistics in buckets that are aligned to UTC. Buckets without runs are left out. `to` is exclusive. */
export async function runStats(
  db: Executor,
  { automationId, from, to, bucket }: { automationId?: string; from: Date; to: Date; bucket: StatsInterval },
): Promise<BucketStats[]> {
  const found = await db.execute<
    Record<'success' | 'failed' | 'cancelled', string> & { at: string; durations: (number | null)[] | null }
  >(sql`${PLANNED_EACH_TIME}
    select start::text as at,
      count(*) filter (where status = 'success') as success,
      count(*) filter (where status = 'failed') as failed,
      count(*) filter (where status = 'cancelled') as cancelled,
      percentile_cont('{0.5,0.95}'::float8[]) within group (order by ms) as durations
    from (
      select date_bin(${`1 ${bucket}`}::interval, finished_at, 'epoch') as start, status,
        (extract(epoch from finished_at - started_at) * 1000)::float8 as ms
      from runs
      where status in ('success', 'failed', 'cancelled') and finished_at >= ${from.toISOString()}::timestamptz and finished_at < ${to.toISOString()}::timestamptz
        ${automationId === undefined ? sql`` : sql`and automation_id = ${automationId}`}) as ended
    group by start order by start`);
  return found.rows.map(({ at, success, failed, cancelled, durations }) => ({
    at: new Date(at),
    success: Number(success),
    failed: Number(failed),
    cancelled: Number(cancelled),
    p50Ms: rounded(durations?.[0]),
    p95Ms: rounded(durations?.[1]),
  }));
}

/** Returns how many runs are open now (pending, running or waiting), regardless of when they started. */
export async function countOpenRuns(db: Executor, automationId?: string): Promise<number> {
  const own = automationId === undefined ? sql`` : sql`and automation_id = ${automationId}`;
  const found = await db.execute<{ count: number }>(
    sql`select count(*)::int as count from runs where status in ${ACTIVE} ${own}`,
  );
  return found.rows[0]?.count ?? 0;
}

function rounded(ms: number | null | undefined): number | null {
  return ms == null ? null : Math.round(ms);
}
