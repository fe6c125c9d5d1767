import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { drizzle } from 'drizzle-orm/node-postgres';
import { deferEnd } from '../../src/activities/deferred-end';
import { beginSent, endAndBeginSent, type StepEnd, type StepNames } from '../../src/db/runs/step-states';
import type { ActivityBench, Fault } from '../support/activities';
import {
  atEachFault,
  CALL,
  effectsOf,
  ELSEWHERE,
  resetProbes,
  retrySuperseded,
  startProbes,
  withFault,
  WRITE,
} from '../support/activity-faults';

const SECOND = 'actions[1]';
const DISABLED = { ...CALL, enabled: false };
const BROKEN = { ...CALL, config: { text: '{{ "x" | to_nothing }}' } };

describe('the end of a call is written with the beginning of the next call', () => {
  let b: ActivityBench;
  beforeAll(async () => void (b = await startProbes()), 60_000);
  beforeEach(() => resetProbes(b));
  afterAll(() => b.close());

  /** Claims and performs a run. `beforeSecond` is called when the second call has been prepared. */
  const perform = async (
    actions: object[],
    { mode, beforeSecond }: { mode?: string; beforeSecond?: (id: string) => Promise<unknown> } = {},
  ) => {
    const id = await b.runOf(actions, { status: 'pending', ...(mode !== undefined && { mode }) });
    const activities = b.activities();
    activities.deps.failpoint = async (name) => {
      if (name === 'before-attempt-is-sent' && b.probe.calls.length === 1) await beforeSecond?.(id);
    };
    const claimed = await b.run(() => activities.claimRun({ runId: id, executionRunId: 'e1' }));
    return { id, claimed, statements: activities.statements() };
  };
  const timesOf = async (id: string) =>
    (
      await b.database.pool.query<{ path: string; started_at: Date; finished_at: Date }>(
        'select path, started_at, finished_at from run_steps where run_id = $1 order by path',
        [id],
      )
    ).rows;

  test('in one statement, so that each further call costs one', async () => {
    const two = await perform([CALL, CALL]);
    const five = await perform([CALL, CALL, CALL, CALL, CALL]);
    expect(five.statements - two.statements).toBe(3);
    expect(await b.runRow(five.id)).toMatchObject({ status: 'success' });
    const times = await timesOf(five.id);
    expect(times).toHaveLength(5);
    for (const [at, { started_at, finished_at }] of times.entries()) {
      expect(started_at.getTime()).toBeLessThanOrEqual(finished_at.getTime());
      expect(started_at.getTime()).toBeGreaterThanOrEqual(times[at - 1]?.finished_at.getTime() ?? 0);
      const path = `actions[${at}]`;
      expect(await b.step(five.id, path)).toMatchObject({ status: 'success', attempts: 1, result: { sent: true } });
    }
  });

  test('before any other kind of step', async () => {
    for (const next of [WRITE, DISABLED, BROKEN, { delay: { seconds: 60 } }, { variables: { n: 1 } }]) {
      const run = await perform([CALL, next, CALL]);
      expect(await b.step(run.id)).toMatchObject({ status: 'success', attempts: 1 });
      const [first, second] = await timesOf(run.id);
      if (second !== undefined && !('delay' in next)) {
        expect(second.started_at.getTime()).toBeGreaterThanOrEqual(first?.finished_at.getTime() ?? Infinity);
      }
    }
  });

  test('in the mode `queued`, and in `on_failure`, too', async () => {
    const queued = await perform([CALL, CALL], { mode: 'queued' });
    expect(await b.runRow(queued.id)).toMatchObject({ status: 'success' });
    expect(await b.step(queued.id, SECOND)).toMatchObject({ status: 'success' });
    const failed = await b.runOf([CALL], { definition: { on_failure: [CALL, CALL] } });
    const error = { code: 'internal', message: 'failed', path: 'actions[0]' };
    const input = { runId: failed, branch: '', positions: {}, repeat: null, journal: [], variables: {}, error };
    const { done } = await b.run(() => b.activities().performStretch(input));
    expect(done).toEqual([0, 1].map((n) => ({ at: `on_failure[${n}]`, performed: { type: 'done' } })));
    for (const n of [0, 1]) expect(await b.step(failed, `on_failure[${n}]`)).toMatchObject({ status: 'success' });
  });

  test('but soon, if the next call takes long to prepare', async () => {
    let status: unknown;
    const run = await perform([CALL, CALL], {
      beforeSecond: async (runId) => {
        expect(await b.step(runId)).toMatchObject({ status: 'running' });
        await pause(200);
        status = (await b.step(runId))?.status;
      },
    });
    expect(status).toBe('success');
    expect(await b.runRow(run.id)).toMatchObject({ status: 'success' });
    expect(b.probe.calls).toEqual([1, 1]);
  });

  test.each([0, 200])('and the next call is not sent if the run ended %i ms after the answer', async (ms) => {
    const { id: runId, claimed } = await perform([CALL, CALL], {
      beforeSecond: async (ended) => {
        await pause(ms);
        await b.endRun(ended);
      },
    });
    expect(claimed?.done.at(-1)).toEqual({
      at: `actions[${ms === 0 ? 0 : 1}]`,
      performed: { type: 'closed' },
    });
    expect(claimed?.ended).toBe(false);
    expect(await b.step(runId, SECOND)).toBeUndefined();
    expect(b.probe.calls).toEqual([1]);
  });

  test.each(['failed', 'success', 'skipped'])(
    'and the stretch ends with the outcome `%s` that another attempt has written',
    async (status) => {
      const { id: runId, claimed } = await perform([CALL, CALL], {
        beforeSecond: (ended) => b.endStep(ended, status),
      });
      const outcomes = {
        failed: { type: 'failed', error: ELSEWHERE },
        success: { type: 'done' },
        skipped: { type: 'skipped' },
      };
      expect(claimed?.done).toEqual([{ at: 'actions[0]', performed: outcomes[status as keyof typeof outcomes] }]);
      expect(claimed?.ended).toBe(false);
      expect(await b.step(runId, SECOND)).toBeUndefined();
      expect(b.probe.calls).toEqual([1]);
    },
  );

  test('and the next call is not sent if another attempt has begun it', async () => {
    const names = (runId: string) => ({ runId, path: SECOND, actionId: null, kind: 'action', action: 'probe.call' });
    const run = perform([CALL, CALL], {
      beforeSecond: (runId) =>
        beginSent(b.database.db, names(runId) as never, { of: 'other', no: 1, token: randomUUID() }),
    });
    await expect(run).rejects.toMatchObject({ type: 'attempt_superseded' });
    expect(b.probe.calls).toEqual([1]);
    const { rows } = await b.database.pool.query(
      `select status from run_steps where run_id = (select run_id from run_steps where attempt ->> 'of' = 'other')
       order by path`,
    );
    expect(rows).toEqual([{ status: 'success' }, { status: 'running' }]);
  });

  test('by a statement that is repeated while the first one is being committed', async () => {
    const runId = await b.runOf([CALL, CALL]);
    const names = (path: string) =>
      ({ ...{ runId, path, actionId: null, kind: 'action', action: 'probe.call' }, view: [] }) as unknown as StepNames;
    const key = () => ({ of: 'e1/local/1', no: 1, token: randomUUID() });
    await beginSent(b.database.db, names('actions[0]'), key());
    const end: StepEnd = { runId, path: 'actions[0]', beside: false, status: 'success' };
    const second = key();
    const first = await b.database.pool.connect();
    await first.query('begin');
    expect(await endAndBeginSent(drizzle(first), end, names(SECOND), second)).toBe(true);
    const deferred = deferEnd(b.database, end, () => Promise.reject(new Error('The end is written with the call.')));
    const repeated = deferred.begin(names(SECOND), second);
    await pause(200);
    await first.query('commit');
    first.release();
    expect(await repeated).toBe(true);
    expect(await deferred.settle()).toBeNull();
    expect(await b.step(runId, SECOND)).toMatchObject({ status: 'running', attempts: 1 });
  });

  describe('and Postgres refuses it', () => {
    const refuse = (what: string) =>
      b.database.pool.query(`alter table run_steps add constraint refused check (${what} is distinct from 'refuse')`);
    afterEach(() => b.database.pool.query('alter table run_steps drop constraint refused'));

    test.each([
      ['call', CALL],
      ['write', WRITE],
      ['delay', { delay: { seconds: 60 } }],
    ])('which fails the step at once if a %s follows', async (_, next) => {
      await refuse(`result ->> 'sent'`);
      b.probe.call = () => Promise.resolve({ output: { sent: 'refuse' } });
      const { id: runId, claimed } = await perform([CALL, next]);
      expect(b.probe.calls).toEqual([1]);
      expect(await b.step(runId)).toMatchObject({ status: 'failed', attempts: 1, error: { code: 'internal' } });
      expect(claimed?.done).toMatchObject([{ at: 'actions[0]', performed: { type: 'failed' } }]);
    });

    test('because of the next call, so that only the next call fails', async () => {
      await refuse(`trace #>> '{config,text}'`);
      await expect(perform([CALL, { ...CALL, config: { text: 'refuse' } }])).rejects.toThrow();
      const { rows } = await b.database.pool.query(`select status from run_steps order by began_seq desc limit 1`);
      expect(rows).toEqual([{ status: 'success' }]);
      expect(b.probe.calls).toEqual([1]);
    });
  });

  test('as the action has returned it, even if the action changes its result later', async () => {
    const output = { inner: { n: 1 } };
    b.probe.call = () => Promise.resolve({ output });
    const { id: runId } = await perform([CALL, CALL], {
      beforeSecond: () => {
        output.inner.n = 2;
        return Promise.resolve();
      },
    });
    expect(await b.step(runId)).toMatchObject({ status: 'success', result: { inner: { n: 1 } } });
  });

  test('before a secret of the next call is stored', async () => {
    const runId = await b.runOf([CALL, CALL], { status: 'pending' });
    const activities = b.activities();
    const seen: unknown[] = [];
    activities.deps.secrets.resolve = () =>
      Promise.resolve(
        new Map(b.probe.calls.length === 0 ? [] : [['s', { source: 'secret:s@1', value: 'not for anyone' }]]),
      );
    activities.deps.secrets.remember = async (_, used) => {
      if (used.length > 0) seen.push((await b.step(runId))?.['status']);
    };
    await b.run(() => activities.claimRun({ runId, executionRunId: 'e1' }));
    expect(seen).toEqual(['success']);
  });

  const REPEAT = { repeat: { count: 3, sequence: [CALL, CALL] } };
  const CHOOSE = { choose: [{ when: true, sequence: [CALL, WRITE, CALL] }] };
  const SETS = [
    ['calls', [CALL, CALL, CALL], 3, 0],
    ['a write', [CALL, WRITE, CALL], 2, 1],
    ['variables', [CALL, { variables: { n: 1 } }, CALL], 2, 0],
    ['a repeat', [CALL, REPEAT, CALL], 8, 0],
    ['a choose and a disabled step', [CALL, CHOOSE, DISABLED, CALL], 4, 1],
    ['a stop', [CALL, CALL, { stop: { reason: 'enough' } }, CALL], 2, 0],
  ] as const;
  test.each(SETS.flatMap((set) => [[...set, 0] as const, [...set, 40] as const]))(
    'once, and each call is sent once, after Postgres failed at any statement of a run with %s (%i, %i; preparation: %i ms)',
    async (_, actions, calls, effects, preparationMs) => {
      await atEachFault(async (fault: Fault) => {
        resetProbes(b);
        const runId = await b.runOf([...actions], { status: 'pending' });
        const { reached } = await withFault(b, fault, (activities) => {
          activities.deps.failpoint = async (name) => {
            if (name === 'before-attempt-is-sent' && preparationMs > 0) await pause(preparationMs);
          };
          return activities.claimRun({ runId, executionRunId: 'e1' });
        });
        if (!reached) return 'past the last one';
        await retrySuperseded((attempt) =>
          b.run(() => b.activities().claimRun({ runId, executionRunId: 'e1' }), { attempt }),
        );
        expect(b.probe.calls).toHaveLength(calls);
        expect(await effectsOf(b, runId)).toBe(effects);
        const { rows } = await b.database.pool.query<{ status: string }>(
          `select status from run_steps where run_id = $1 and kind = 'action'`,
          [runId],
        );
        expect(rows.every(({ status }) => ['success', 'skipped'].includes(status))).toBe(true);
        return 'reached';
      });
    },
    300_000,
  );
});
