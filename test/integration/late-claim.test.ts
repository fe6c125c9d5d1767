import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { drizzle } from 'drizzle-orm/node-postgres';
import { createLateClaim } from '../../src/activities/late-claim';
import { claimAndBegin } from '../../src/db/runs/claim';
import type { ActivityBench, Fault } from '../support/activities';
import {
  atEachFault,
  CALL,
  resetProbes,
  retrySuperseded,
  startProbes,
  withFault,
  WRITE,
} from '../support/activity-faults';

describe('a run that this process has started is claimed with its first call', () => {
  let b: ActivityBench;
  beforeAll(async () => void (b = await startProbes()), 60_000);
  beforeEach(() => resetProbes(b));
  afterAll(() => b.close());

  /** Starts a pending run, calls `before`, and claims the run. */
  const startAndClaim = async (
    actions: object[],
    { mode, before }: { mode?: string; before?: (id: string) => Promise<unknown> } = {},
  ) => {
    const id = await b.runOf(actions, { status: 'pending', ...(mode !== undefined && { mode }) });
    const activities = b.activities();
    await activities.start(id);
    await before?.(id);
    const claimed = await b.run(() => activities.claimRun({ runId: id, executionRunId: 'e1' }));
    return { id, activities, claimed, statements: activities.statements() };
  };
  const rowOf = async (id: string) =>
    (
      await b.database.pool.query<{ started_at: Date; created_at: Date; finished_at: Date; result: { text: string } }>(
        `select r.started_at, r.created_at, r.finished_at, s.result from runs r left join run_steps s on s.run_id = r.id
         where r.id = $1 order by s.path desc limit 1`,
        [id],
      )
    ).rows[0];

  test('in one statement less, with the same result', async () => {
    const plain = await b.runOf([CALL, CALL], { status: 'pending' });
    const activities = b.activities();
    const expected = await b.run(() => activities.claimRun({ runId: plain, executionRunId: 'e1' }));
    const { id, claimed, statements } = await startAndClaim([CALL, CALL]);
    expect(claimed).toEqual(expected);
    expect(await b.runRow(id)).toMatchObject({ status: 'success', execution_run_id: 'e1' });
    expect(await b.step(id)).toMatchObject({ status: 'success', attempts: 1 });
    // The definition is read once for each `activities`.
    expect(statements).toBe(activities.statements() - 1);
    expect(b.probe.calls).toEqual([1, 1, 1, 1]);
  });

  test('in a bucket with the mode `queued` too', async () => {
    const { id } = await startAndClaim([CALL], { mode: 'queued' });
    expect(await b.runRow(id)).toMatchObject({ status: 'success' });
  });

  test('and is not sent if the run was ended, or claimed by another execution', async () => {
    const ended = await startAndClaim([CALL], { before: (id) => b.endRun(id) });
    expect([ended.claimed, await b.step(ended.id)]).toEqual([null, undefined]);
    const other = await startAndClaim([CALL], {
      before: (id) =>
        b.database.pool.query(`update runs set status = 'running', execution_run_id = 'e2' where id = $1`, [id]),
    });
    expect([other.claimed, await b.step(other.id)]).toEqual([null, undefined]);
    expect(await b.runRow(other.id)).toMatchObject({ status: 'running', execution_run_id: 'e2' });
    expect(b.probe.calls).toEqual([]);
  });

  test('and only performs `on_failure` if the run has lost its execution', async () => {
    const lost = JSON.stringify({ code: 'execution_lost', message: 'gone' });
    const { claimed } = await startAndClaim([CALL], {
      before: (id) => b.database.pool.query('update runs set error = $2 where id = $1', [id, lost]),
    });
    expect(claimed).toMatchObject({ failed: { error: { code: 'execution_lost' } }, done: [] });
    expect(b.probe.calls).toEqual([]);
  });

  test('but not if steps of the run have ended before, as in a retry', async () => {
    const { id } = await startAndClaim([CALL, CALL], { before: (id) => b.endStep(id, 'success') });
    expect(await b.runRow(id)).toMatchObject({ status: 'success' });
    expect(b.probe.calls).toEqual([1]);
  });

  test('before anything is written, if the first step is not sent', async () => {
    const skipped = await startAndClaim([{ ...CALL, enabled: false }, WRITE]);
    expect(await b.runRow(skipped.id)).toMatchObject({ status: 'success', execution_run_id: 'e1' });
    expect(await b.step(skipped.id)).toMatchObject({ status: 'skipped' });
    const empty = await startAndClaim([{ ...CALL, enabled: false }]);
    expect([empty.claimed?.ended, await b.runRow(empty.id)]).toMatchObject([true, { status: 'success' }]);
    const failed = await startAndClaim([{ ...CALL, config: { text: '{{ "x" | to_nothing }}' } }]);
    expect(await b.runRow(failed.id)).toMatchObject({ execution_run_id: 'e1' });
    expect(failed.claimed?.done).toMatchObject([{ performed: { type: 'failed' } }]);
    for (const first of [WRITE, { delay: { seconds: 60 } }, { variables: { n: 1 } }]) {
      const { id } = await startAndClaim([first, CALL]);
      expect(await b.runRow(id)).toMatchObject({ execution_run_id: 'e1' });
    }
    expect(b.probe.calls).toEqual([1, 1]);
  });

  test('so that every step reads the time of the start that the row contains', async () => {
    const config = { text: '{{ run.startedAt }}' };
    b.probe.call = ({ config: rendered }) => Promise.resolve({ output: { text: (rendered as { text: string }).text } });
    const spelled = { text: '{{\n\trun["startedAt"] }}' };
    for (const actions of [[{ ...CALL, config }], [CALL, { ...CALL, config }], [{ ...CALL, config: spelled }]]) {
      const { id } = await startAndClaim(actions, { before: () => pause(20) });
      const row = await rowOf(id);
      if (row === undefined) throw new Error('the run has no row');
      expect(row.result.text).toBe(row.started_at.toISOString());
      expect(row.started_at.getTime()).toBeGreaterThan(row.created_at.getTime());
      expect(row.finished_at.getTime()).toBeGreaterThanOrEqual(row.started_at.getTime());
    }
  });

  test('a run that another execution has claimed is read again, because its start is not known', async () => {
    const activities = b.activities();
    const id = await b.runOf([CALL], { status: 'pending' });
    await activities.start(id);
    await b.database.pool.query(
      `update runs set status = 'running', execution_run_id = 'e2', started_at = '2020-01-01' where id = $1`,
      [id],
    );
    expect(await b.run(() => activities.claimRun({ runId: id, executionRunId: 'e1' }))).toBeNull();
    expect((await activities.deps.sourceOf(id)).facts.run.startedAt).toBe('2020-01-01T00:00:00.000Z');
  });

  test('by a statement that is repeated while the first one is being committed', async () => {
    const id = await b.runOf([CALL], { status: 'pending' });
    const key = { of: 'e1/local/1', no: 1, token: randomUUID() };
    const names = { runId: id, path: 'actions[0]', actionId: null, kind: 'action', action: 'probe.call', view: [] };
    const first = await b.database.pool.connect();
    await first.query('begin');
    await claimAndBegin(drizzle(first), names as never, 'e1', key);
    const activities = b.activities();
    const late = createLateClaim(activities.deps, await activities.deps.sourceOf(id), 'e1');
    const repeated = late.begin(names as never, key);
    await pause(200);
    await first.query('commit');
    first.release();
    expect(await repeated).toBe(true);
    expect(await b.step(id)).toMatchObject({ status: 'running', attempts: 1 });
  });

  test('a large trigger is read when the run is claimed', async () => {
    const text = Array.from({ length: 100_000 }, (_, n) => (n * 7_919).toString(36)).join('');
    const id = await b.runOf([{ ...CALL, config: { text: '{{ trigger.text | length }}' } }], { status: 'pending' });
    await b.database.pool.query('update runs set trigger_scope = $2 where id = $1', [id, JSON.stringify({ text })]);
    b.probe.call = ({ config }) => Promise.resolve({ output: config as Record<string, unknown> });
    const activities = b.activities();
    await activities.start(id);
    await b.run(() => activities.claimRun({ runId: id, executionRunId: 'e1' }));
    expect(await b.step(id)).toMatchObject({ result: { text: String(text.length) } });
  });

  test('once, and sends each call once, if it is repeated after Postgres failed at any of its statements', async () => {
    await atEachFault(async (fault: Fault) => {
      resetProbes(b);
      const id = await b.runOf([CALL, CALL], { status: 'pending' });
      const { reached } = await withFault(b, fault, async (a) => {
        await a.start(id);
        return a.claimRun({ runId: id, executionRunId: 'e1' });
      });
      if (!reached) return 'past the last one';
      await retrySuperseded((attempt) =>
        b.run(() => b.activities().claimRun({ runId: id, executionRunId: 'e1' }), { attempt }),
      );
      expect(await b.runRow(id)).toMatchObject({ status: 'success', execution_run_id: 'e1' });
      for (const path of ['actions[0]', 'actions[1]']) {
        expect(await b.step(id, path)).toMatchObject({ status: 'success', attempts: 1 });
      }
      expect(b.probe.calls).toHaveLength(2);
      return 'reached';
    });
  }, 180_000);
});
