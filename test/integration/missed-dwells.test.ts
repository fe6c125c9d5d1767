import { startEngine, type Engine } from '../support/engine';
import { until } from '../support/until';

const MINUTE = 60_000;

const dwell = (systemId: string, missed = '') => `
name: ${systemId} is not healthy
mode: parallel
triggers:
  - event: healthcheck.system_degraded
    filter: trigger.payload.systemId == "${systemId}"
    for: { minutes: 3${missed} }
actions: [{ action: automation.log, config: { message: not healthy } }]
`;

describe('a dwell whose deadline passed while no worker was running, and whose cause has ended since', () => {
  let engine: Engine;
  let api: { url: string };
  beforeAll(async () => {
    engine = await startEngine();
    api = await engine.api();
  }, 270_000);
  afterAll(() => engine.close());

  const report = async (systemId: string, status: string, minutesAgo: number) => {
    const timestamp = new Date(Date.now() - minutesAgo * MINUTE).toISOString();
    const result = { systemId, configurationId: 'http', status, timestamp };
    expect((await engine.post(api, '/health/results', result)).status).toBe(202);
  };

  it('fires if the log shows that its cause held until the deadline, and is only reported with missed: report', async () => {
    const held = await engine.save(dwell('held'));
    const stopped = await engine.save(dwell('stopped'));
    const reported = await engine.save(dwell('reported', ', missed: report'));
    for (const systemId of ['held', 'stopped', 'reported']) await report(systemId, 'healthy', 20);
    for (const systemId of ['held', 'stopped', 'reported']) await report(systemId, 'unhealthy', 10);
    // The cause of `stopped` ended before the deadline, so it did not hold for three minutes.
    await report('stopped', 'healthy', 9);
    for (const systemId of ['held', 'reported']) await report(systemId, 'healthy', 4);
    await engine.worker();
    const [run] = await engine.ended(1, held, 60_000);
    expect(run).toMatchObject({ status: 'success', context_key: 'held' });
    const details = async (id: string) =>
      (await engine.outcomes(id)).map(({ outcome, detail }) => `${outcome}: ${detail}`);
    const missed = await until('it is reported', async () =>
      (await details(reported)).find((text) => text.includes('Missed')),
    );
    expect(missed).toMatch(/^dwell_cancelled: Missed: the cause held through/);
    await until('the other dwell is cancelled', async () =>
      (await details(stopped)).some((text) => text.includes('stopped already')),
    );
    expect(await engine.runs(stopped)).toEqual([]);
    expect(await engine.runs(reported)).toEqual([]);
    expect(await engine.runs(held)).toHaveLength(1);
  }, 360_000);
});
