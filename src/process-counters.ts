import { Counter, Histogram, Registry } from 'prom-client';
import { COUNTED_METRICS } from './domain/counted-metrics';

type Metrics = typeof COUNTED_METRICS;
type NamesOf<T> = { [Name in keyof Metrics]: Metrics[Name]['type'] extends T ? Name : never }[keyof Metrics];

/** Counters of one process since its start. Prometheus adds up the counters of all processes. */
export interface ProcessCounters {
  readonly registry: Registry;
  count(name: NamesOf<'counter'>, labels?: Record<string, string>, by?: number): void;
  observe(name: NamesOf<'histogram'>, labels: Record<string, string>, seconds: number): void;
}

/** Creates the metrics of `COUNTED_METRICS` in a separate registry. Series without labels start at 0. */
export function createProcessCounters(): ProcessCounters {
  const registry = new Registry();
  const registers = [registry];
  const counters = new Map<string, Counter>();
  const histograms = new Map<string, Histogram>();
  for (const [name, { help, type, labelNames, ...more }] of Object.entries(COUNTED_METRICS)) {
    const common = { name, help, labelNames, registers };
    if (type === 'counter') counters.set(name, new Counter(common));
    else histograms.set(name, new Histogram({ ...common, ...('buckets' in more && { buckets: [...more.buckets] }) }));
  }
  return {
    registry,
    count: (name, labels = {}, by = 1) => counters.get(name)?.inc(labels, by),
    observe: (name, labels, seconds) => histograms.get(name)?.observe(labels, seconds),
  };
}
