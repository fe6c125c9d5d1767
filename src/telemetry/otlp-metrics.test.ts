import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { otlpMetrics } from './otlp-metrics';

it('tells counters as sums, gauges as they are, and histograms with a count for each bucket', async () => {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: 'runs_total', help: 'Runs', labelNames: ['status'], registers }).inc({ status: 'success' }, 2);
  new Gauge({ name: 'active', help: 'Active', registers }).set(3);
  const lag = new Histogram({ name: 'lag', help: 'Lag', labelNames: ['of'], buckets: [1, 2], registers });
  for (const seconds of [0.5, 1.5, 1.6, 9]) lag.observe({ of: 'x' }, seconds);
  const at = { startedAt: new Date(1_000), now: new Date(2_000) };
  const told = await otlpMetrics(registers, { service: 'fermata-api', instance: 'i', ...at });
  const times = { startTimeUnixNano: '1000000000', timeUnixNano: '2000000000' };
  const label = (key: string, value: string) => ({ key, value: { stringValue: value } });
  expect(told).toEqual({
    resourceMetrics: [
      {
        resource: { attributes: [label('service.name', 'fermata-api'), label('service.instance.id', 'i')] },
        scopeMetrics: [
          {
            scope: { name: 'fermata' },
            metrics: [
              {
                name: 'runs_total',
                description: 'Runs',
                sum: {
                  aggregationTemporality: 2,
                  isMonotonic: true,
                  dataPoints: [{ ...times, attributes: [label('status', 'success')], asDouble: 2 }],
                },
              },
              {
                name: 'active',
                description: 'Active',
                gauge: { dataPoints: [{ ...times, attributes: [], asDouble: 3 }] },
              },
              {
                name: 'lag',
                description: 'Lag',
                histogram: {
                  aggregationTemporality: 2,
                  dataPoints: [
                    {
                      ...times,
                      attributes: [label('of', 'x')],
                      count: '4',
                      sum: 12.6,
                      explicitBounds: [1, 2],
                      bucketCounts: ['1', '2', '1'],
                    },
                  ],
                },
              },
            ],
          },
        ],
      },
    ],
  });
});
