import type { Client } from '@temporalio/client';
import { sql } from 'drizzle-orm';
import { createFindStuckRuns } from '../../src/activities/housekeeping/find-stuck-runs';
import type { RunSource } from '../../src/db/runs/run-source';
import { uuidV7 } from '../../src/domain/clock';
import { startEngine, type Engine } from '../support/engine';

/** Returns a client that describes open executions. `tries` contains the number of attempts of their workflow tasks. */
const withTries = (tries: ReadonlyMap<string, number>): Client =>
  ({
    workflow: {
      getHandle: (workflowId: string) => ({
        describe: () =>
          Promise.resolve({
            status: { name: 'RUNNING' },
            raw: { pendingWorkflowTask: { attempt: String(tries.get(workflowId) ?? 1) } },
          }),
      }),
    },
  }) as unknown as Client;

describe('runs that cannot continue', () => {
  jest.setTimeout(360_000);
  let e: Engine;
  let automation: string;
  beforeAll(async () => {
    e = await startEngine();
    automation = await e.save(`
name: stuck
mode: parallel
triggers: [{ event: automation.event, config: { type: stuck } }]
actions: [{ delay: { hours: 1 } }]`);
  });
  afterAll(() => e.close());

  const insert = async (status: string, secondsAgo: number): Promise<string> => {
    const id = uuidV7.next();
    const at = sql`now() - make_interval(secs => ${secondsAgo})`;
    await e.database.db.execute(sql`
      insert into runs (id, automation_id, version, scope_key, mode, status, trigger_scope, root_run_id, workflow_id,
        execution_run_id, start_at, started_at, created_at)
      values (${id}, ${automation}, 1, 'all', 'parallel', ${status}, '{}', ${id}, ${id}, ${id}, ${at},
        ${status === 'pending' ? null : at}, ${at})`);
    return id;
  };

  it('are reported with the reason in the run and in the diagnosis until they continue', async () => {
    const api = await e.api();
    const notStarted = await insert('pending', 120);
    const wedged = await insert('running', 120);
    const unreadable = await insert('running', 120);
    const quiet = await insert('running', 1_200);
    const young = await insert('running', 5);
    const find = createFindStuckRuns({
      database: e.database,
      client: () => withTries(new Map([[wedged, 4]])),
      sourceOf: (id) =>
        id === unreadable ? Promise.reject(new Error('no definition')) : Promise.resolve({} as RunSource),
    });
    await find();
    const { items } = await e.call(api, 'GET', '/diagnosis');
    const found = (items as { code: string; subject: string | null; advice: string }[]).filter(
      ({ subject }) => subject !== null && [notStarted, wedged, unreadable, quiet, young].includes(subject),
    );
    expect(new Map(found.map(({ subject, code }) => [subject, code]))).toEqual(
      new Map([
        [notStarted, 'run_not_started'],
        [wedged, 'run_workflow_task'],
        [unreadable, 'run_definition'],
        [quiet, 'run_no_progress'],
      ]),
    );
    expect(found.filter(({ advice }) => advice === '')).toEqual([]);
    const stuckOf = async (id: string) =>
      ((await e.call(api, 'GET', `/runs/${id}`))['run'] as { stuck: unknown }).stuck;
    expect(await stuckOf(wedged)).toBe('Its workflow task failed 3 times; Temporal shows the error.');
    expect(await stuckOf(young)).toBeNull();
    await e.database.db.execute(sql`update runs set started_at = now(), start_at = now() where id = ${wedged}`);
    await find();
    expect(await stuckOf(wedged)).toBeNull();
  });
});
