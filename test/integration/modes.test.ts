import type { Client } from '@temporalio/client';
import { lazyClient } from '../../src/temporal/connect';
import { startEngine, type Engine, type RunRow } from '../support/engine';
import { until } from '../support/until';

/** Returns an automation whose runs last `hold` seconds and report their start and end to the receiver. */
const automation = (mode: string, hold: number, more = '') => `
name: ${mode}
mode: ${mode}
${more}
triggers:
  - event: automation.event
    config: { type: go.${mode} }
actions:
  - { id: begin, action: integration-webhook.send, config: { url: "$URL/begin/{{ run.id }}", body: { n: "{{ trigger.payload.data.n }}" } } }
  - delay: { seconds: ${hold} }
  - { id: end, action: integration-webhook.send, config: { url: "$URL/end/{{ run.id }}" } }
`;

const ACTIVE = ['running', 'waiting'];
const count = (runs: readonly RunRow[], status: string) => runs.filter((run) => run.status === status).length;

describe('30 identical events at once', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
    await Promise.all([engine.worker(), engine.worker()]);
  }, 270_000);
  beforeEach(() => engine.receiver.received.splice(0));
  afterAll(() => engine.close());

  const requests = (what: string) => engine.receiver.received.filter(({ path }) => path.startsWith(`/${what}/`));

  it('start exactly one run of a `single` automation, and record a reason for the other 29', async () => {
    const id = await engine.save(automation('single', 4));
    await engine.emit('go.single', { n: 1 }, { times: 30 });
    const refused = await until('29 are refused', async () => {
      const outcomes = (await engine.outcomes(id)).filter(({ outcome }) => outcome === 'already_running');
      return outcomes.reduce((sum, { count: times }) => sum + times, 0) === 29 && outcomes;
    });
    expect(refused[0]?.detail).toMatch(/^Run [0-9a-f-]{36} is still active\.$/);
    expect(await engine.ended(1, id)).toEqual([expect.objectContaining({ status: 'success' })]);
    expect(requests('end')).toHaveLength(1);
  });

  it('lead to one successful run of a `restart` automation; the 29 replaced runs perform no further step', async () => {
    const id = await engine.save(automation('restart', 3));
    await engine.emit('go.restart', { n: 1 }, { times: 30 });
    const runs = await engine.ended(30, id, 40_000);
    expect(count(runs, 'success')).toBe(1);
    expect(count(runs, 'cancelled')).toBe(29);
    const successful = runs.find((run) => run.status === 'success');
    expect(requests('end').map(({ path }) => path)).toEqual([`/end/${successful?.id ?? ''}`]);
    expect(successful?.id).toBe(runs.at(-1)?.id);
    for (const run of runs.filter(({ status }) => status === 'cancelled')) {
      expect(run.ended_by).toMatchObject({ kind: 'replaced' });
      const open = (await engine.steps(run.id)).filter(({ status }) =>
        ['running', 'waiting', 'pending'].includes(status),
      );
      expect(open).toEqual([]);
    }
  }, 180_000);

  it('start runs of a `queued` automation one after another, in order', async () => {
    const id = await engine.save(automation('queued', 0.05, 'max_runs: 30'));
    for (let n = 0; n < 30; n += 1) await engine.emit('go.queued', { n });
    const runs = await engine.ended(30, id, 60_000);
    expect(count(runs, 'success')).toBe(30);
    const log = engine.receiver.received.map(({ path }) => path);
    const expected = requests('begin').flatMap(({ path }) => [path, path.replace('begin', 'end')]);
    expect(log).toEqual(expected);
    const order = requests('begin').map(({ body }) => (JSON.parse(body) as { n: number }).n);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    // Each run uses the workflow id of the previous run, whose execution must complete and not be terminated.
    const client = lazyClient(engine.temporal);
    const statusOf = async ({ workflow_id, execution_run_id }: RunRow) => {
      const { status } = await client.workflow.getHandle(workflow_id, execution_run_id ?? '').describe();
      return status.name;
    };
    const closed = (statuses: string[]) => !statuses.includes('RUNNING') && statuses;
    const statuses = await until('they close', async () => closed(await Promise.all(runs.map(statusOf))), 30_000);
    await client.connection.close();
    expect([...new Set(statuses)]).toEqual(['COMPLETED']);
  }, 360_000);

  it('never exceed max_runs of a `parallel` automation', async () => {
    const id = await engine.save(automation('parallel', 3, 'max_runs: 10'));
    await engine.emit('go.parallel', { n: 1 }, { times: 30 });
    let most = 0;
    await until('all runs have ended', async () => {
      const runs = await engine.runs(id);
      most = Math.max(most, runs.filter(({ status }) => ACTIVE.includes(status)).length);
      return runs.length >= 10 && count(runs, 'success') === runs.length;
    });
    expect(most).toBeLessThanOrEqual(10);
    expect(requests('end')).toHaveLength(10);
    const refused = (await engine.outcomes(id)).filter(({ outcome }) => outcome === 'max_runs');
    expect(refused.reduce((sum, { count: times }) => sum + times, 0)).toBe(20);
  });
});

describe('the workflow id of a run', () => {
  let engine: Engine;
  let client: Client;
  beforeAll(async () => {
    engine = await startEngine();
    client = lazyClient(engine.temporal);
    await engine.worker();
  }, 270_000);
  afterAll(async () => {
    await client.connection.close();
    await engine.close();
  });

  const named = (name: string, type: string, more: string) => `
name: ${name}
${more}
triggers: [{ event: automation.event, config: { type: ${type} } }]
actions: [{ action: automation.log, config: { message: hello } }]
`;
  const idsOf = async (id: string, count: number) =>
    (await engine.ended(count, id)).map(({ workflow_id: workflowId }) => workflowId);

  it('contains the automation and the context key', async () => {
    const single = await engine.save(
      named('Readable "one"', 'id.single', 'mode: queued\nconcurrency_scope: context_key'),
    );
    const whole = await engine.save(named('Readable whole', 'id.whole', 'concurrency_scope: automation'));
    const beside = await engine.save(named('Readable beside', 'id.beside', 'mode: parallel'));
    for (const subject of ['prod/pay%', '-']) await engine.emit('id.single', {}, { subject });
    await engine.emit('id.single');
    await engine.emit('id.whole', {}, { subject: 'prod' });
    await engine.emit('id.beside', {}, { subject: 'prod' });
    expect((await idsOf(single, 3)).sort()).toEqual([
      'readable-one/%2D',
      'readable-one/-',
      'readable-one/prod%2Fpay%25',
    ]);
    expect(await idsOf(whole, 1)).toEqual(['readable-whole']);
    const [run] = await engine.runs(beside);
    expect(await idsOf(beside, 1)).toEqual([`readable-beside/prod/${run?.id.slice(-12) ?? ''}`]);
  }, 180_000);

  it('has a suffix if another installation in the namespace uses the id, and the execution of that continues', async () => {
    const held = { workflowId: 'held-elsewhere', taskQueue: `other-${engine.temporal.taskQueue}` };
    const other = await client.workflow.start('automation', { ...held, args: [{ v: 1, runId: 'theirs' }] });
    const id = await engine.save(named('Held elsewhere', 'id.held', 'concurrency_scope: automation'));
    await engine.emit('id.held');
    const [run] = await engine.ended(1, id);
    expect(run).toMatchObject({ status: 'success', workflow_id: `held-elsewhere@${engine.temporal.taskQueue}` });
    expect((await other.describe()).status.name).toBe('RUNNING');
    await other.terminate();
  }, 180_000);
});
