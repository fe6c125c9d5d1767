import { randomUUID } from 'node:crypto';
import { startEngine, type Engine } from '../support/engine';
import { startPostgres, startTemporal } from '../support/services';
import { until } from '../support/until';

/** Duration of the outage of Temporal. `npm run chaos` sets two minutes. */
const OUTAGE_SECONDS = Number(process.env['FERMATA_TEST_OUTAGE_SECONDS'] ?? 8);

const QUEUED = `
name: In order
mode: queued
max_runs: 1000
triggers: [{ event: automation.event, config: { type: tick } }]
actions:
  - { action: integration-webhook.send, config: { url: "$URL/{{ trigger.payload.data.n }}" } }
`;

const tick = (n: number) => ({ specversion: '1.0', id: randomUUID(), source: 'test', type: 'tick', data: { n } });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('while Temporal is unavailable', () => {
  let engine: Engine;
  let temporal: Awaited<ReturnType<typeof startTemporal>>;
  beforeAll(async () => {
    temporal = await startTemporal();
    engine = await startEngine({ temporal });
  }, 180_000);
  afterAll(async () => {
    await engine.close();
    await temporal.destroy();
  });

  it(
    'every event is accepted, and every run happens once afterwards, in order',
    async () => {
      const worker = await engine.worker({ FERMATA_LOG_FORMAT: 'json' });
      const api = await engine.api();
      await engine.save(QUEUED);
      const ready = async () => (await fetch(`${api.url}/readyz?deep=true`)).status;
      let n = 0;
      const send = async () => {
        const response = await engine.post(api, '/events', tick(n));
        expect(response.status).toBe(202);
        n += 1;
      };
      await send();
      await engine.ended(1);
      await until('readyz returns 200', async () => (await ready()) === 200);
      await temporal.kill();
      const endsAt = Date.now() + OUTAGE_SECONDS * 1000;
      while (Date.now() < endsAt) {
        await send();
        await pause(500);
      }
      expect(await ready()).toBe(503);
      await temporal.start();
      await send();
      const runs = await engine.ended(n, undefined, 90_000);
      expect(runs).toHaveLength(n);
      expect(runs.every(({ status }) => status === 'success')).toBe(true);
      const expected = Array.from({ length: n }, (_, index) => `/${index}`);
      expect(engine.receiver.received.map(({ path }) => path)).toEqual(expected);
      expect(new Set(engine.receiver.received.map(({ key }) => key)).size).toBe(n);
      await until('readyz returns 200 again', async () => (await ready()) === 200);
      // All lines are JSON, including those about the outage from the SDK's native core, which are coloured by default.
      const lines = worker.output().trimEnd().split('\n');
      expect(lines.filter((line) => !line.startsWith('{'))).toEqual([]);
      expect(lines.some((line) => line.includes('"target":"temporalio'))).toBe(true);
    },
    (OUTAGE_SECONDS + 150) * 1000,
  );
});

describe('a dwell', () => {
  it('fires once if Temporal is killed at its deadline, and if every connection to Postgres is lost', async () => {
    const temporal = await startTemporal();
    const engine = await startEngine({ temporal });
    try {
      await engine.worker();
      const api = await engine.api();
      const dwelling = (systemId: string) =>
        engine.save(`
          name: ${systemId} is not healthy
          mode: parallel
          triggers: [{ event: healthcheck.system_degraded, filter: trigger.payload.systemId == "${systemId}", for: { seconds: 4 } }]
          actions: [{ action: automation.log, config: { message: still } }]
        `);
      const [first, second] = [await dwelling('one'), await dwelling('two')];
      const report = (systemId: string) =>
        engine.post(api, '/health/results', { systemId, configurationId: 'http', status: 'unhealthy' });
      const started = (id: string) =>
        until('its timer is started', async () => {
          const found = await engine.database.pool.query('select started_at from dwells where automation_id = $1', [
            id,
          ]);
          return (found.rows[0] as { started_at: Date | null } | undefined)?.started_at != null;
        });
      await report('one');
      await started(first);
      await temporal.kill();
      await pause(5_000);
      await temporal.start();
      await engine.ended(1, first, 60_000);
      await report('two');
      await started(second);
      for (const _ of [1, 2, 3]) {
        await engine.database.pool.query(
          'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
        );
        await pause(1_000);
      }
      await engine.ended(1, second, 60_000);
      await pause(1_000);
      expect([await engine.runs(first), await engine.runs(second)].map(({ length }) => length)).toEqual([1, 1]);
    } finally {
      await engine.close();
      await temporal.destroy();
    }
  }, 540_000);
});

