import { Counter, Histogram, Registry } from 'prom-client';
import { FLEET_METRICS, type MetricSeries } from '../domain/fleet-metrics';
import type { Logger } from '../log';
import type { Executor } from './executor';
import { addToMetricTotals } from './metric-totals';

const FLUSH_MS = 2_000;

type Metrics = typeof FLEET_METRICS;
type NamesOf<T> = { [Name in keyof Metrics]: Metrics[Name]['type'] extends T ? Name : never }[keyof Metrics];

/** What one process counts for the fleet. */
export interface FleetCounters {
  /** What this process alone has counted. */
  readonly registry: Registry;
  count(name: NamesOf<'counter'>, labels?: Record<string, string>, by?: number): void;
  observe(name: NamesOf<'histogram'>, labels: Record<string, string>, seconds: number): void;
  /** Adds what was counted since the last time to the totals; rejects when the database refuses, and keeps it then. */
  flush(): Promise<void>;
  /** Flushes a last time. */
  stop(): Promise<void>;
}

/**
 * Counts in memory and adds it to the totals in Postgres every two seconds: a process that is killed loses the counts of the last
 * two, and one whose answer is lost may count them twice. Counts are for looking at; nothing is decided by them.
 */
export function createFleetCounters({ db, log }: { db: Executor; log: Logger }): FleetCounters {
  const registry = new Registry();
  const registers = [registry];
  const counters = new Map<string, Counter>();
  const histograms = new Map<string, Histogram>();
  for (const [name, { help, type, labelNames, ...more }] of Object.entries(FLEET_METRICS)) {
    const common = { name, help, labelNames, registers };
    if (type === 'counter') counters.set(name, new Counter(common));
    else histograms.set(name, new Histogram({ ...common, ...('buckets' in more && { buckets: [...more.buckets] }) }));
  }

  let written = new Map<string, number>();
  const flushNow = async (): Promise<void> => {
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
      // Of a histogram each series has a name of its own.
      name: (each as { metricName?: string }).metricName ?? name,
      labels: labelsText(each.labels),
      value: each.value,
    })),
  );
}

/** In one order, since it is part of the key. */
function labelsText(labels: Partial<Record<string, string | number>>): string {
  const escaped = (value: unknown) => String(value).replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n');
  const names = Object.keys(labels).sort();
  return names.map((name) => `${name}="${escaped(labels[name])}"`).join(',');
}
