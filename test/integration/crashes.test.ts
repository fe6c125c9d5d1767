import { sql } from 'drizzle-orm';
import { lazyClient } from '../../src/temporal/connect';
import { startEngine, type Engine, type RunRow } from '../support/engine';
import type { Received } from '../support/receiver';
import { allowedMs, until } from '../support/until';

const FIVE_STEPS = `
name: Five steps
mode: parallel
max_runs: 100
triggers:
  - { event: automation.event, config: { type: five } }
actions:
${[1, 2, 3, 4, 5].map((n) => `  - { action: integration-webhook.send, config: { url: "$URL/${n}/{{ run.id }}" } }`).join('\n')}
`;

/** Returns the requests by key, in the order of their first arrival. */
function byKey(received: readonly Received[]): Map<string, Received[]> {
  const keys = new Map<string, Received[]>();
  for (const entry of received) keys.set(entry.key, [...(keys.get(entry.key) ?? []), entry]);
  return keys;
}

describe('after a worker has died', () => {
  let engine: Engine;
  beforeEach(async () => {
    engine = await startEngine();
  }, 180_000);
  afterEach(() => engine.close());

  it('its run completes on the next worker with all effects, and the interrupted call is repeated with the same key', async () => {
    const first = await engine.worker();
    await engine.save(FIVE_STEPS);
    engine.receiver.answerWith(async ({ path }, response) => {
      if (path.startsWith('/3/')) {
        // The worker is killed after the receiver has accepted the call and before Temporal has its result.
        await first.stop('SIGKILL');
        engine.receiver.answerWith((_received, next) => void next.end('ok'));
      }
      response.end('ok');
    });
    await engine.emit('five');
    await until('the worker was killed', () => first.exited());
    await engine.worker();
    const [run] = await engine.ended(1, undefined, 60_000);
    expect(run).toMatchObject({ status: 'success' });
    const keys = byKey(engine.receiver.received);
    expect([...keys.keys()].sort()).toEqual([0, 1, 2, 3, 4].map((n) => `${run?.id ?? ''}:actions[${n}]`));
    expect(keys.get(`${run?.id ?? ''}:actions[0]`)).toHaveLength(1);
    expect(keys.get(`${run?.id ?? ''}:actions[2]`)).toHaveLength(2);
    const steps = await engine.steps(run?.id ?? '');
    expect(steps.map(({ status }) => status)).toEqual(Array(5).fill('success'));
    expect(steps[2]?.attempts).toBe(2);
  }, 360_000);

  it('an internal effect happens once, even if the worker died between the effect and the commit', async () => {
    await engine.worker({ FERMATA_FAILPOINT: 'after-effect-before-commit:1' });
    await engine.save(`
name: Opens
triggers: [{ event: automation.event, config: { type: open } }]
actions:
  - id: open
    action: incident.create
    config: { title: Down, severity: major, systemIds: [checkout] }
`);
    await engine.emit('open');
    await engine.worker();
    const [run] = await engine.ended(1, undefined, 60_000);
    expect(run).toMatchObject({ status: 'success' });
    const incidents = await engine.database.db.execute(sql`select id from incidents`);
    expect(incidents.rows).toHaveLength(1);
    const artifacts = await engine.database.db.execute(sql`select data from artifacts`);
    expect(artifacts.rows).toEqual([{ data: expect.objectContaining({ incidentId: incidents.rows[0]?.['id'] }) }]);
  }, 360_000);

  it('a run that it had only admitted is started by another worker within seconds', async () => {
    await engine.worker({ FERMATA_FAILPOINT: 'after-admit-commit:1' });
    await engine.save(FIVE_STEPS);
    await engine.worker();
    const before = Date.now();
    await engine.emit('five', {}, { times: 1 });
    const [run] = await engine.ended(1, undefined, 40_000);
    expect(run).toMatchObject({ status: 'success' });
    expect(Date.now() - before).toBeLessThan(allowedMs(15_000));
    expect([...byKey(engine.receiver.received).values()].map((same) => same.length)).toEqual(Array(5).fill(1));
  }, 360_000);

  it('a run that had just ended is not performed again, and its execution completes', async () => {
    await engine.worker({ FERMATA_FAILPOINT: 'after-end-before-completion:1' });
    await engine.save(FIVE_STEPS);
    await engine.emit('five');
    const [run] = await engine.ended(1, undefined, 40_000);
    expect(run).toMatchObject({ status: 'success' });
    await engine.worker();
    const client = lazyClient(engine.temporal);
    const handle = client.workflow.getHandle(run?.workflow_id ?? '', run?.execution_run_id ?? '');
    expect(await handle.result()).toEqual({ status: 'success' });
    await client.connection.close();
    expect([...byKey(engine.receiver.received).values()].map((same) => same.length)).toEqual(Array(5).fill(1));
  }, 360_000);

  it('no step is repeated if the worker died between the end of the run and the completion of its activity', async () => {
    const steps = [
      '{ variables: { received: "{{ trigger.payload.data.n }}" } }',
      '{ variables: { a: 1 }, enabled: "1 == 2" }',
      `{ wait_until: { condition: "health.system.status == 'unhealthy'" } }`,
    ];
    const api = await engine.api();
    const ended: RunRow[] = [];
    for (const [n, step] of steps.entries()) {
      const worker = await engine.worker({ FERMATA_FAILPOINT: 'after-end-before-completion:1' });
      const id = await engine.save(`
name: Continues ${n}
triggers: [{ event: automation.event, config: { type: begin-${n} } }]
actions:
  - ${step}
  - { action: integration-webhook.send, config: { url: "$URL/after/${n}" } }
`);
      await engine.emit(`begin-${n}`, { n }, { subject: 'web' });
      if (step.includes('wait_until')) {
        await until('it waits', async () => (await engine.runs(id))[0]?.status === 'waiting');
        const results = [{ systemId: 'web', configurationId: 'http', status: 'unhealthy' }];
        await engine.post(api, '/health/results', { results });
      }
      const [run] = await engine.ended(1, id);
      if (run) ended.push(run);
      await until('its worker has died', () => worker.exited());
    }
    await engine.worker();
    const client = lazyClient(engine.temporal);
    for (const [n, run] of ended.entries()) {
      const handle = client.workflow.getHandle(run.workflow_id, run.execution_run_id ?? '');
      expect(await handle.result()).toEqual({ status: 'success' });
      const rows = await engine.steps(run.id);
      expect(rows.map(({ status }) => status)).toEqual([n === 1 ? 'skipped' : 'success', 'success']);
    }
    await client.connection.close();
    expect(engine.receiver.received.map(({ path }) => path)).toEqual(steps.map((_, n) => `/after/${n}`));
  }, 360_000);

  it('another worker takes over its partitions of the change log within 10 seconds', async () => {
    const [first] = await Promise.all([engine.worker(), engine.worker()]);
    await engine.save(FIVE_STEPS);
    const owners = async () =>
      (
        await engine.database.db.execute<{ owner: string; held: number }>(
          sql`select owner, count(*)::int as held from partition_leases where owner is not null group by owner`,
        )
      ).rows;
    await until('both share the partitions', async () => {
      const shares = await owners();
      return shares.length === 2 && shares.every(({ held }) => held === 32);
    });
    await first.stop('SIGKILL');
    const killedAt = Date.now();
    // Use ten subjects, so that the partitions of both workers are used.
    for (let n = 0; n < 10; n += 1) await engine.emit('five', {}, { subject: `s${n}` });
    await engine.routed();
    expect(Date.now() - killedAt).toBeLessThan(allowedMs(10_000));
    expect((await engine.ended(10, undefined, 60_000)).every(({ status }) => status === 'success')).toBe(true);
  }, 360_000);
});

