import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { createAutomationStore } from '../../src/db/automation-store';
import type { Executor } from '../../src/db/executor';
import { admitRuns } from '../../src/db/runs/admit';
import { endLastStep, finishRun, promoteNext } from '../../src/db/runs/run-states';
import { stalledBuckets } from '../../src/db/runs/stalled-buckets';
import { systemClock, uuidV7 } from '../../src/domain/clock';
import { Definition } from '../../src/domain/definition/schema';
import { useDatabase } from '../support/database';

const WAITING = 5_000;

describe('while 5,000 runs of an automation wait to be started', () => {
  const database = useDatabase();
  let automationId: string;
  beforeAll(async () => {
    const definition = Definition.parse({ name: 'burst', triggers: [{ id: 't', event: 'incident.created' }] });
    const actor = { type: 'user' as const, id: 'test' };
    const store = createAutomationStore({ clock: systemClock, ids: uuidV7 });
    automationId = (await database.db.transaction((tx) => store.create(tx, { definition, actor }))).id;
    await insert('pending', WAITING);
    await database.pool.query('analyze runs');
  });

  /** Inserts runs, each with its own context key, which may start. Returns the id of the last run. */
  const insert = async (status: string, count = 1, { queued = false } = {}) => {
    const key = randomUUID();
    await database.db.execute(sql`
      insert into runs (id, automation_id, version, scope_key, context_key, mode, status, trigger_scope, variables,
        root_run_id, workflow_id, created_at, start_at, execution_run_id)
      select id, ${automationId}, 1, key, key, 'parallel', ${status}, '{}', '{}', id, id, clock_timestamp(),
        ${queued ? sql`null` : sql`clock_timestamp()`}::timestamptz, 'e1'
      from (select gen_random_uuid() as id, ${key} || case when n = 1 then '' else n::text end as key
        from generate_series(${count}::int, 1, -1) n) each`);
    const found = await database.db.execute<{ id: string }>(sql`select id from runs where scope_key = ${key}`);
    return { id: found.rows[0]?.id ?? '', bucket: { automationId, scopeKey: key } };
  };
  /** Returns the result of `work`, and how many rows of `runs` it read. */
  const reading = <T>(work: (tx: Executor) => Promise<T>) =>
    database.db.transaction(async (tx) => {
      const count = async () => {
        const counted = await tx.execute<{ read: number }>(sql`
          select (seq_tup_read + idx_tup_fetch)::int as read from pg_stat_xact_user_tables where relname = 'runs'`);
        return counted.rows[0]?.read ?? NaN;
      };
      const before = await count();
      const result = await work(tx);
      return { result, read: (await count()) - before };
    });
  const request = (contextKey: string, scope: 'context_key' | 'automation' = 'context_key') => ({
    ...{ id: randomUUID(), automationId, version: 1, mode: 'parallel' as const, scope, maxRuns: 10, contextKey },
    ...{ triggerId: 't', triggerEvent: 'incident.created', changeId: randomUUID(), trigger: {}, variables: {} },
    ...{ causedBy: null, depth: 0 },
  });

  it('admitting a run reads only the runs of its bucket', async () => {
    const { result, read } = await reading((tx) => admitRuns(tx, [request('new'), request('other')]));
    expect(result).toMatchObject([{ admitted: true }, { admitted: true }]);
    expect(read).toBeLessThan(20);
  });

  it('a run of a bucket is refused when the bucket is full', async () => {
    const requests = Array.from({ length: 12 }, () => request('full'));
    const { result } = await reading((tx) => admitRuns(tx, requests));
    expect(result.filter(({ admitted }) => admitted)).toHaveLength(10);
    const [again] = await database.db.transaction((tx) => admitRuns(tx, [request('full')]));
    expect(again).toMatchObject({ admitted: false, outcome: 'max_runs' });
    const [whole] = await database.db.transaction((tx) => admitRuns(tx, [request('full', 'automation')]));
    expect(whole).toMatchObject({ admitted: false, outcome: 'max_runs' });
  });

  it('ending a run reads only the runs of its bucket, and starts the next queued run', async () => {
    for (const isQueued of [false, true]) {
      const last = await insert('running');
      await database.db.execute(sql`
        insert into run_steps (run_id, path, kind, status) values (${last.id}, 'actions[0]', 'action', 'running')`);
      const other = await insert('running');
      let queued: string | null = null;
      if (isQueued) {
        queued = (await insert('pending', 1, { queued: true })).id;
        await database.db.execute(sql`
          update runs set scope_key = ${last.bucket.scopeKey}, context_key = ${last.bucket.scopeKey} where id = ${queued}`);
      }
      const ending = { runId: last.id, path: 'actions[0]', beside: false, status: 'success' as const };
      const ended = await reading((tx) => endLastStep(tx, ending, last.bucket));
      expect(ended.result).toEqual({ ended: true, next: queued });
      expect(ended.read).toBeLessThan(20);
      const finished = await reading((tx) =>
        finishRun(tx, other.bucket, { runId: other.id, status: 'success', journal: [] }),
      );
      expect(finished.result).toEqual({ ended: true, next: null });
      expect(finished.read).toBeLessThan(20);
    }
  });

  it('a queued run starts only when no active run precedes it, and finding it reads only the runs of its bucket', async () => {
    const { bucket, id } = await insert('pending', 1, { queued: true });
    const before = await insert('running');
    await database.db.execute(sql`update runs set context_key = ${bucket.scopeKey} where id = ${before.id}`);
    const early = await reading((tx) => promoteNext(tx, bucket));
    expect(early.result).toBeNull();
    expect(await stalledBuckets(database.db)).toEqual([]);
    await database.db.execute(sql`update runs set status = 'success', finished_at = now() where id = ${before.id}`);
    const found = await reading((tx) => stalledBuckets(tx));
    expect(found.result).toEqual([bucket]);
    const late = await reading((tx) => promoteNext(tx, bucket));
    expect(late.result).toBe(id);
    for (const { read } of [early, found, late]) expect(read).toBeLessThan(20);
  });
});
