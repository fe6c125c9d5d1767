import { AggregationTemporality, DataPointType } from '@opentelemetry/sdk-metrics';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { createPrometheusProducer } from './prometheus-producer';

const at = { startedAt: new Date(1_500), now: () => new Date(2_000) };

it('reads counters as sums, gauges as they are, and histograms with a count for each bucket', async () => {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: 'runs_total', help: 'Runs', labelNames: ['status'], registers }).inc({ status: 'success' }, 2);
  new Gauge({ name: 'active', help: 'Active', registers }).set(3);
  const lag = new Histogram({ name: 'lag', help: 'Lag', labelNames: ['of'], buckets: [1, 2], registers });
  for (const seconds of [0.5, 1.5, 1.6, 9]) lag.observe({ of: 'x' }, seconds);
  const producer = createPrometheusProducer({ ...at, registries: () => Promise.resolve(registers) });
  const { resourceMetrics, errors } = await producer.collect();
  const times = { startTime: [1, 500_000_000], endTime: [2, 0] };
  const descriptor = (name: string, description: string) => ({ name, description, unit: '', valueType: 1 });
  const aggregationTemporality = AggregationTemporality.CUMULATIVE;
  expect(errors).toEqual([]);
  expect(resourceMetrics.scopeMetrics).toEqual([
    {
      scope: { name: 'fermata' },
      metrics: [
        {
          ...{ descriptor: descriptor('runs_total', 'Runs'), aggregationTemporality },
          ...{ dataPointType: DataPointType.SUM, isMonotonic: true },
          dataPoints: [{ ...times, attributes: { status: 'success' }, value: 2 }],
        },
        {
          ...{ descriptor: descriptor('active', 'Active'), aggregationTemporality },
          dataPointType: DataPointType.GAUGE,
          dataPoints: [{ ...times, attributes: {}, value: 3 }],
        },
        {
          ...{ descriptor: descriptor('lag', 'Lag'), aggregationTemporality },
          dataPointType: DataPointType.HISTOGRAM,
          dataPoints: [
            {
              ...{ ...times, attributes: { of: 'x' } },
              value: { buckets: { boundaries: [1, 2], counts: [1, 2, 1] }, sum: 12.6, count: 4 },
            },
          ],
        },
      ],
    },
  ]);
});

it('reports that the metrics could not be read, and exports none', async () => {
  const error = new Error('the database is unreachable');
  const producer = createPrometheusProducer({ ...at, registries: () => Promise.reject(error) });
  const { resourceMetrics, errors } = await producer.collect();
  expect([resourceMetrics.scopeMetrics, errors]).toEqual([[], [error]]);
});