describe('while Postgres is unavailable', () => {
  it('a dwell at its deadline, a wait and an active run are delayed, and nothing is done twice', async () => {
    const postgres = await startPostgres({ durable: true });
    const engine = await startEngine({ postgres });
    try {
      await engine.worker();
      const api = await engine.api();
      const dwelling = await engine.save(`
        name: Not healthy for long
        triggers: [{ event: healthcheck.system_degraded, for: { seconds: 5 } }]
        actions: [{ action: integration-webhook.send, config: { url: "$URL/dwell" } }]
      `);
      const waiting = await engine.save(`
        name: Waits until healthy
        triggers: [{ event: automation.event, config: { type: outage.wait } }]
        actions:
          - wait_until: { condition: 'health.systems["sys"].status == "healthy"', timeout_seconds: 120, continue_on_timeout: false }
          - { action: integration-webhook.send, config: { url: "$URL/wait" } }
      `);
      const sleeping = await engine.save(`
        name: Sleeps
        triggers: [{ event: automation.event, config: { type: outage.sleep } }]
        actions:
          - { action: integration-webhook.send, config: { url: "$URL/before" } }
          - delay: { seconds: 5 }
          - { action: integration-webhook.send, config: { url: "$URL/after" } }
      `);
      const report = (status: string) =>
        engine.post(api, '/health/results', { systemId: 'sys', configurationId: 'http', status });
      await report('unhealthy');
      await engine.emit('outage.wait');
      await engine.emit('outage.sleep');
      await until('all three are in progress', async () => {
        const found = await engine.database.pool.query(
          `select (select count(*) from dwells where started_at is not null) + (select count(*) from waits)
             + (select count(*) from run_steps where action is not null and status = 'success') as n`,
        );
        return Number((found.rows[0] as { n: string }).n) === 3;
      });
      await postgres.kill();
      expect((await fetch(`${api.url}/readyz`)).status).toBe(503);
      expect((await report('unhealthy')).status).toBe(503);
      await pause(6_000);
      await postgres.start();
      await engine.ended(1, dwelling, 60_000);
      await engine.ended(1, sleeping, 60_000);
      await until('a result is accepted', async () => (await report('healthy')).status === 202);
      await engine.ended(1, waiting, 60_000);
      await pause(1_000);
      const runs = await engine.runs();
      expect(runs.map(({ status }) => status)).toEqual(['success', 'success', 'success']);
      const sent = engine.receiver.received.map(({ path }) => path).toSorted();
      expect(sent).toEqual(['/after', '/before', '/dwell', '/wait']);
    } finally {
      await engine.close();
      await postgres.destroy();
    }
  }, 540_000);
});

describe('an API that is killed right after responding with 202', () => {
  it('loses none of the accepted events', async () => {
    const engine = await startEngine();
    try {
      await engine.save(QUEUED);
      const api = await engine.api();
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, n) => {
          const { status } = await engine.post(api, '/events', tick(n)).catch(() => ({ status: 0 }));
          // Kill the API at the first response, while the others are in progress.
          await api.stop('SIGKILL');
          return { n, status };
        }),
      );
      const accepted = answers.filter(({ status }) => status === 202).map(({ n }) => `/${n}`);
      expect(accepted.length).toBeGreaterThan(0);
      await engine.worker();
      await engine.ended(accepted.length, undefined, 60_000);
      expect(engine.receiver.received.map(({ path }) => path)).toEqual(expect.arrayContaining(accepted));
    } finally {
      await engine.close();
    }
  }, 360_000);
});
