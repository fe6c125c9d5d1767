import { lacksFilters } from '../../src/activities/leave-to-other';
import { startActivityBench, type ActivityBench } from '../support/activities';

const UNKNOWN = { action: 'weather.report' };
const BEFORE = { path: 'actions[0]', actionId: null, kind: 'condition', action: null, status: 'skipped' as const };

describe('a step whose action this worker does not have', () => {
  let b: ActivityBench;
  beforeAll(async () => void (b = await startActivityBench()));
  afterAll(() => b.close());

  const perform = (runId: string, isLocal: boolean) =>
    b.run(() => b.activities().performStep({ ...b.input(runId, 'actions[1]'), journal: [BEFORE] }), {
      isLocal,
      attempt: 2,
      activityId: '7',
    });
  const runOf = (more: object = {}) => b.runOf([{ condition: 'true' }, { ...UNKNOWN, ...more }]);

  test('is handed over to a normal activity, and does not count as an attempt', async () => {
    const id = await runOf();
    expect(await perform(id, true)).toEqual({ type: 'handover', attempts: 0, delayMs: 0, timeoutMs: 600_000 });
    expect(await b.step(id, 'actions[1]')).toMatchObject({ status: 'running', attempts: 0 });
  });

  test('keeps its timeout when it is handed over', async () => {
    expect(await perform(await runOf({ timeout_seconds: 5 }), true)).toMatchObject({ timeoutMs: 5_000 });
  });

  test('is retried by Temporal on any worker after a second, and does not count as an attempt', async () => {
    const id = await runOf();
    for (let offer = 0; offer < 2; offer += 1) {
      const error: unknown = await perform(id, false).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        message: 'This worker does not have action weather.report.',
        ...{ type: 'unknown_action', nextRetryDelay: 1_000 },
      });
      expect(error).not.toHaveProperty('nonRetryable', true);
    }
    expect(await b.step(id, 'actions[1]')).toMatchObject({ status: 'running', attempts: 0 });
  });

  test('writes the rows of the steps before it', async () => {
    const id = await runOf();
    await perform(id, true);
    expect(await b.step(id, 'actions[0]')).toMatchObject({ status: 'skipped' });
  });

  test.each([true, false])('keeps the outcome of an earlier attempt (local: %s)', async (isLocal) => {
    const [succeeded, failed] = [await runOf(), await runOf()];
    await b.endStep(succeeded, 'success', 'actions[1]');
    await b.endStep(failed, 'failed', 'actions[1]');
    expect(await perform(succeeded, isLocal)).toEqual({ type: 'done' });
    await expect(perform(failed, isLocal)).rejects.toMatchObject({
      details: [{ type: 'failed', error: { code: 'elsewhere', message: 'by another attempt' } }],
    });
  });

  test.each([true, false])('is closed if its run has ended (local: %s)', async (isLocal) => {
    const id = await runOf();
    await b.endRun(id);
    expect(await perform(id, isLocal)).toEqual({ type: 'closed' });
  });
});

test('a definition whose filters this worker does not have is retried by Temporal on any worker after a second', () => {
  expect(lacksFilters(['shout', 'whisper'])).toMatchObject({
    message: 'This worker does not have filter shout, whisper.',
    ...{ type: 'unknown_filter', nextRetryDelay: 1_000 },
  });
  expect(lacksFilters(['shout'])).not.toHaveProperty('nonRetryable', true);
});
