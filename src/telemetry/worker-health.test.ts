import type { Config } from '../config';
import type { LoopWatch } from '../engine/loop-watch';
import { createLogger } from '../log';
import { freePort } from '../os/free-port';
import { createWorkerMetrics } from './worker-metrics';

it('/healthz of a worker answers 503 while one of its loops is stalled, and the metrics report each loop', async () => {
  const port = await freePort();
  const loops = [
    { name: 'starts', ageSeconds: 0.4, stalled: false, restarts: 0 },
    { name: 'routing', ageSeconds: 31, stalled: true, restarts: 1 },
  ];
  const metrics = createWorkerMetrics();
  metrics.watchLoops({ states: () => loops } as unknown as LoopWatch);
  const config = { metricsHost: '127.0.0.1', metricsPort: port } as Config;
  const log = createLogger({ level: 'silent', name: 'test' });
  const server = await metrics.serve(config, { log, sdkMetricsPort: undefined });
  try {
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: response.status, body: await response.text() };
    };
    const stalled = await get('/healthz');
    expect([stalled.status, JSON.parse(stalled.body)]).toEqual([503, { status: 'stalled', loops }]);
    const { body } = await get('/metrics');
    expect(body).toContain('fermata_loop_age_seconds{loop="routing"} 31');
    expect(body).toContain('fermata_loop_restarts{loop="routing"} 1');
    loops.pop();
    const healthy = await get('/healthz');
    expect([healthy.status, JSON.parse(healthy.body)]).toEqual([200, { status: 'ok', loops }]);
  } finally {
    await server.close();
  }
});
