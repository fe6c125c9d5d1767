import { msToTs } from '@temporalio/common/lib/time';
import { sql } from 'drizzle-orm';
import pg from 'pg';
import { createReconcileRuns } from '../../src/activities/housekeeping/reconcile-runs';
import { lazyClient } from '../../src/temporal/connect';
import { startEngine, type Engine, type RunRow } from '../support/engine';
import { runFermata, type FermataProcess } from '../support/process';
import { until } from '../support/until';

const WORK = `
name: works
mode: parallel
max_runs: 50
triggers: [{ event: automation.event, config: { type: work } }]
actions:
  - variables: { ticket: "T-{{ trigger.payload.data.n }}" }
  - { action: integration-webhook.send, config: { url: $URL/first, method: POST, body: {} } }
  - wait_until: { condition: 'state.gate[trigger.payload.data.n].first == true', timeout_seconds: 3600 }
  - { action: integration-webhook.send, config: { url: $URL/second, method: POST, body: {} } }
  - wait_until: { condition: 'state.gate[trigger.payload.data.n].second == true', timeout_seconds: 3600 }
  - { action: integration-webhook.send, config: { url: $URL/third, method: POST, body: {} } }
on_failure:
  - action: integration-webhook.send
    config: { url: $URL/failed, method: POST, body: { code: "{{ run.error.code }}", ticket: "{{ variables.ticket }}" } }
`;
const ONCE = `
name: once
mode: parallel
max_runs: 50
triggers: [{ event: automation.event, config: { type: once } }]
actions:
  - { action: integration-webhook.send, config: { url: $URL/once, method: POST, body: {} } }
`;
const PLAIN = `
name: plain
triggers: [{ event: automation.event, config: { type: plain } }]
actions:
  - { action: integration-webhook.send, config: { url: $URL/plain, method: POST, body: {} } }
  - wait_until: { condition: 'state.gate.plain.first == true', timeout_seconds: 3600 }
`;

