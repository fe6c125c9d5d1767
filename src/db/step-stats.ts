import { sql } from 'drizzle-orm';
import type { Executor } from './executor';
import { PLANNED_EACH_TIME } from './prepare-statements';

/** Maximum number of the newest runs whose steps are counted. */
export const COUNTED_STEPS_OF_RUNS = 1_000;
/** Maximum number of steps that are counted. A single run may have 10,000. */
const MAX_STEPS = 50_000;

/** The number of runs that reached one place in a definition. */
export interface PlaceStats {
  /** Path in the definition. Iterations of a `repeat` are counted together. */
  place: string;
  reached: number;
  failed: number;
}

/**
 * Returns, for each step of a version, how many of the newest runs that ended in the period reached the step, and in
 * how many of them it failed. `to` is exclusive.
 */
export async function stepStats(
  db: Executor,
  { automationId, version, from, to }: { automationId: string; version: number; from: Date; to: Date },
): Promise<{ runs: number; places: PlaceStats[] }> {
  const { rows } = await db.execute<{ place: string | null; reached: number; failed: number }>(sql`${PLANNED_EACH_TIME}
    with ended as materialized (
      select id from runs
      where automation_id = ${automationId} and status in ('success', 'failed', 'cancelled')
        and finished_at >= ${from.toISOString()}::timestamptz and finished_at < ${to.toISOString()}::timestamptz
        and version = ${version}
      order by finished_at desc limit ${COUNTED_STEPS_OF_RUNS}),
    steps as (
      select s.run_id, s.status, regexp_replace(s.path, '\\.repeat\\[\\d+\\]', '.repeat', 'g') as place
      from ended cross join lateral (
        select run_id, status, path from run_steps where run_id = ended.id and status <> 'skipped') as s
      limit ${MAX_STEPS})
    select null as place, count(*)::int as reached, 0 as failed from ended
    union all
    select place, count(distinct run_id)::int, count(distinct run_id) filter (where status = 'failed')::int
    from steps group by place`);
  const places = rows.flatMap(({ place, reached, failed }) => (place === null ? [] : [{ place, reached, failed }]));
  return { runs: rows.find(({ place }) => place === null)?.reached ?? 0, places };
}
