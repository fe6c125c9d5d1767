import { sql } from 'drizzle-orm';
import pg from 'pg';
import { lazyClient } from '../../src/temporal/connect';
import { closeRuns } from '../../src/db/runs/run-states';
import { insertWait } from '../../src/db/runs/wait-states';
import { uuidV7 } from '../../src/domain/clock';
import { startEngine, type Engine } from '../support/engine';
import { until } from '../support/until';

const WAITING = `
name: waits
triggers: [{ event: automation.event, config: { type: go } }]
mode: parallel
max_runs: 50
actions:
  - wait_until: { condition: 'state.flag.one.up == true', timeout_seconds: 3600 }
`;

describe('rows and executions that disagree', () => {
  jest.setTimeout(360_000);
  let e: Engine;
  let temporal: ReturnType<typeof lazyClient>;
  beforeAll(async () => {
    e = await startEngine();
    temporal = lazyClient(e.temporal);
  });
  afterAll(async () => {
    await temporal.connection.close();
    await e.close();
  });

  const housekeep = () =>
    temporal.workflow.execute('housekeeping', {
      taskQueue: e.temporal.taskQueue,
      workflowId: `housekeeping-${uuidV7.next()}`,
    });
  const row = async (id: string) => (await e.runs()).find((run) => run.id === id);

  it('give a run the same id when its change is routed again, and do not repeat a closed execution', async () => {
    const worker = await e.worker();
    const id = await e.save(`
name: once
triggers: [{ event: automation.event, config: { type: once } }]
mode: parallel
actions:
  - action: integration-webhook.send
    config: { url: $URL/once, method: POST, body: {} }
`);
    const [changeId] = await e.emit('once');
    const [run] = await e.ended(1, id);
    expect(run?.status).toBe('success');
    // Simulates the restore of a backup from before the change was routed.
    await e.database.db.execute(sql`delete from runs where automation_id = ${id}`);
    await e.database.db.execute(sql`update changes set routed_at = null where change_id = ${changeId ?? ''}`);
    const [again] = await e.ended(1, id, 60_000);
    expect(again).toMatchObject({ id: run?.id, status: 'failed', error: { code: 'execution_lost' } });
    expect(e.receiver.received.filter(({ path }) => path === '/once')).toHaveLength(1);
    await worker.stop();
  });

  it('end a pending run whose execution was closed before it claimed the run', async () => {
    const id = await e.save(WAITING.replace('go', 'closed'));
    const runId = uuidV7.next();
    const workflowId = `run:${id}:${runId}`;
    const handle = await temporal.workflow.start('runAutomation', {
      args: [{ v: 1, runId }],
      ...{ taskQueue: e.temporal.taskQueue, workflowId, memo: { fermataRunId: runId } },
    });
    await handle.terminate('by the test');
    await e.database.db.execute(sql`
      insert into runs (id, automation_id, version, scope_key, mode, status, trigger_scope, root_run_id, workflow_id, start_at, created_at)
      values (${runId}, ${id}, 1, 'all', 'parallel', 'pending', '{}', ${runId}, ${workflowId}, now(), now())`);
    const worker = await e.worker();
    await until('the run has ended', async () => (await row(runId))?.status === 'failed', 30_000);
    expect(await row(runId)).toMatchObject({ status: 'failed', error: { code: 'execution_lost' } });
    await worker.stop();
  });

  it('arm missing waits', async () => {
    const worker = await e.worker();
    const id = await e.save(WAITING);
    await e.emit('go');
    const run = await until('the run waits', async () => (await e.runs(id)).find(({ status }) => status === 'waiting'));
    const waits = async () =>
      (await e.database.db.execute(sql`select path from waits where run_id = ${run.id}`)).rows.length;
    await until('the wait is armed', async () => (await waits()) === 1);
    await e.database.db.execute(sql`delete from waits where run_id = ${run.id}`);
    await e.database.db.execute(
      sql`update run_steps set started_at = now() - interval '10 minutes' where run_id = ${run.id}`,
    );
    await housekeep();
    await until('the wait is armed again', async () => (await waits()) === 1);
    await worker.stop();
  });

  it('cancel the step and wait that a run committed while its cancellation waited for the row', async () => {
    const id = await e.save(WAITING.replace('go', 'raced'));
    const runId = uuidV7.next();
    await e.database.db.execute(sql`
      insert into runs (id, automation_id, version, scope_key, mode, status, trigger_scope, root_run_id, workflow_id, created_at)
      values (${runId}, ${id}, 1, 'all', 'parallel', 'running', '{}', ${runId}, 'w', now())`);
    let closing: Promise<unknown> = Promise.resolve();
    await e.database.db.transaction(async (tx) => {
      // A step locks the row of the run while it arms its wait.
      await tx.execute(sql`select 1 from runs where id = ${runId} for no key update`);
      closing = e.database.db.transaction((other) =>
        closeRuns(other, sql`id = ${runId}`, { kind: 'user', reason: 'test' }, 'cancel'),
      );
      await blocked(e.databaseUrl);
      await tx.execute(
        sql`insert into run_steps (run_id, path, kind, status) values (${runId}, 'actions[0]', 'wait_until', 'waiting')`,
      );
      await insertWait(tx, {
        ...{ id: uuidV7.next(), runId, path: 'actions[0]', kind: 'wait_until', event: null, contextKey: null },
        ...{ anyKey: false, refs: [{ kind: 'flag', id: 'one' }], scope: { variables: {}, repeat: null, wait: null } },
        ...{ afterSeq: 0, since: new Date(), timeoutAt: null, recheckAt: null },
      });
    });
    await closing;
    const { rows } = await e.database.db.execute(sql`select 1 from waits where run_id = ${runId}`);
    expect(rows).toEqual([]);
    expect((await e.steps(runId)).map(({ status }) => status)).toEqual(['cancelled']);
  });
});

/** Waits until a session of this database is waiting for a lock. */
async function blocked(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await until('a session waits for a lock', async () => {
      const { rowCount } = await client.query(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rowCount === 1;
    });
  } finally {
    await client.end();
  }
}
