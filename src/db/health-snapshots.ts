import { sql, type SQL } from 'drizzle-orm';
import type { Executor } from './executor';
import type { HealthStatus } from './tables/health';

/** The health of one system, as read from the tables. */
export interface HealthSnapshot extends Record<string, unknown> {
  system_id: string;
  status: HealthStatus | null;
  system_since: Date | string;
  /** Time of the newest status transition; null = none. */
  transition_at: Date | string | null;
  /**
   * Whether that transition was the system's first and led to `healthy`. If so, the system also counts as healthy
   * before the transition.
   */
  first_healthy: boolean | null;
  transitions: number;
  /** Time of the oldest counted transition; null = none. */
  oldest_transition_at: Date | string | null;
  results: number;
  /** Time of the oldest counted result; null = none. */
  oldest_result_at: Date | string | null;
  healthy_results: number;
  avg_latency_ms: number | null;
  p95_latency_ms: number | null;
  last_run_at: Date | string | null;
  last_latency_ms: number | null;
  suppressed: boolean;
  in_maintenance: boolean;
  /** Earliest end of a running maintenance; null = none is running. */
  maintenance_ends_at: Date | string | null;
  /** Earliest start of a planned maintenance that is not running; null = none is planned. */
  maintenance_starts_at: Date | string | null;
}

/**
 * Returns snapshots of the given systems that exist, using one query. Transitions are counted from `windowStart` and
 * results from `resultsStart`, both inclusive.
 */
export async function readHealthSnapshots(
  db: Executor,
  systemIds: readonly string[],
  since: { windowStart: Date; resultsStart: Date; now: Date },
): Promise<HealthSnapshot[]> {
  if (systemIds.length === 0) return [];
  const transitions = sql`entity_transitions t where t.kind = 'health' and t.entity_id = s.id and t.field = 'status'`;
  const firstHealthy = sql`(t.from_value is null and t.to_value = '"healthy"'::jsonb)`;
  const result = await db.execute<HealthSnapshot>(sql`
    select s.id as system_id, e.state ->> 'status' as status, s.created_at as system_since,
      last.at as transition_at, last.first_healthy,
      counted.transitions, counted.oldest_at as oldest_transition_at,
      r.results, r.healthy_results, r.avg_latency_ms, r.p95_latency_ms, r.oldest_at as oldest_result_at,
      newest.at as last_run_at, newest.latency_ms as last_latency_ms,
      coalesce(maintenance.suppresses, false) or exists (select from incidents i where i.status <> 'resolved'
        and i.suppress_notifications and i.system_ids @> array[s.id]) as suppressed,
      maintenance.ends_at is not null as in_maintenance,
      maintenance.ends_at as maintenance_ends_at, maintenance.starts_at as maintenance_starts_at
    from systems s
    left join entities e on e.kind = 'health' and e.id = s.id
    left join lateral (select t.at, ${firstHealthy} as first_healthy from ${transitions} order by t.id desc limit 1) last
      on true
    left join lateral (
      select count(*)::int as transitions, min(t.at) as oldest_at from ${transitions}
        and t.at >= ${since.windowStart.toISOString()} and t.to_value is not null and not ${firstHealthy}) counted on true
    left join lateral (
      select count(*)::int as results, min(h.at) as oldest_at, count(*) filter (where h.status = 'healthy')::int as healthy_results,
        avg(h.latency_ms) as avg_latency_ms,
        percentile_cont(0.95) within group (order by h.latency_ms) as p95_latency_ms
      from health_results h where h.system_id = s.id and h.at >= ${since.resultsStart.toISOString()}
    ) r on true
    left join lateral (
      select h.at, h.latency_ms from health_results h where h.system_id = s.id order by h.at desc, h.id desc limit 1
    ) newest on true
    left join lateral (${maintenancesOf(since.now)}) maintenance on true
    where s.id = any(${sql.param([...new Set(systemIds)])}::text[])`);
  return result.rows;
}

/**
 * Selects the running and planned maintenances of the system `s`. The clock rather than the status decides whether a
 * maintenance is running, so that a late timer leaves no gap.
 */
function maintenancesOf(at: Date): SQL {
  const now = at.toISOString();
  return sql`
    select min(m.end_at) filter (where m.start_at <= ${now}) as ends_at,
      min(m.start_at) filter (where m.start_at > ${now}) as starts_at,
      bool_or(m.suppress_notifications) filter (where m.start_at <= ${now}) as suppresses
    from maintenances m
    where m.status in ('scheduled', 'in_progress') and m.system_ids @> array[s.id] and m.end_at > ${now}`;
}
