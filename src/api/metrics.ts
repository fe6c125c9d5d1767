import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { sql } from 'drizzle-orm';
import type { Executor } from '../db/executor';
import { collectProcessMetrics } from '../process-metrics';
import type { ProcessCounters } from '../process-counters';
import { createRunCounter } from './run-counter';
import type { Route } from './http/route';

/**
 * Metrics of the API process, and metrics of the whole installation, such as ended runs and armed waits. The metrics of
 * the installation are read from the database at each scrape.
 */
export interface ApiMetrics {
  observeRequest(route: Route, status: number, seconds: number): void;
  /**
   * Counts events and requests that were dropped because an earlier one had the same identity (source and id, or
   * `Idempotency-Key`) but different content.
   */
  countMismatched(count: number): void;
  /** Starts counting ended runs. Rejects when the database cannot be read. */
  start(): Promise<void>;
  /** Returns all metrics, with current values from the database. */
  collect(): Promise<readonly Registry[]>;
  /** Returns the metrics in the Prometheus text format, with the content type. */
  render(): Promise<{ text: string; contentType: string }>;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

interface ApiMetricsDeps {
  db: Executor;
  counters: ProcessCounters;
  /** Number of automations that `fermata_runs_total` shows by name. */
  named: number;
}

/** Creates the metrics in a new registry, so that several applications can run in one process. */
export function createApiMetrics({ db, counters, named }: ApiMetricsDeps): ApiMetrics {
  const registry = new Registry();
  collectProcessMetrics(registry);
  const registers = [registry];
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to answer a request, by route',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers,
  });
  const mismatched = new Counter({
    name: 'fermata_mismatched_repeats_total',
    help: 'Events and requests dropped because an earlier one had the same identity but other content',
    registers,
  });
  const gauges = databaseGauges(registry);
  const runs = createRunCounter(registers, { db, named });
  const refresh = async () => {
    const [state] = await Promise.all([readState(db), runs.refresh()]);
    gauges.runsActive.set(state.runsActive);
    gauges.waitsArmed.set(state.waitsArmed);
    gauges.dwellsArmed.set(state.dwellsArmed);
    gauges.deadLetters.set(state.deadLetters);
    gauges.unrouted.set(state.oldestUnroutedSeconds);
    gauges.oldestPending.set(state.oldestPendingSeconds);
    gauges.withoutProgress.set(state.withoutProgress);
    gauges.tasksRetrying.set(state.tasksRetrying);
    gauges.housekeeping.set(state.housekeepingAt);
  };
  return {
    observeRequest: (route, status, seconds) =>
      requests.observe({ method: route.method, route: route.path, status }, seconds),
    countMismatched: (count) => mismatched.inc(count),
    start: () => runs.refresh(),
    async collect() {
      await refresh();
      return [registry, counters.registry];
    },
    async render() {
      await refresh();
      const texts = await Promise.all([registry.metrics(), counters.registry.metrics()]);
      return { text: texts.join('\n'), contentType: registry.contentType };
    },
  };
}

function databaseGauges(registry: Registry) {
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] });
  return {
    runsActive: gauge('fermata_runs_active', 'Runs that are pending, running or waiting'),
    waitsArmed: gauge('fermata_waits_armed', 'Steps of runs that wait for an event or a state'),
    dwellsArmed: gauge('fermata_dwells_armed', 'Armed dwells: causes that must hold for the duration of `for`'),
    deadLetters: gauge('fermata_dead_letters', 'Changes that were set aside because they could not be routed'),
    unrouted: gauge('fermata_unrouted_age_seconds', 'Age of the oldest change that has not been routed'),
    oldestPending: gauge(
      'fermata_oldest_pending_run_seconds',
      'Time for which the oldest run that may start has been waiting to start',
    ),
    withoutProgress: gauge('fermata_runs_without_progress', 'Open runs that make no progress'),
    tasksRetrying: gauge('fermata_workflow_tasks_retrying', 'Runs whose workflow task was tried more than three times'),
    housekeeping: gauge(
      'fermata_housekeeping_timestamp_seconds',
      'Unix time at which a round of housekeeping last ended; 0 = never',
    ),
  };
}

async function readState(db: Executor) {
  const found = await db.execute<{
    active: number;
    dwells: number;
    waits: number;
    dead: number;
    lag: number;
    oldest_pending: number;
    without_progress: number;
    tasks_retrying: number;
    housekeeping: number;
  }>(sql`
    select
      (select count(*)::int from runs where status in ('pending', 'running', 'waiting')) as active,
      (select count(*)::int from waits) as waits,
      (select count(*)::int from dwells where status = 'armed') as dwells,
      (select count(*)::int from changes where failed_at is not null) as dead,
      (select coalesce(extract(epoch from clock_timestamp() - min(start_at)), 0)::float8 from runs
        where status = 'pending' and start_at is not null) as oldest_pending,
      (select count(*)::int from stuck_runs where code <> 'not_started') as without_progress,
      (select count(*)::int from stuck_runs where code = 'workflow_task') as tasks_retrying,
      (select coalesce(max(extract(epoch from done_at)), 0)::float8 from periodic_work where name = 'housekeeping')
        as housekeeping,
      ${oldestUnroutedSeconds} as lag`);
  const row = found.rows[0];
  return {
    runsActive: row?.active ?? 0,
    dwellsArmed: row?.dwells ?? 0,
    waitsArmed: row?.waits ?? 0,
    deadLetters: row?.dead ?? 0,
    oldestUnroutedSeconds: row?.lag ?? 0,
    oldestPendingSeconds: Math.max(0, row?.oldest_pending ?? 0),
    withoutProgress: row?.without_progress ?? 0,
    tasksRetrying: row?.tasks_retrying ?? 0,
    housekeepingAt: row?.housekeeping ?? 0,
  };
}

/** Seconds since the oldest unrouted change was recorded. */
export const oldestUnroutedSeconds = sql`(select coalesce(extract(epoch from clock_timestamp() - min(recorded_at)), 0)::float8
  from (select recorded_at from changes where routed_at is null order by seq limit 100) oldest)`;
