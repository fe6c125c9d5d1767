import {
  AggregationTemporality,
  DataPointType,
  type CollectionResult,
  type DataPoint,
  type Histogram,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import { emptyResource } from '@opentelemetry/resources';
import type { Registry } from 'prom-client';

type Metric = Awaited<ReturnType<Registry['getMetricsAsJSON']>>[number];
type Point = Metric['values'][number] & { metricName?: string };
/** Start of counting and time of reading, as [seconds, nanoseconds]. */
type Times = Pick<DataPoint<unknown>, 'startTime' | 'endTime'>;

const VALUE_TYPE_DOUBLE = 1;

/**
 * Creates an OpenTelemetry producer of the metrics in prom-client registries, so that the SDK can export what
 * `/metrics` serves. Counters become cumulative sums since `startedAt`. If `registries` fails, the error is returned as
 * an error of the collection.
 */
export function createPrometheusProducer(deps: {
  /** Called at each collection, so that values from the database are current. */
  registries(): Promise<readonly Registry[]>;
  startedAt: Date;
  now(): Date;
}): MetricProducer {
  return {
    async collect(): Promise<CollectionResult> {
      const resource = emptyResource();
      try {
        const read = (await deps.registries()).map((registry) => registry.getMetricsAsJSON());
        const times = { startTime: hrTime(deps.startedAt), endTime: hrTime(deps.now()) };
        const metrics = (await Promise.all(read)).flat().map((metric) => dataOf(metric, times));
        return { resourceMetrics: { resource, scopeMetrics: [{ scope: { name: 'fermata' }, metrics }] }, errors: [] };
      } catch (error) {
        return { resourceMetrics: { resource, scopeMetrics: [] }, errors: [error] };
      }
    },
  };
}

function dataOf({ name, help, type, values }: Metric, times: Times): MetricData {
  const common = {
    descriptor: { name, description: help, unit: '', valueType: VALUE_TYPE_DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  if (String(type) === 'histogram') {
    const dataPoints = [...bySeries(values).values()].map((points) => ({ ...times, ...histogramPoint(points) }));
    return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = values.map(({ labels, value }) => ({ ...times, attributes: attributesOf(labels), value }));
  return String(type) === 'counter'
    ? { ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
    : { ...common, dataPointType: DataPointType.GAUGE, dataPoints };
}

/** Groups the buckets, the sum and the count of a histogram by their labels other than `le`. */
function bySeries(values: readonly Point[]): Map<string, Point[]> {
  const groups = new Map<string, Point[]>();
  for (const point of values) {
    const key = JSON.stringify(Object.entries(point.labels).filter(([name]) => name !== 'le'));
    groups.set(key, [...(groups.get(key) ?? []), point]);
  }
  return groups;
}

function histogramPoint(points: readonly Point[]): Pick<DataPoint<Histogram>, 'attributes' | 'value'> {
  const valueOf = (suffix: string) => points.find(({ metricName }) => metricName?.endsWith(suffix))?.value ?? 0;
  const buckets = points
    .filter(({ metricName }) => metricName?.endsWith('_bucket'))
    .map(({ labels, value }) => ({ bound: labels['le'] === '+Inf' ? Infinity : Number(labels['le']), value }))
    .sort((a, b) => a.bound - b.bound);
  const { le: _le, ...labels } = points[0]?.labels ?? {};
  return {
    attributes: attributesOf(labels),
    value: {
      buckets: {
        boundaries: buckets.map(({ bound }) => bound).filter(Number.isFinite),
        // A bucket of Prometheus includes all smaller buckets; a bucket of OpenTelemetry does not.
        counts: buckets.map(({ value }, index) => value - (buckets[index - 1]?.value ?? 0)),
      },
      sum: valueOf('_sum'),
      count: valueOf('_count'),
    },
  };
}

const attributesOf = (labels: Point['labels']): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)]));

const hrTime = (at: Date): [number, number] => [Math.trunc(at.getTime() / 1_000), (at.getTime() % 1_000) * 1_000_000];
