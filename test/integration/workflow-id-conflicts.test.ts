import { sql } from 'drizzle-orm';
import type { StartableRun } from '../../src/db/runs/start-queue';
import { uuidV7 } from '../../src/domain/clock';
import { lazyClient } from '../../src/temporal/connect';
import { createRunStarter, type RunStarter } from '../../src/temporal/run-starter';
import { startEngine, type Engine } from '../support/engine';

describe('a run whose workflow id an execution of another run holds', () => {
  let e: Engine;
  let client: ReturnType<typeof lazyClient>;
  let starter: RunStarter;
  let automationId: string;
  beforeAll(async () => {
    e = await startEngine();
    client = lazyClient(e.temporal);
    starter = createRunStarter({
      ...{ client, db: e.database.db, taskQueue: e.temporal.taskQueue, searchAttributes: false, eagerStart: false },
    });
    automationId = await e.save(`
name: one at a time
mode: single
triggers: [{ event: automation.event, config: { type: none } }]
actions: [{ delay: { hours: 1 } }]`);
  }, 60_000);
  afterAll(async () => {
    await client.connection.close();
    await e.close();
  });

  /** Inserts the row of a run. No worker performs its execution. */
  const insert = async (status: string, workflowId: string, endedSecondsAgo?: number): Promise<StartableRun> => {
    const id = uuidV7.next();
    await e.database.db.execute(sql`
      insert into runs (id, automation_id, version, scope_key, mode, status, trigger_scope, root_run_id, workflow_id, start_at,
        created_at, finished_at)
      values (${id}, ${automationId}, 1, 'all', 'single', ${status}, '{}', ${id}, ${workflowId}, now(), clock_timestamp(),
        clock_timestamp() - make_interval(secs => ${endedSecondsAgo ?? null}))`);
    return {
      ...{ id, automationId, automationName: 'one', automationGroup: null, version: 1, mode: 'single', workflowId },
      ...{ triggerId: null, triggerEvent: null, contextKey: null, firstStretch: undefined, wasLost: false },
    };
  };
  const statusOf = async (workflowId: string, runId?: string) =>
    (await client.workflow.getHandle(workflowId, runId).describe()).status.name;
  const executionOf = async (workflowId: string) => (await client.workflow.getHandle(workflowId).describe()).runId;

  it('waits for an execution whose row has ended to complete, and terminates it only after 60 s', async () => {
    const workflowId = `held/${uuidV7.next()}`;
    const before = await insert('success', workflowId, 10);
    expect(await starter.start(before)).toBe('started');
    const held = await executionOf(workflowId);
    const next = await insert('pending', workflowId);
    expect(await starter.start(next)).toBe('later');
    expect(await statusOf(workflowId, held)).toBe('RUNNING');
    await e.database.db.execute(sql`
      update runs set finished_at = clock_timestamp() - interval '61 seconds' where id = ${before.id}`);
    expect(await starter.start(next)).toBe('started');
    expect(await statusOf(workflowId, held)).toBe('TERMINATED');
    expect(await executionOf(workflowId)).not.toBe(held);
    expect(await starter.start(next)).toBe('started');
  }, 120_000);

  it('waits for an active run, starts nothing if a newer run is active, and ends an execution without a row', async () => {
    const workflowId = `held/${uuidV7.next()}`;
    const first = await insert('running', workflowId);
    expect(await starter.start(first)).toBe('started');
    const next = await insert('pending', workflowId);
    expect(await starter.start(next)).toBe('later');
    await e.database.db.execute(sql`
      update runs set created_at = clock_timestamp() + interval '1 second' where id = ${first.id}`);
    expect(await starter.start(next)).toBe('stale');
    await e.database.db.execute(sql`delete from runs where id = ${first.id}`);
    expect(await starter.start(next)).toBe('started');
  }, 120_000);
});