/** Follows the section "Backup and restore" of docs/operations.md, in both directions. */
describe('the restore drill', () => {
  jest.setTimeout(720_000);
  let e: Engine;
  let api: FermataProcess & { url: string };
  let running: FermataProcess[] = [];
  let namespace: string | undefined;
  const time = new Date().toISOString();
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    e = await startEngine();
    ids['work'] = await e.save(WORK);
    ids['once'] = await e.save(ONCE);
    ids['plain'] = await e.save(PLAIN);
  });
  afterAll(() => e.close());

  const start = async (): Promise<void> => {
    const env = namespace === undefined ? {} : { TEMPORAL_NAMESPACE: namespace };
    const [started, worker] = await Promise.all([e.api(env), e.worker(env)]);
    api = started;
    running = [api, worker];
  };
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((each) => each.stop()));
    running = [];
  };
  const event = async (type: string, n: string): Promise<void> => {
    const body = { specversion: '1.0', id: `${type}-${n}`, source: 'drill', type, time, data: { n } };
    expect((await e.post(api, '/events', body)).status).toBe(202);
  };
  const gate = (n: string, state: Record<string, boolean>) => e.call(api, 'PUT', `/entities/gate/${n}`, state);
  const sent = (path: string) => e.receiver.received.filter((each) => each.path === path);
  const keys = (path: string) => sent(path).map(({ headers }) => headers['idempotency-key']);
  const runOf = async (type: string, n: string): Promise<RunRow | undefined> =>
    (await e.runs(ids[type])).find(({ trigger_scope: scope }) => JSON.stringify(scope).includes(`"n":"${n}"`));
  const waitsAt = async (type: string, n: string, path: string): Promise<RunRow> =>
    until(`${n} waits at ${path}`, async () => {
      const run = await runOf(type, n);
      const steps = run === undefined ? [] : await e.steps(run.id);
      return run?.status === 'waiting' && steps.some((s) => s.path === path && s.status === 'waiting') && run;
    });
  const ended = (type: string, n: string): Promise<RunRow> =>
    until(`${n} has ended`, async () => {
      const run = await runOf(type, n);
      return (run?.status === 'success' || run?.status === 'failed') && run;
    });
  /** Reconciles rows and executions as housekeeping would ten minutes later. */
  const reconcile = async (): Promise<void> => {
    const client = lazyClient({ ...e.temporal, ...(namespace !== undefined && { namespace }) });
    await e.database.db.execute(sql`update runs set started_at = started_at - interval '10 minutes'`);
    await e.database.db.execute(sql`update waits set since = since - interval '10 minutes'`);
    const work = createReconcileRuns({
      ...{ client: () => client, database: e.database, taskQueue: e.temporal.taskQueue },
      clock: { now: () => new Date(Date.now() + 600_000) },
      ...{ onRepaired: () => undefined, onRunsToStart: () => undefined },
    });
    await work({ before: 0 });
    await client.connection.close();
  };

  it('Postgres is older than Temporal: effects keep their keys, and every execution matches a row again', async () => {
    await start();
    await e.call(api, 'PUT', '/entity-kinds/gate', { schema: { type: 'object' } });
    await event('work', 'kept');
    const kept = await waitsAt('work', 'kept', 'actions[2]');
    await stop();
    const backup = await copyOf(e.databaseUrl);

    await start();
    await gate('kept', { first: true });
    await waitsAt('work', 'kept', 'actions[4]');
    await event('work', 'forgotten');
    await event('work', 'repeated');
    const forgotten = await waitsAt('work', 'forgotten', 'actions[2]');
    const repeated = await waitsAt('work', 'repeated', 'actions[2]');
    await event('once', 'repeated');
    const once = await ended('once', 'repeated');
    const before = new Map(['/first', '/second', '/once'].map((path) => [path, keys(path)]));
    await stop();
    await restore(e.databaseUrl, backup);

    await start();
    // Senders repeat the events that they sent after the backup.
    await event('work', 'repeated');
    await event('once', 'repeated');
    const again = [await ended('work', 'repeated'), await ended('once', 'repeated')];
    expect(again).toMatchObject([
      { id: repeated.id, status: 'failed', error: { code: 'execution_lost' } },
      { id: once.id, status: 'failed', error: { code: 'execution_lost' } },
    ]);
    for (const [path, known] of before) expect(keys(path)).toEqual(known);

    const client = lazyClient(e.temporal);
    const statusOf = async ({ workflow_id: id }: RunRow) =>
      (await client.workflow.getHandle(id).describe()).status.name;
    expect(await statusOf(forgotten)).toBe('RUNNING');
    expect((await waitsAt('work', 'kept', 'actions[2]')).id).toBe(kept.id);
    await reconcile();
    expect(await statusOf(forgotten)).toBe('TERMINATED');
    await client.connection.close();
    // The rows show again what the run waits for.
    await waitsAt('work', 'kept', 'actions[4]');

    // The run has already passed this wait. Its row is removed because nothing answers the wake.
    await gate('kept', { first: true });
    const waits = async (path: string) => {
      const found = await e.database.db.execute<{ signalled: boolean }>(
        sql`select signalled_at is not null as signalled from waits where run_id = ${kept.id} and path = ${path}`,
      );
      return found.rows;
    };
    await until('the passed wait was woken', async () => (await waits('actions[2]'))[0]?.signalled === true);
    await reconcile();
    expect(await waits('actions[2]')).toEqual([]);
    expect(await waits('actions[4]')).toHaveLength(1);
    await gate('kept', { first: true, second: true });
    expect(await ended('work', 'kept')).toMatchObject({ status: 'success' });

    // All lost runs are retried in one call, with the same idempotency keys as before.
    const retried = await e.call(api, 'POST', '/runs/retry', { errorCode: 'execution_lost' });
    expect(retried).toEqual({ matched: 2, done: 2 });
    await until('both effects were repeated', () => sent('/once').length === 2 && keys('/first').length > 3);
    for (const [path, known] of before) expect(new Set(keys(path))).toEqual(new Set(known));
    expect(sent('/failed')).toEqual([]);
    await stop();
  });

  it('Temporal is lost: runs end as execution_lost, perform on_failure, are listed, and are retried with one call', async () => {
    await start();
    await e.call(api, 'POST', '/runs/cancel', { status: ['pending', 'running', 'waiting'] });
    await event('work', 'lost');
    await event('plain', 'lost');
    const lost = [await waitsAt('work', 'lost', 'actions[2]'), await waitsAt('plain', 'lost', 'actions[1]')];
    const firsts = sent('/first').length;
    await stop();
    namespace = await emptyNamespace(e);

    await start();
    await reconcile();
    const runs = [await ended('work', 'lost'), await ended('plain', 'lost')];
    expect(runs.map(({ id, status, error }) => ({ id, status, code: error?.code }))).toEqual(
      lost.map(({ id }) => ({ id, status: 'failed', code: 'execution_lost' })),
    );
    expect(sent('/failed').map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { code: 'execution_lost', ticket: 'T-lost' },
    ]);
    const steps = await e.steps(lost[0]?.id ?? '');
    expect(steps.map(({ path, status }) => `${path} ${status}`)).toEqual([
      ...['actions[0] success', 'actions[1] success', 'actions[2] cancelled', 'on_failure[0] success'],
    ]);

    const fermata = (...args: string[]) => runFermata(args, e.env({ FERMATA_URL: api.url }));
    const url = `/runs?errorCode=execution_lost&automationId=${ids['work'] ?? ''}`;
    const listed = (await e.call(api, 'GET', url)) as { items: { id: string }[] };
    expect(listed.items.map(({ id }) => id)).toContain(lost[0]?.id);
    expect((await fermata('runs', '--error-code', 'execution_lost')).out).toContain(lost[1]?.id);
    expect((await fermata('doctor')).out).toContain('runs_lost: 2 runs lost their execution');
    const retried = await fermata('retry', '--error-code', 'execution_lost');
    expect({ code: retried.code, out: retried.out }).toEqual({ code: 0, out: expect.stringMatching(/, 2 retried\n$/) });
    await until('the retried runs wait again', async () => {
      const open = (await e.runs()).filter(({ status }) => status === 'waiting');
      return open.length === 2;
    });
    // Steps that had succeeded are not repeated.
    expect(sent('/first')).toHaveLength(firsts);
    expect((await fermata('doctor')).out).not.toContain('runs_lost');
  });
});

