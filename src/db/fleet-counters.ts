import { Counter, Histogram, Registry } from 'prom-client';
import { FLEET_METRICS, type MetricSeries } from '../domain/fleet-metrics';
import { labelsText, RUNS_TOTAL } from '../domain/run-metrics';
import type { Logger } from '../log';
import type { Executor } from './executor';
import { addToMetricTotals } from './metric-totals';
import { createRunTally } from './run-totals';

const FLUSH_MS = 2_000;

type Metrics = typeof FLEET_METRICS;
type NamesOf<T> = { [Name in keyof Metrics]: Metrics[Name]['type'] extends T ? Name : never }[keyof Metrics];

/** What one process counts for the fleet. */
export interface FleetCounters {
  /** What this process alone has counted. */
  readonly registry: Registry;
  count(name: Exclude<NamesOf<'counter'>, typeof RUNS_TOTAL>, labels?: Record<string, string>, by?: number): void;
  /** Counts runs that ended. They appear in the registry at the next flush, which gives the automation its label. */
  countRuns(automationId: string, status: string, by?: number): void;
  observe(name: NamesOf<'histogram'>, labels: Record<string, string>, seconds: number): void;
  /** Adds what was counted since the last time to the totals; rejects when the database refuses, and keeps it then. */
  flush(): Promise<void>;
  /** Flushes a last time. */
  stop(): Promise<void>;
}

export interface FleetCountersDeps {
  db: Executor;
  log: Logger;
  /** How many automations `fermata_runs_total` shows by name. */
  namedAutomations: number;
}

/**
 * Counts in memory and adds it to the totals in Postgres every two seconds: a process that is killed loses the counts of the last
 * two, and one whose answer is lost may count them twice. Counts are for looking at; nothing is decided by them.
 */
export function createFleetCounters({ db, log, namedAutomations }: FleetCountersDeps): FleetCounters {
  const registry = new Registry();
  const registers = [registry];
  const counters = new Map<string, Counter>();
  const histograms = new Map<string, Histogram>();
  for (const [name, { help, type, labelNames, ...more }] of Object.entries(FLEET_METRICS)) {
    const common = { name, help, labelNames, registers };
    if (type === 'counter') counters.set(name, new Counter(common));
    else histograms.set(name, new Histogram({ ...common, ...('buckets' in more && { buckets: [...more.buckets] }) }));
  }

  const runs = createRunTally(counters.get(RUNS_TOTAL) ?? missing(RUNS_TOTAL), { db, limit: namedAutomations });

  let written = new Map<string, number>();
  const flushNow = async (): Promise<void> => {
    await runs.settle();
    const series = await seriesOf(registry);
    const keyOf = ({ name, labels }: MetricSeries) => `${name}{${labels}}`;
    // A new series is reported also when it is 0: a histogram needs its empty buckets.
    const changed = series.filter((each) => written.get(keyOf(each)) !== each.value);
    const added = changed.map((each) => ({ ...each, value: each.value - (written.get(keyOf(each)) ?? 0) }));
    await addToMetricTotals(db, added);
    written = new Map(series.map((each) => [keyOf(each), each.value]));
  };
  // One after the other: two at once would add the same twice.
  let last: Promise<void> = Promise.resolve();
  const flush = (): Promise<void> => (last = last.catch(() => undefined).then(flushNow));
  const quietly = () => flush().catch((error: unknown) => log.debug({ err: error }, 'counts are kept for later'));
  const timer = setInterval(() => void quietly(), FLUSH_MS).unref();

  return {
    registry,
    count: (name, labels = {}, by = 1) => counters.get(name)?.inc(labels, by),
    countRuns: (automationId, status, by = 1) => runs.add(automationId, status, by),
    observe: (name, labels, seconds) => histograms.get(name)?.observe(labels, seconds),
    flush,
    async stop() {
      clearInterval(timer);
      await quietly();
    },
  };
}

async function seriesOf(registry: Registry): Promise<MetricSeries[]> {
  const metrics = await registry.getMetricsAsJSON();
  return metrics.flatMap(({ name, values }) =>
    values.map((each) => ({
      // The series of a histogram have different names.
      name: (each as { metricName?: string }).metricName ?? name,
      labels: labelsText(each.labels),
      value: each.value,
    })),
  );
}

function missing(name: string): never {
  throw new Error(`The metric ${name} is not defined.`);
}
