import { sql } from 'drizzle-orm';
import { cancelRun } from '../../src/db/runs/run-states';
import { lazyClient } from '../../src/temporal/connect';
import { startEngine, type Engine } from '../support/engine';
import { until } from '../support/until';

const automation = (type: string, step: string, more = '') => `
name: ${type}
mode: parallel
triggers: [{ event: automation.event, config: { type: ${type} } }]
${more}
actions:
${step}
`;

describe('actions of a run', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
    await engine.worker();
  }, 180_000);
  beforeEach(() => engine.receiver.reset());
  afterAll(() => engine.close());

  it('are retried after a 503 with the same key, after the time in Retry-After', async () => {
    const id = await engine.save(
      automation('retry', `  - { action: integration-webhook.send, config: { url: "$URL/x" } }`),
    );
    engine.receiver.answerWith((_received, response) => {
      const status = engine.receiver.received.length < 3 ? 503 : 200;
      response.writeHead(status, { 'retry-after': '2' }).end();
    });
    await engine.emit('retry');
    const [run] = await engine.ended(1, id, 40_000);
    expect(run).toMatchObject({ status: 'success' });
    const { received } = engine.receiver;
    expect(new Set(received.map(({ key }) => key)).size).toBe(1);
    expect(received).toHaveLength(3);
    expect((received[1]?.at ?? 0) - (received[0]?.at ?? 0)).toBeGreaterThanOrEqual(1_900);
    expect((received[2]?.at ?? 0) - (received[1]?.at ?? 0)).toBeGreaterThanOrEqual(1_900);
    expect(await engine.steps(run?.id ?? '')).toEqual([expect.objectContaining({ status: 'success', attempts: 3 })]);
  }, 180_000);

  it('fail after max_attempts, with the status of the last response', async () => {
    const id = await engine.save(
      automation(
        'exhaust',
        `  - { id: call, action: integration-webhook.send, config: { url: "$URL/x" }, retry: { max_attempts: 2, initial_seconds: 0.1 } }`,
      ),
    );
    engine.receiver.answerWith((_received, response) => void response.writeHead(500).end());
    await engine.emit('exhaust');
    const [run] = await engine.ended(1, id, 40_000);
    expect(run).toMatchObject({
      status: 'failed',
      error: { code: 'http_status', status: 500, path: 'actions[0]', actionId: 'call' },
    });
    expect(engine.receiver.received).toHaveLength(2);
  }, 180_000);

  it('are not retried after a 400; with continue_on_error, the run continues and the error stays visible', async () => {
    const id = await engine.save(
      automation(
        'refused',
        `  - { action: integration-webhook.send, config: { url: "$URL/x" }, continue_on_error: true }
  - { action: integration-webhook.send, config: { url: "$URL/y" } }`,
      ),
    );
    engine.receiver.answerWith(({ path }, response) => void response.writeHead(path === '/x' ? 400 : 200).end());
    await engine.emit('refused');
    const [run] = await engine.ended(1, id);
    expect(run).toMatchObject({ status: 'success' });
    expect(engine.receiver.received.map(({ path }) => path)).toEqual(['/x', '/y']);
    const [first, second] = await engine.steps(run?.id ?? '');
    expect(first).toMatchObject({ status: 'failed', attempts: 1, error: { code: 'http_status', status: 400 } });
    expect(second).toMatchObject({ status: 'success' });
  });

  it('keep their order when one of several consecutive actions has to be retried', async () => {
    const calls = ['a', 'b', 'c'].map(
      (path) =>
        `  - { action: integration-webhook.send, config: { url: "$URL/${path}" }, retry: { initial_seconds: 0.1 } }`,
    );
    const id = await engine.save(automation('row', calls.join('\n')));
    let refused = false;
    engine.receiver.answerWith(({ path }, response) => {
      const refuse = path === '/b' && !refused;
      if (refuse) refused = true;
      response.writeHead(refuse ? 503 : 200).end();
    });
    await engine.emit('row');
    const [run] = await engine.ended(1, id, 40_000);
    expect(run).toMatchObject({ status: 'success' });
    expect(engine.receiver.received.map(({ path }) => path)).toEqual(['/a', '/b', '/b', '/c']);
    expect((await engine.steps(run?.id ?? '')).map(({ attempts }) => attempts)).toEqual([1, 2, 1]);
  }, 180_000);

  it('are each performed once if they are slow and consecutive', async () => {
    const calls = [1, 2, 3].map((n) => `  - { action: integration-webhook.send, config: { url: "$URL/${n}" } }`);
    const id = await engine.save(automation('slow', calls.join('\n')));
    engine.receiver.answerWith(async (_received, response) => {
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      response.end('ok');
    });
    await engine.emit('slow');
    const [run] = await engine.ended(1, id, 40_000);
    expect(run).toMatchObject({ status: 'success' });
    expect(engine.receiver.received.map(({ path }) => path)).toEqual(['/1', '/2', '/3']);
  }, 180_000);

  it('fail after max_attempts when nothing listens at the address', async () => {
    const id = await engine.save(
      automation(
        'nobody',
        `  - { action: integration-webhook.send, config: { url: "http://127.0.0.1:9/x" }, retry: { max_attempts: 2, initial_seconds: 0.1 } }`,
      ),
    );
    await engine.emit('nobody');
    const [run] = await engine.ended(1, id);
    expect(run).toMatchObject({ status: 'failed', error: { code: 'network_error' } });
    expect(await engine.steps(run?.id ?? '')).toEqual([expect.objectContaining({ attempts: 2 })]);
  });

  it('time out after timeout_seconds in each attempt', async () => {
    const id = await engine.save(
      automation(
        'hang',
        `  - { action: integration-webhook.send, config: { url: "$URL/x" }, timeout_seconds: 1, retry: { max_attempts: 2, initial_seconds: 0.1 } }`,
      ),
    );
    engine.receiver.answerWith(() => undefined);
    await engine.emit('hang');
    const [run] = await engine.ended(1, id, 40_000);
    expect(run).toMatchObject({ status: 'failed', error: { code: 'timeout' } });
    expect(engine.receiver.received).toHaveLength(2);
  }, 180_000);

  it('abort the request in progress when the run is cancelled', async () => {
    const id = await engine.save(
      automation('long', `  - { action: integration-webhook.send, config: { url: "$URL/x", timeout: 60000 } }`),
    );
    let aborted = false;
    engine.receiver.answerWith((_received, response) => void response.once('close', () => (aborted = true)));
    await engine.emit('long');
    const run = await until('the request has arrived', async () => {
      const [row] = await engine.runs(id);
      return engine.receiver.received.length === 1 && row;
    });
    const done = await engine.database.db.transaction((tx) => cancelRun(tx, run.id, { kind: 'cancel' }));
    expect(done).toBe(id);
    await until('the request is aborted', () => aborted);
    const [after] = await engine.runs(id);
    expect(after).toMatchObject({ status: 'cancelled', ended_by: { kind: 'cancel' } });
    expect(await engine.steps(run.id)).toEqual([expect.objectContaining({ status: 'cancelled' })]);
  }, 180_000);

  it('fail if their configuration renders to an invalid or forbidden URL', async () => {
    const id = await engine.save(
      automation(
        'nonsense',
        `  - { action: integration-webhook.send, config: { url: "{{ trigger.payload.data.url }}" } }`,
      ),
    );
    await engine.emit('nonsense', { url: 'ftp://example.org' });
    await engine.emit('nonsense', { url: 'http://169.254.169.254/latest' });
    const runs = await engine.ended(2, id);
    expect(runs.map(({ error }) => error?.code).sort()).toEqual(['config_invalid', 'egress_refused']);
  });

  it('reuse the open incident of an earlier run, and record it as an artifact of each run', async () => {
    const id = await engine.save(
      automation(
        'down',
        `  - id: open
    action: incident.create
    config: { title: "{{ trigger.payload.subject }} is down", severity: critical, systemIds: ["{{ trigger.payload.subject }}"], dedupe_open_for_system: true }`,
        'concurrency_scope: context_key',
      ).replace('mode: parallel', 'mode: queued'),
    );
    await engine.emit('down', {}, { subject: 'checkout' });
    await engine.emit('down', {}, { subject: 'checkout' });
    await engine.ended(2, id);
    const made = await engine.database.db.execute<{ data: { incidentId: string; reused: boolean } }>(
      sql`select data from artifacts where type = 'incident.incident' order by id`,
    );
    expect(made.rows.map(({ data }) => data.reused)).toEqual([false, true]);
    expect(new Set(made.rows.map(({ data }) => data.incidentId)).size).toBe(1);
  });

  it('are cancelled with their run if it is terminated in Temporal', async () => {
    const id = await engine.save(automation('lost', `  - delay: { hours: 5 }`));
    await engine.emit('lost');
    const run = await until('the run waits', async () =>
      (await engine.runs(id)).find(({ status }) => status === 'waiting'),
    );
    const client = lazyClient(engine.temporal);
    await client.workflow.getHandle(run.workflow_id).terminate('manually');
    await engine.database.db.execute(
      sql`update runs set started_at = started_at - interval '1 minute' where id = ${run.id}`,
    );
    await client.schedule.getHandle(`fermata-housekeeping-${engine.temporal.taskQueue}`).trigger();
    await client.connection.close();
    const [after] = await engine.ended(1, id);
    expect(after).toMatchObject({
      status: 'cancelled',
      ended_by: { kind: 'temporal', reason: 'Terminated in Temporal.' },
    });
    expect(await engine.steps(run.id)).toEqual([expect.objectContaining({ status: 'cancelled' })]);
  }, 180_000);
});