/**
 * Ends the sessions of a database and copies it. Nothing may write to the database at the time. Returns the copy's
 * name.
 */
async function copyOf(url: string): Promise<string> {
  const name = new URL(url).pathname.slice(1);
  const copy = `${name}_backup`;
  await onServer(url, async (client) => {
    await endSessions(client, name);
    await client.query(`create database ${copy} template ${name} strategy file_copy`);
  });
  return copy;
}

/** Replaces a database with a copy. */
async function restore(url: string, copy: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  await onServer(url, async (client) => {
    await client.query(`drop database ${name} with (force)`);
    await client.query(`alter database ${copy} rename to ${name}`);
  });
}

const endSessions = (client: pg.Client, name: string) =>
  client.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = $1`, [name]);

async function onServer(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const server = new URL(url);
  server.pathname = '/postgres';
  const client = new pg.Client({ connectionString: server.href });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

/** Creates a namespace without executions, as after the loss of Temporal's database. */
async function emptyNamespace(e: Engine): Promise<string> {
  const namespace = `restored-${e.temporal.taskQueue}`;
  const client = lazyClient(e.temporal);
  await client.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs('1 day') });
  await until('the namespace exists', async () => {
    const query = { namespace, query: `WorkflowType = 'none'` };
    return client.workflowService.countWorkflowExecutions(query).then(
      () => true,
      () => false,
    );
  });
  await client.connection.close();
  return namespace;
}
