import type { Registry } from 'prom-client';

type Labels = Partial<Record<string, string | number>>;
interface Point {
  value: number;
  labels: Labels;
  metricName?: string;
}
type Metric = Awaited<ReturnType<Registry['getMetricsAsJSON']>>[number];

/** OTLP's word for counts since the start of the process. */
const CUMULATIVE = 2;

/** Metrics of a process as the body of OTLP over HTTP (JSON), `POST <endpoint>/v1/metrics`. */
export async function otlpMetrics(
  registries: readonly Registry[],
  { service, instance, startedAt, now }: { service: string; instance: string; startedAt: Date; now: Date },
): Promise<Record<string, unknown>> {
  const times = { startTimeUnixNano: nanoseconds(startedAt), timeUnixNano: nanoseconds(now) };
  const all = (await Promise.all(registries.map((registry) => registry.getMetricsAsJSON()))).flat();
  const metrics = all.map((metric) => ({ name: metric.name, description: metric.help, ...dataOf(metric, times) }));
  const attributes = attributesOf({ 'service.name': service, 'service.instance.id': instance });
  return { resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ scope: { name: 'fermata' }, metrics }] }] };
}

function dataOf({ type, values }: Metric, times: Record<string, string>): Record<string, unknown> {
  if (String(type) === 'histogram') {
    const dataPoints = [...grouped(values).values()].map((points) => ({ ...times, ...histogramPoint(points) }));
    return { histogram: { aggregationTemporality: CUMULATIVE, dataPoints } };
  }
  const dataPoints = values.map(({ labels, value }) => ({
    ...times,
    attributes: attributesOf(labels),
    asDouble: value,
  }));
  if (String(type) === 'counter') return { sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints } };
  return { gauge: { dataPoints } };
}

/** Prometheus has a series for each bucket, sum and count; here they are one point for each set of labels. */
function grouped(values: readonly Point[]): Map<string, Point[]> {
  const groups = new Map<string, Point[]>();
  for (const point of values) {
    const key = JSON.stringify(Object.entries(point.labels).filter(([name]) => name !== 'le'));
    groups.set(key, [...(groups.get(key) ?? []), point]);
  }
  return groups;
}

function histogramPoint(points: readonly Point[]): Record<string, unknown> {
  const part = (suffix: string) => points.filter(({ metricName }) => metricName?.endsWith(suffix));
  const buckets = part('_bucket')
    .map(({ labels, value }) => ({ bound: labels['le'] === '+Inf' ? Infinity : Number(labels['le']), value }))
    .sort((a, b) => a.bound - b.bound);
  const { le: _le, ...labels } = points[0]?.labels ?? {};
  return {
    attributes: attributesOf(labels),
    count: String(part('_count')[0]?.value ?? 0),
    sum: part('_sum')[0]?.value ?? 0,
    explicitBounds: buckets.map(({ bound }) => bound).filter(Number.isFinite),
    // Here each bucket counts its own; there it counts those below as well.
    bucketCounts: buckets.map(({ value }, index) => String(value - (buckets[index - 1]?.value ?? 0))),
  };
}

const attributesOf = (labels: Labels) =>
  Object.entries(labels).map(([key, value]) => ({ key, value: { stringValue: String(value) } }));

const nanoseconds = (at: Date) => `${at.getTime()}000000`;
