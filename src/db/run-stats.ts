import { sql } from 'drizzle-orm';
import type { Executor } from './executor';

/** The lengths that a bucket of the statistics can have. */
export const STATS_INTERVALS = ['minute', 'hour', 'day'] as const;
export type StatsInterval = (typeof STATS_INTERVALS)[number];

/**
 * The runs that ended within one bucket of time. Durations are from start to end; null when none of the runs had
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
  const durationMs = sql`extract(epoch from finished_at - started_at) * 1000`;
  const found = await db.execute<
    Record<'success' | 'failed' | 'cancelled', string> & { at: string } & Record<'p50' | 'p95', number | null>
  >(sql`
    select (date_trunc(${bucket}, finished_at, 'UTC'))::text as at,
      count(*) filter (where status = 'success') as success,
      count(*) filter (where status = 'failed') as failed,
      count(*) filter (where status = 'cancelled') as cancelled,
      percentile_cont(0.5) within group (order by ${durationMs})::float8 as p50,
      percentile_cont(0.95) within group (order by ${durationMs})::float8 as p95
    from runs
    where status in ('success', 'failed', 'cancelled') and finished_at >= ${from.toISOString()}::timestamptz and finished_at < ${to.toISOString()}::timestamptz
      ${automationId === undefined ? sql`` : sql`and automation_id = ${automationId}`}
    group by 1 order by 1`);
  return found.rows.map(({ at, success, failed, cancelled, p50, p95 }) => ({
    at: new Date(at),
    success: Number(success),
    failed: Number(failed),
    cancelled: Number(cancelled),
    p50Ms: rounded(p50),
    p95Ms: rounded(p95),
  }));
}

function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(Number(ms));
}
