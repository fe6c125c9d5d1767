import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { FermataError } from '../../src/domain/errors';
import { ProviderFailure } from '../../src/integrations/provider-failure';
import type { ActivityBench, Fault } from '../support/activities';
import {
  retrySuperseded,
  atEachFault,
  CALL,
  effectsOf,
  ELSEWHERE,
  NORMAL,
  resetProbes,
  startProbes,
  withFault,
  WRITE,
} from '../support/activity-faults';

describe('the activities of a step', () => {
  let b: ActivityBench;
  beforeAll(async () => void (b = await startProbes()), 60_000);
  beforeEach(() => resetProbes(b));
  afterAll(() => b.close());

  const effects = (runId: string) => effectsOf(b, runId);
  const perform = (runId: string, info?: Parameters<ActivityBench['run']>[1], fault?: Fault) =>
    b.run(() => b.activities(fault).performStep(b.input(runId)), info);

  describe('an internal effect', () => {
    test('is written with its step', async () => {
      const id = await b.runOf([WRITE, { delay: { seconds: 60 } }]);
      expect(await perform(id)).toEqual({ type: 'done' });
      expect(await b.step(id)).toMatchObject({ status: 'success', result: { written: true } });
      expect(await effects(id)).toBe(1);
    });

    test.each([
      ['success', { type: 'done' }],
      ['skipped', { type: 'skipped' }],
    ])('does not happen if the step has ended as %s', async (status, outcome) => {
      const id = await b.runOf([WRITE]);
      await b.endStep(id, status);
      expect(await perform(id)).toEqual(outcome);
      expect(await effects(id)).toBe(0);
    });

    test('does not happen if the step has failed: the stored failure is thrown again', async () => {
      const id = await b.runOf([WRITE]);
      await b.endStep(id, 'failed');
      await expect(perform(id)).rejects.toMatchObject({ nonRetryable: true, details: [{ error: ELSEWHERE }] });
      expect(await effects(id)).toBe(0);
    });

    test('does not happen if the run has ended', async () => {
      const id = await b.runOf([WRITE]);
      await b.endRun(id);
      expect(await perform(id)).toEqual({ type: 'closed' });
      expect(await effects(id)).toBe(0);
    });

    test('is rolled back if the action refuses it, and its step fails', async () => {
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

    test('happens once even if Postgres fails at any of its statements', async () => {
      await atEachFault(async (fault) => {
        const id = await b.runOf([WRITE, { delay: { seconds: 60 } }]);
        const { reached } = await withFault(b, fault, (a) => a.performStep(b.input(id)));
        expect(await perform(id, { attempt: 2 })).toEqual({ type: 'done' });
        expect(await effects(id)).toBe(1);
        return reached ? 'reached' : 'past the last one';
      });
    }, 180_000);
  });

  describe('a call', () => {
    const RETRIED = { ...CALL, retry: { max_attempts: 2, initial_seconds: 7 } };
    const busy = () => Promise.reject(new ProviderFailure('rate_limited', 'Busy.', { retryable: true, status: 429 }));

    test('is sent, counted and stored', async () => {
      const id = await b.runOf([CALL, { delay: { seconds: 60 } }]);
      expect(await perform(id)).toEqual({ type: 'done' });
      expect(await b.step(id)).toMatchObject({ status: 'success', attempts: 1, result: { sent: true } });
    });

    test('is not sent if its step or run has ended, or if its `enabled` is false', async () => {
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

    test('returns the outcome of another attempt that ended its step in the meantime, or `closed` if its run has ended', async () => {
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

    test('is handed over by a local attempt and retried by Temporal after a pause if it fails temporarily', async () => {
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

    test('fails its step with the last attempt, not earlier', async () => {
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

    test('is not sent while another attempt is in progress', async () => {
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

    test('fails as lost if its last attempt never reported an outcome', async () => {
      const id = await b.runOf([CALL]);
      await b.database.db.execute(sql`
        insert into run_steps (run_id, path, kind, status, attempts) values (${id}, 'actions[0]', 'action', 'running', 20)`);
      await expect(perform(id, NORMAL)).rejects.toMatchObject({ type: 'attempt_lost', nonRetryable: true });
      expect(b.probe.calls).toEqual([]);
    });

    test('is sent once and counts as one attempt even if Postgres fails at any of its statements', async () => {
      await atEachFault(async (fault) => {
        b.probe.calls.length = 0;
        const id = await b.runOf([{ ...CALL, retry: { max_attempts: 3 } }, { delay: { seconds: 60 } }]);
        const { reached } = await withFault(b, fault, (a) => a.performStep(b.input(id)));
        expect(await retrySuperseded((attempt) => perform(id, { ...NORMAL, attempt }))).toEqual({ type: 'done' });
        expect(b.probe.calls).toHaveLength(1);
        return reached ? 'reached' : 'past the last one';
      });
    }, 360_000);
  });

  describe('failStep', () => {
    const error = { code: 'timeout', message: 'Over.' };
    const fail = (runId: string, fault?: Fault) =>
      b.run(() => b.activities(fault).failStep({ ...b.input(runId), error }));

    test('fails an open step, keeps the outcome of a step that has ended, and does not change an ended run', async () => {
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

    test('returns the same when it is repeated after Postgres failed', async () => {
      await atEachFault(async (fault) => {
        const id = await b.runOf([CALL]);
        const { reached } = await withFault(b, fault, (a) => a.failStep({ ...b.input(id), error }));
        expect(await fail(id)).toMatchObject({ type: 'failed', error: { code: 'timeout' } });
        return reached ? 'reached' : 'past the last one';
      });
    });
  });
});