const RESTART = `
name: Restart
mode: restart
triggers: [{ event: automation.event, config: { type: restart } }]
actions:
  - { action: integration-webhook.send, config: { url: "$URL/first/{{ trigger.payload.data.n }}" } }
  - { action: integration-webhook.send, config: { url: "$URL/second/{{ trigger.payload.data.n }}" } }
`;

describe('a run in the mode restart', () => {
  let engine: Engine;
  beforeEach(async () => {
    engine = await startEngine();
  }, 180_000);
  afterEach(() => engine.close());
  const paths = () => engine.receiver.received.map(({ path }) => path);

  it('is replaced by a newer run even if its worker is suspended between admission and start', async () => {
    const suspended = await engine.worker({ FERMATA_FAILPOINT: 'after-admit-commit:1:stop' });
    await engine.save(RESTART);
    engine.receiver.answerWith(async ({ path }, response) => {
      // The newer run is in its first step when the suspended worker resumes.
      if (path === '/first/2') {
        suspended.signal('SIGCONT');
        await new Promise((resolve) => setTimeout(resolve, 2_000));
      }
      // The second worker's sweep may start the older run before it takes over the partitions. That run is then
      // replaced during its first step.
      if (path === '/first/1')
        await until('the older run is replaced', async () => (await engine.runs())[0]?.status === 'cancelled', 30_000);
      response.end('ok');
    });
    await engine.emit('restart', { n: 1 });
    await until('the worker is suspended', () => suspended.output().includes('failpoint after-admit-commit reached'));
    await engine.emit('restart', { n: 2 });
    // The second worker takes over the partitions and decides that the second run replaces the first.
    await engine.worker();
    const [older, newer] = await until(
      'both have ended',
      async () => {
        const runs = await engine.runs();
        return runs.length === 2 && runs.every(({ status }) => ['success', 'cancelled'].includes(status)) && runs;
      },
      60_000,
    );
    expect(older).toMatchObject({ status: 'cancelled', ended_by: { kind: 'replaced' } });
    expect(newer).toMatchObject({ status: 'success' });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(paths().filter((path) => path.endsWith('/2'))).toEqual(['/first/2', '/second/2']);
    expect(paths()).not.toContain('/second/1');
    const steps = await engine.steps(older?.id ?? '');
    expect(steps.filter(({ status }) => !['cancelled', 'success'].includes(status))).toEqual([]);
  }, 360_000);

  it('performs no further step if it is replaced between two local steps', async () => {
    await engine.worker();
    await engine.save(RESTART);
    let replaced = false;
    engine.receiver.answerWith(async ({ path }, response) => {
      if (path === '/first/1') {
        await engine.emit('restart', { n: 2 });
        await until('the first run is replaced', async () => (await engine.runs())[0]?.status === 'cancelled');
        replaced = true;
      }
      response.end('ok');
    });
    await engine.emit('restart', { n: 1 });
    const runs = await engine.ended(2, undefined, 60_000);
    expect(replaced).toBe(true);
    expect(runs.map(({ status }) => status)).toEqual(['cancelled', 'success']);
    expect(paths()).toEqual(expect.arrayContaining(['/first/1', '/first/2', '/second/2']));
    expect(paths()).not.toContain('/second/1');
  }, 360_000);
});
