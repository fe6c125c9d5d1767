import { sql } from 'drizzle-orm';
import { runsToStart } from '../../src/db/runs/start-queue';
import { uuidV7 } from '../../src/domain/clock';
import { createRunLauncher } from '../../src/engine/start/launch';
import { createLogger } from '../../src/log';
import { lazyClient } from '../../src/temporal/connect';
import { createRunStarter } from '../../src/temporal/run-starter';
import { startEngine, type Engine } from '../support/engine';
import { until } from '../support/until';

const WAITING = `
name: waits
triggers: [{ event: automation.event, config: { type: go } }]
mode: parallel
max_runs: 2
actions: [{ delay: { hours: 1 } }]
`;

describe('a parallel run whose execution is terminated before it claims its row', () => {
  let e: Engine;
  let temporal: ReturnType<typeof lazyClient>;
  beforeAll(async () => {
    e = await startEngine();
    temporal = lazyClient(e.temporal);
  }, 60_000);
  afterAll(async () => {
    await temporal.connection.close();
    await e.close();
  });

  it('fails with execution_lost, whether or not the process that started it received its first workflow task', async () => {
    const { db } = e.database;
    const id = await e.save(WAITING);
    const insert = async () => {
      const runId = uuidV7.next();
      await db.execute(sql`
        insert into runs (id, automation_id, version, scope_key, mode, status, trigger_scope, root_run_id, workflow_id, start_at, created_at)
        values (${runId}, ${id}, 1, 'all', 'parallel', 'pending', '{}', ${runId}, ${`waits/${runId}`}, now(), now())`);
      return runId;
    };
    const [eager, other] = [await insert(), await insert()];
    const starter = createRunStarter({
      ...{ client: temporal, db, taskQueue: e.temporal.taskQueue, searchAttributes: false, eagerStart: false },
    });
    const starts: string[] = [];
    // No worker takes the first workflow task. For one run, the starter reports that the process has received the task.
    const launcher = createRunLauncher({
      ...{ database: e.database, log: createLogger({ level: 'silent', name: 'test' }) },
      sizes: { workflowTasks: 10, activities: 10 },
      starter: () => ({
        ...starter,
        async start(run) {
          starts.push(run.id);
          const outcome = await starter.start(run);
          return run.id === eager && outcome === 'started' ? 'eager' : outcome;
        },
      }),
    });
    // Start pending runs every second, as the sweeper of a worker does.
    const sweeper = setInterval(() => {
      void db
        .execute<{ found: boolean }>(sql`select ${runsToStart} as found`)
        .then(({ rows }) => void (rows[0]?.found === true && launcher.pokeStarts()));
    }, 1_000);
    try {
      await until('both runs are started', () => starts.length === 2);
      for (const runId of [eager, other]) {
        await until('its execution exists', () =>
          temporal.workflow
            .getHandle(`waits/${runId}`)
            .terminate('by the test')
            .then(
              () => true,
              () => false,
            ),
        );
      }

      const row = async (runId: string) => (await e.runs(id)).find((run) => run.id === runId);
      for (const runId of [other, eager]) {
        const ended = await until(
          'the run has ended',
          async () => {
            const found = await row(runId);
            return found?.status !== 'pending' && found;
          },
          // It takes at most 17 s on an idle machine.
          120_000,
        );
        expect(ended).toMatchObject({ status: 'failed', error: { code: 'execution_lost' } });
      }
    } finally {
      clearInterval(sweeper);
      await launcher.stop();
    }
  }, 180_000);
});
