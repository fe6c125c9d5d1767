import { join } from 'node:path';
import { startEngine, type Engine } from '../support/engine';
import { until } from '../support/until';

const SKEW_MS = 600_000;
const skewed = (ms: number) => ({
  NODE_OPTIONS: `--require ${join(__dirname, '../support/skewed-clock.cjs')}`,
  FERMATA_TEST_SKEW_MS: String(ms),
});

const DWELL = `
name: Dwell
mode: parallel
concurrency_scope: context_key
triggers: [{ event: healthcheck.system_degraded, for: { seconds: 6 } }]
actions: [{ action: integration-webhook.send, config: { url: "$URL/dwell" } }]
`;
const DELAY = `
name: Delay
triggers: [{ event: automation.event, config: { type: delay } }]
actions:
  - delay: { seconds: 4 }
  - wait_until: { condition: 'health.systems["never"].status == "healthy"', timeout_seconds: 4 }
  - { action: integration-webhook.send, config: { url: "$URL/delay" } }
`;

describe.each([
  ['10 minutes ahead of', SKEW_MS],
  ['10 minutes behind', -SKEW_MS],
])('a worker and an API whose clock is %s that of Postgres', (_text, skew) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
  }, 180_000);
  afterAll(() => engine.close());

  it('fire dwells, end delays and time out waits after the defined time, and report the skew', async () => {
    const api = await engine.api(skewed(skew));
    const worker = await engine.worker(skewed(skew));
    const dwell = await engine.save(DWELL);
    const delay = await engine.save(DELAY);
    const began = Date.now();
    await engine.post(api, '/health/results', { systemId: 'sys', configurationId: 'http', status: 'unhealthy' });
    await engine.emit('delay');
    const arrived = (path: string) => engine.receiver.received.find((each) => each.path === path)?.at;
    await until('both effects', () => arrived('/dwell') !== undefined && arrived('/delay') !== undefined, 60_000);
    for (const [path, seconds] of [
      ['/dwell', 6],
      ['/delay', 8],
    ] as const) {
      const took = ((arrived(path) ?? 0) - began) / 1_000;
      expect(took).toBeGreaterThan(seconds - 0.5);
      expect(took).toBeLessThan(seconds + 120);
    }
    expect((await engine.ended(1, dwell)).map(({ status }) => status)).toEqual(['success']);
    expect((await engine.ended(1, delay)).map(({ status }) => status)).toEqual(['success']);
    expect(worker.output()).toMatch(/the clock of this machine is 600(\.\d)? s (ahead of|behind) the database's/);
  }, 540_000);
});
