import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { isDatabaseAway } from '../../src/db/availability';
import { FermataError } from '../../src/domain/errors';
import { ProviderFailure } from '../../src/integrations/provider-failure';
import { startActivityBench, type ActivityBench, type Fault } from '../support/activities';

const CALL = { action: 'probe.call', config: { text: 'hello' } };
const WRITE = { action: 'probe.write', config: { text: 'hello' } };
const ELSEWHERE = { code: 'elsewhere', message: 'by another attempt' };
const NORMAL = { isLocal: false };

describe('the activities of a run', () => {
  let b: ActivityBench;
  beforeAll(async () => {
    b = await startActivityBench();
    await b.database.pool.query('create table effects (run_id uuid not null)');
  }, 60_000);
  beforeEach(() => {
    b.probe.calls.length = 0;
    b.probe.call = () => Promise.resolve({ output: { sent: true } });
    b.probe.write = async ({ tx, run }) => {
      await tx.execute(sql`insert into effects values (${run.id})`);
      return { output: { written: true } };
    };
  });
  afterAll(() => b.close());

  const effects = async (runId: string) =>
    (await b.database.pool.query('select 1 from effects where run_id = $1', [runId])).rowCount;
  const perform = (runId: string, info?: Parameters<ActivityBench['run']>[1], fault?: Fault) =>
    b.run(() => b.activities(fault).performStep(b.input(runId)), info);
  const claim = (runId: string, executionRunId = 'e1', fault?: Fault) =>
    b.run(() => b.activities(fault).claimRun({ runId, executionRunId }));
  /** Calls until Postgres answers, as Temporal does, also while the attempt before may still be under way. */
  async function again<R>(attempt: (no: number) => Promise<R>): Promise<R> {
    for (let no = 2; ; no += 1) {
      try {
        return await attempt(no);
      } catch (error) {
        if ((error as { type?: unknown }).type !== 'attempt_superseded') throw error;
        await pause(500);
      }
    }
  }
  /** Each statement of an activity in turn, before and after it; `work` gets a fresh run for each. */
  async function atEachFault(work: (fault: Fault) => Promise<'reached' | 'past the last one'>) {
    for (const when of ['before', 'after'] as const) {
      let at = 1;
      while ((await work({ at, when })) === 'reached') at += 1;
      expect(at).toBeGreaterThan(1);
    }
  }
  const withFault = async (
    fault: Fault,
    work: (activities: ReturnType<ActivityBench['activities']>) => Promise<unknown>,
  ) => {
    const activities = b.activities(fault);
    const failure = await b
      .run(() => work(activities), NORMAL)
      .then(
        () => null,
        (error: unknown) => error as Error,
      );
    if (failure !== null && !isDatabaseAway(failure)) throw failure;
    return { failed: failure !== null, reached: activities.statements() >= fault.at };
  };

  describe('claimRun', () => {
    const VARIABLES = [{ variables: { n: 1 } }, { variables: { m: '{{ variables.n + 1 }}' } }];

    test('claims the row, performs what needs no Temporal, and ends the run', async () => {
      const id = await b.runOf(VARIABLES, { status: 'pending' });
      const claimed = await claim(id);
      expect(claimed).toMatchObject({ ended: true, done: [{ at: 'actions[0]' }, { at: 'actions[1]' }] });
      expect(await b.runRow(id)).toMatchObject({ status: 'success', execution_run_id: 'e1' });
      expect(await b.step(id, 'actions[1]')).toMatchObject({ status: 'success', result: { m: 2 } });
    });

    test('answers the execution that has ended the run as before, and any other with nothing', async () => {
      const id = await b.runOf(VARIABLES, { status: 'pending' });
      const first = await claim(id);
      expect(await claim(id)).toEqual({ ...first, variables: {} });
      expect(await claim(id, 'e2')).toBeNull();
      const cancelled = await b.runOf(VARIABLES, { status: 'pending' });
      await b.endRun(cancelled);
      expect(await claim(cancelled)).toBeNull();
      expect(await b.step(cancelled)).toBeUndefined();
    });

    test('leaves a run that another execution has', async () => {
      const id = await b.runOf(VARIABLES);
      expect(await claim(id, 'e2')).toBeNull();
      expect(await b.runRow(id)).toMatchObject({ status: 'running', execution_run_id: 'e1' });
    });

    test('performs nothing when the execution resumes', async () => {
      const id = await b.runOf(VARIABLES);
      const claimed = await b.run(() => b.activities().claimRun({ runId: id, executionRunId: 'e1', resumes: true }));
      expect(claimed).toMatchObject({ done: [], ended: false, plan: [{ kind: 'variables' }, { kind: 'variables' }] });
      expect(await b.step(id)).toBeUndefined();
    });

    test('answers alike when it is repeated after Postgres failed at any of its statements', async () => {
      const expected = await claim(await b.runOf([...VARIABLES, WRITE], { status: 'pending' }));
      await atEachFault(async (fault) => {
        const id = await b.runOf([...VARIABLES, WRITE], { status: 'pending' });
        const { failed, reached } = await withFault(fault, (a) => a.claimRun({ runId: id, executionRunId: 'e1' }));
        if (!reached) return 'past the last one';
        const repeated = failed ? await claim(id) : null;
        if (repeated !== null) expect(repeated.done).toEqual(expected?.done);
        expect(await b.runRow(id)).toMatchObject({ status: 'success' });
        expect(await effects(id)).toBe(1);
        return 'reached';
      });
    }, 60_000);
  });

  describe('an effect of our own', () => {
    test('is written with its step', async () => {
      const id = await b.runOf([WRITE, { delay: { seconds: 60 } }]);
      expect(await perform(id)).toEqual({ type: 'done' });
      expect(await b.step(id)).toMatchObject({ status: 'success', result: { written: true } });
      expect(await effects(id)).toBe(1);
    });

    test.each([
      ['success', { type: 'done' }],
      ['skipped', { type: 'skipped' }],
    ])('does not happen when the step has ended as %s', async (status, outcome) => {
      const id = await b.runOf([WRITE]);
      await b.endStep(id, status);
      expect(await perform(id)).toEqual(outcome);
      expect(await effects(id)).toBe(0);
    });

    test('does not happen when the step has failed: the failure that is stored is thrown again', async () => {
      const id = await b.runOf([WRITE]);
      await b.endStep(id, 'failed');
      await expect(perform(id)).rejects.toMatchObject({ nonRetryable: true, details: [{ error: ELSEWHERE }] });
      expect(await effects(id)).toBe(0);
    });

    test('does not happen when the run has ended', async () => {
      const id = await b.runOf([WRITE]);
      await b.endRun(id);
      expect(await perform(id)).toEqual({ type: 'closed' });
      expect(await effects(id)).toBe(0);
    });

    test('that is refused leaves nothing but the failure of its step', async () => {
      b.probe.write = async ({ tx, run }) => {
        await tx.execute(sql`insert into effects values (${run.id})`);
        throw new FermataError('conflict', 'Not now.');
      };
      const id = await b.runOf([WRITE]);
      const error = { code: 'conflict', message: 'Not now.', path: 'actions[0]' };
      expect(
        await b.run(() => b.activities().performStretch({ ...b.input(id), branch: '', positions: {} })),
      ).toMatchObject({
        done: [{ performed: { type: 'failed', error } }],
      });
      expect(await b.step(id)).toMatchObject({ status: 'failed', error });
      expect(await effects(id)).toBe(0);
    });

    test('happens once when Postgres fails at any of its statements', async () => {
      await atEachFault(async (fault) => {
        const id = await b.runOf([WRITE, { delay: { seconds: 60 } }]);
        const { reached } = await withFault(fault, (a) => a.performStep(b.input(id)));
        expect(await perform(id, { attempt: 2 })).toEqual({ type: 'done' });
        expect(await effects(id)).toBe(1);
        return reached ? 'reached' : 'past the last one';
      });
    }, 60_000);
  });

  describe('a call', () => {
    const RETRIED = { ...CALL, retry: { max_attempts: 2, initial_seconds: 7 } };
    const busy = () => Promise.reject(new ProviderFailure('rate_limited', 'Busy.', { retryable: true, status: 429 }));

    test('is sent, counted and kept', async () => {
      const id = await b.runOf([CALL, { delay: { seconds: 60 } }]);
      expect(await perform(id)).toEqual({ type: 'done' });
      expect(await b.step(id)).toMatchObject({ status: 'success', attempts: 1, result: { sent: true } });
    });

    test('is not sent when its step or run has ended, or its `enabled` is false', async () => {
      const ended = await b.runOf([CALL]);
      await b.endStep(ended, 'failed');
      await expect(perform(ended, NORMAL)).rejects.toMatchObject({
        nonRetryable: true,
        details: [{ error: ELSEWHERE }],
      });
      const closed = await b.runOf([CALL]);
      await b.endRun(closed);
      expect(await perform(closed)).toEqual({ type: 'closed' });
      const disabled = await b.runOf([{ ...CALL, enabled: '1 == 2' }]);
      expect(await perform(disabled)).toEqual({ type: 'skipped' });
      expect(await b.step(disabled)).toMatchObject({ status: 'skipped' });
      expect(b.probe.calls).toEqual([]);
    });

    test('whose step another attempt ends during it answers with that outcome; whose run ends, that it is closed', async () => {
      const id = await b.runOf([CALL]);
      b.probe.call = async () => {
        await b.endStep(id, 'failed');
        return { output: 'late' };
      };
      expect(
        await b.run(() => b.activities().performStretch({ ...b.input(id), branch: '', positions: {} })),
      ).toMatchObject({
        done: [{ performed: { type: 'failed', error: ELSEWHERE } }],
        ended: false,
      });
      expect(await b.step(id)).toMatchObject({ status: 'failed', result: null });
      const closed = await b.runOf([CALL]);
      b.probe.call = async () => {
        await b.endRun(closed);
        return {};
      };
      expect(await perform(closed)).toEqual({ type: 'closed' });
    });

    test('that fails for a while is handed over by a local attempt, and retried by Temporal after its pause', async () => {
      b.probe.call = busy;
      const id = await b.runOf([RETRIED]);
      expect(await perform(id)).toMatchObject({ type: 'handover', attempts: 1, delayMs: 7_000 });
      expect(await b.step(id)).toMatchObject({
        status: 'running',
        attempts: 1,
        error: { code: 'rate_limited', status: 429 },
      });
      const other = await b.runOf([RETRIED]);
      await expect(perform(other, NORMAL)).rejects.toMatchObject({ type: 'rate_limited', nextRetryDelay: 7_000 });
    });

    test('fails its step with the last attempt, and not before', async () => {
      b.probe.call = busy;
      const id = await b.runOf([RETRIED]);
      await perform(id);
      await expect(perform(id, { ...NORMAL, activityId: 'a2' })).rejects.toMatchObject({
        ...{ type: 'rate_limited', nonRetryable: true },
        details: [{ type: 'failed', error: { code: 'rate_limited', path: 'actions[0]' } }],
      });
      expect(await b.step(id)).toMatchObject({ status: 'failed', attempts: 2 });
      expect(b.probe.calls).toEqual([1, 2]);
    });

    test('is not sent beside one that is under way', async () => {
      const id = await b.runOf([RETRIED]);
      let answer: () => void = () => undefined;
      b.probe.call = () => new Promise((resolve) => (answer = () => resolve({ output: 'first' })));
      const first = perform(id, NORMAL);
      while (b.probe.calls.length === 0) await pause(10);
      await expect(perform(id, { ...NORMAL, attempt: 2 })).rejects.toMatchObject({ type: 'attempt_superseded' });
      answer();
      expect(await first).toEqual({ type: 'done' });
      expect(await perform(id, { ...NORMAL, attempt: 3 })).toEqual({ type: 'done' });
      expect(b.probe.calls).toEqual([1]);
    });

    test('that never reported its outcome and was the last one fails as lost', async () => {
      const id = await b.runOf([CALL]);
      await b.database.db.execute(sql`
        insert into run_steps (run_id, path, kind, status, attempts) values (${id}, 'actions[0]', 'action', 'running', 20)`);
      await expect(perform(id, NORMAL)).rejects.toMatchObject({ type: 'attempt_lost', nonRetryable: true });
      expect(b.probe.calls).toEqual([]);
    });

    test('is sent once, and uses up no attempt, when Postgres fails at any of its statements', async () => {
      await atEachFault(async (fault) => {
        b.probe.calls.length = 0;
        const id = await b.runOf([{ ...CALL, retry: { max_attempts: 3 } }, { delay: { seconds: 60 } }]);
        const { reached } = await withFault(fault, (a) => a.performStep(b.input(id)));
        expect(await again((attempt) => perform(id, { ...NORMAL, attempt }))).toEqual({ type: 'done' });
        expect(b.probe.calls).toHaveLength(1);
        return reached ? 'reached' : 'past the last one';
      });
    }, 120_000);
  });

  describe('failStep', () => {
    const error = { code: 'timeout', message: 'Over.' };
    const fail = (runId: string, fault?: Fault) =>
      b.run(() => b.activities(fault).failStep({ ...b.input(runId), error }));

    test('fails an open step, keeps the outcome of one that has ended, and leaves an ended run', async () => {
      const id = await b.runOf([CALL]);
      expect(await fail(id)).toMatchObject({ type: 'failed', error: { code: 'timeout', path: 'actions[0]' } });
      expect(await b.step(id)).toMatchObject({ status: 'failed', error: { code: 'timeout' } });
      const done = await b.runOf([CALL]);
      await b.endStep(done, 'success');
      expect(await fail(done)).toEqual({ type: 'done' });
      const closed = await b.runOf([CALL]);
      await b.endRun(closed);
      expect(await fail(closed)).toEqual({ type: 'closed' });
    });

    test('answers alike when it is repeated after Postgres failed', async () => {
      await atEachFault(async (fault) => {
        const id = await b.runOf([CALL]);
        const { reached } = await withFault(fault, (a) => a.failStep({ ...b.input(id), error }));
        expect(await fail(id)).toMatchObject({ type: 'failed', error: { code: 'timeout' } });
        return reached ? 'reached' : 'past the last one';
      });
    });
  });

  describe('performStretch', () => {
    const stretch = (runId: string) =>
      b.run(() => b.activities().performStretch({ ...b.input(runId), branch: '', positions: {} }));

    test('decides once: repeated, it answers as before, whatever is true by then', async () => {
      const when = 'incident.of_the_test.status == "open"';
      const id = await b.runOf([
        { choose: [{ when, sequence: [{ variables: { open: true } }] }], else: [{ variables: { open: false } }] },
        { delay: { seconds: 60 } },
      ]);
      const first = await stretch(id);
      expect(first.done.at(0)).toMatchObject({ evaluated: { type: 'branch', index: 'else' } });
      const delayed = first.done.at(-1);
      expect(delayed).toMatchObject({ at: 'actions[1]', evaluated: { type: 'delay' } });
      await pause(50);
      const second = await stretch(id);
      expect(second.done.slice(0, -1)).toEqual(first.done.slice(0, -1));
      // The end of the delay is fixed, what is left of it is less.
      const of = (done: typeof delayed) => (done as { evaluated: { until: number; ms: number } }).evaluated;
      expect(of(second.done.at(-1)).until).toBe(of(delayed).until);
      expect(of(second.done.at(-1)).ms).toBeLessThan(of(delayed).ms);
    });

    test('stops when the run has ended', async () => {
      const id = await b.runOf([{ variables: { n: 1 } }, WRITE]);
      await b.endRun(id);
      expect(await stretch(id)).toEqual({ done: [{ at: 'actions[0]', evaluated: { type: 'closed' } }], ended: false });
      expect(await effects(id)).toBe(0);
    });

    test('returns after 2 s, well before a workflow task times out, and goes on from there', async () => {
      b.probe.write = async () => {
        await pause(700);
        return {};
      };
      const id = await b.runOf(Array.from({ length: 6 }, () => WRITE));
      const first = await stretch(id);
      expect(first.ended).toBe(false);
      expect(first.done.length).toBeLessThan(6);
      expect(first.done.length).toBeGreaterThan(0);
      expect(await b.runRow(id)).toMatchObject({ status: 'running' });
    }, 30_000);

    test('returns before its outcomes become more than a marker of the history should hold', async () => {
      const id = await b.runOf(Array.from({ length: 6 }, () => ({ variables: { text: 'x'.repeat(100_000) } })));
      const { done, ended } = await stretch(id);
      expect(done.length).toBeLessThanOrEqual(3);
      expect(ended).toBe(false);
    }, 30_000);
  });

  describe('a wait', () => {
    const WAIT = {
      wait_until: { condition: 'incident.none.status == "open"', timeout_seconds: 600, continue_on_timeout: false },
    };
    const look = (runId: string, fault?: Fault) =>
      b.run(() => b.activities(fault).performStretch({ ...b.input(runId), branch: '', positions: {} }));
    const waits = async (runId: string) =>
      (await b.database.pool.query('select 1 from waits where run_id = $1', [runId])).rowCount;

    test('is armed once, however often it is evaluated, and sets run and step to waiting', async () => {
      const id = await b.runOf([WAIT]);
      for (let count = 0; count < 3; count += 1) {
        expect(await look(id)).toMatchObject({ done: [{ evaluated: { type: 'wait', over: false } }] });
      }
      expect(await waits(id)).toBe(1);
      expect([(await b.step(id))?.['status'], (await b.runRow(id))?.['status']]).toEqual(['waiting', 'waiting']);
    });

    test('times out by its row, and is gone; repeated, it answers the same', async () => {
      const id = await b.runOf([WAIT]);
      await look(id);
      await b.database.db.execute(sql`update waits set timeout_at = clock_timestamp() where run_id = ${id}`);
      const over = await look(id);
      expect(over.done[0]).toMatchObject({ evaluated: { type: 'failed', error: { code: 'wait_timeout' } } });
      expect(await waits(id)).toBe(0);
      expect((await look(id)).done[0]).toEqual(over.done[0]);
    });

    test('of a run that has ended is not armed, and not evaluated', async () => {
      const fresh = await b.runOf([WAIT]);
      await b.endRun(fresh);
      expect(await look(fresh)).toMatchObject({ done: [{ evaluated: { type: 'closed' } }] });
      expect(await waits(fresh)).toBe(0);
    });

    test('is armed once when Postgres fails at any of its statements', async () => {
      await atEachFault(async (fault) => {
        const id = await b.runOf([WAIT]);
        const { reached } = await withFault(fault, (a) =>
          a.performStretch({ ...b.input(id), branch: '', positions: {} }),
        );
        expect(await look(id)).toMatchObject({ done: [{ evaluated: { type: 'wait', over: false } }] });
        expect(await waits(id)).toBe(1);
        return reached ? 'reached' : 'past the last one';
      });
    }, 60_000);
  });

  describe('finishRun', () => {
    const finish = (runId: string) =>
      b.run(() => b.activities().finishRun({ runId, status: 'failed', error: ELSEWHERE, journal: [] }));

    test('ends a run once, with what was noted last', async () => {
      const id = await b.runOf([CALL]);
      expect([await finish(id), await finish(id)]).toEqual([true, false]);
      expect(await b.runRow(id)).toMatchObject({ status: 'failed', error: ELSEWHERE });
    });

    test('lets the next one of its queue start', async () => {
      const id = await b.runOf([CALL], { mode: 'queued' });
      const next = crypto.randomUUID();
      await b.database.pool.query(
        `insert into runs (id, automation_id, version, scope_key, mode, status, trigger_scope, root_run_id, workflow_id, created_at)
         select $2, automation_id, 1, scope_key, mode, 'pending', '{}', $2, workflow_id, now() from runs where id = $1`,
        [id, next],
      );
      const before = b.toStart();
      expect(await finish(id)).toBe(true);
      expect(b.toStart()).toBe(before + 1);
      expect((await b.runRow(next))?.['start_at']).not.toBeNull();
    });
  });
});
