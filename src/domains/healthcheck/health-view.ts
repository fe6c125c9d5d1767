import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { readHealthSnapshots, type HealthSnapshot } from '../../db/health-snapshots';
import type { ChangeHint } from '../../domain/expressions/clock-parts';
import { HealthStatus } from './health-status';

/** Maximum age of raw results, in milliseconds. Latencies and rates are computed from these results. */
const RESULTS_WINDOW_MS = 24 * 3_600_000;

/** Default of `transition_window_minutes`. */
export const DEFAULT_WINDOW_MINUTES = 60;

/** Value of `health.*` in expressions: the health of a system, and figures about it. Times are in ISO 8601. */
export const HealthView = z.object({
  status: HealthStatus.describe('Current status; a system without results is healthy'),
  in_status_since: z.string().describe('Start of the current status, ISO 8601'),
  in_status_for_ms: z.number().describe('Time spent in the current status, in ms'),
  latency_ms: z.number().nullable().describe('Latency of the newest result'),
  avg_latency_ms: z.number().nullable().describe('Average over the results of the last 24 hours that have a latency'),
  p95_latency_ms: z.number().nullable().describe('95th percentile of the same results'),
  success_rate: z
    .number()
    .nullable()
    .describe('Share of healthy results in the last 24 hours, 0 to 1; null without results'),
  last_run_at: z.string().nullable().describe('Time of the newest result, ISO 8601'),
  in_maintenance: z.boolean().describe('Whether a maintenance of the system is running'),
  notifications_suppressed: z
    .boolean()
    .describe('Whether an open incident or a running maintenance of the system suppresses its notifications'),
  transitions_in_window: z.number().describe('Number of changes of status in the window'),
  transition_window_minutes: z.number().describe('Length of that window'),
  evaluated_at: z.string().describe('When this was computed, ISO 8601'),
});
export type HealthView = z.infer<typeof HealthView>;

/**
 * Returns the time since which the system has had its current status. A system without results, or whose first status
 * is healthy, has been healthy since its creation.
 */
function statusSince(row: HealthSnapshot): Date {
  const since = row.status === null || row.transition_at === null || row.first_healthy;
  return new Date(since ? row.system_since : (row.transition_at ?? row.system_since));
}

function toView(row: HealthSnapshot, now: Date, windowMinutes: number): HealthView {
  const since = statusSince(row);
  const view: HealthView = {
    status: row.status ?? 'healthy',
    in_status_since: since.toISOString(),
    in_status_for_ms: Math.max(0, now.getTime() - since.getTime()),
    latency_ms: row.last_latency_ms,
    avg_latency_ms: row.avg_latency_ms,
    p95_latency_ms: row.p95_latency_ms,
    success_rate: row.results === 0 ? null : row.healthy_results / row.results,
    last_run_at: row.last_run_at === null ? null : new Date(row.last_run_at).toISOString(),
    in_maintenance: row.in_maintenance,
    notifications_suppressed: row.suppressed,
    transitions_in_window: row.transitions,
    transition_window_minutes: windowMinutes,
    evaluated_at: now.toISOString(),
  };
  return Object.defineProperties(view, hidden(changesOf(row, windowMinutes)));
}

type Change = Date | string | null;

/** Returns the time `ms` after a change, rounded up to the next millisecond, or null if there was no change. */
const after = (change: Change, ms: number): string | null =>
  change === null ? null : new Date(new Date(change).getTime() + ms + 1).toISOString();

const isoOf = (change: Change): string | null => (change === null ? null : new Date(change).toISOString());

/**
 * Returns the earliest times at which fields of a view change merely because time passes. A time is null if there is no
 * such change. The names are those that `earliestChange` reads.
 */
const changesOf = (row: HealthSnapshot, windowMinutes: number): Record<ChangeHint, string | null> => ({
  maintenance_ends_at: isoOf(row.maintenance_ends_at),
  maintenance_starts_at: isoOf(row.maintenance_starts_at),
  transitions_window_changes_at: after(row.oldest_transition_at, windowMinutes * 60_000),
  results_window_changes_at: after(row.oldest_result_at, RESULTS_WINDOW_MS),
});

/**
 * Returns non-enumerable properties: `earliestChange` can read them, but they are not listed as fields or written as
 * JSON.
 */
const hidden = (values: Record<string, unknown>): PropertyDescriptorMap =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value, enumerable: false }]));

/** Returns the views of systems by id, with one query. Unknown ids are absent. */
export async function readHealthViews(
  db: Executor,
  systemIds: readonly string[],
  options: { now: Date; windowMinutes?: number },
): Promise<Map<string, HealthView>> {
  const { now, windowMinutes = DEFAULT_WINDOW_MINUTES } = options;
  const rows = await readHealthSnapshots(db, systemIds, {
    windowStart: new Date(now.getTime() - windowMinutes * 60_000),
    resultsStart: new Date(now.getTime() - RESULTS_WINDOW_MS),
    now,
  });
  return new Map(rows.map((row) => [row.system_id, toView(row, now, windowMinutes)]));
}
