import type { Context } from '@temporalio/activity';
import * as steps from '../db/runs/step-states';
import type { StepStart } from '../db/runs/step-states';
import type { ActivityDeps } from './deps';
import { lacksFilters, leaveToOther } from './leave-to-other';
import type { ActionStepOfRun } from './step';

jest.mock('../db/runs/step-states', () => ({
  beginStep: jest.fn(),
  writeJournal: jest.fn(() => Promise.resolve()),
}));
const { beginStep, writeJournal } = jest.mocked(steps);

const deps = { database: { db: {} } } as unknown as ActivityDeps;
const journal = [{ path: 'actions[0]' }];
const stepWith = (action: object) =>
  ({
    names: { runId: 'run', path: 'actions[1]', actionId: null },
    input: { journal, wait: 'actions[0]' },
    action: { action: 'weather.report', ...action },
    mask: (value: unknown) => value,
  }) as unknown as ActionStepOfRun;
const contextOf = (isLocal: boolean) =>
  ({ info: { isLocal, activityId: '7', attempt: 2, workflowExecution: { runId: 'e1' } } }) as unknown as Context;

const begins = (more: Partial<StepStart> = {}) =>
  beginStep.mockResolvedValue({ open: true, finished: null, attempts: 3, ...more } as StepStart);
const leave = (isLocal: boolean, action: object = {}) => leaveToOther(deps, stepWith(action), contextOf(isLocal));

describe('a step whose action this worker does not have', () => {
  beforeEach(() => jest.clearAllMocks());

  it('becomes a normal activity, which uses up no attempt', async () => {
    begins();
    expect(await leave(true)).toEqual({ type: 'handover', attempts: 3, delayMs: 0, timeoutMs: 600_000 });
    // The row states that it is running; `show` counts nothing as sent.
    expect(beginStep.mock.calls[0]?.slice(1, 4)).toEqual([
      expect.objectContaining({ path: 'actions[1]' }),
      'show',
      'actions[0]',
    ]);
    expect(beginStep.mock.calls[0]?.[4]).toMatchObject({ of: 'e1/local/7', no: 2 });
  });

  it('keeps the timeout that its author wrote', async () => {
    begins();
    expect(await leave(true, { timeout_seconds: 5 })).toMatchObject({ timeoutMs: 5_000 });
  });

  it('is offered to any worker again a second later, as often as it takes', async () => {
    begins();
    await expect(leave(false)).rejects.toMatchObject({
      ...{ message: 'This worker does not have action weather.report.', type: 'unknown_action', nextRetryDelay: 1_000 },
    });
    await expect(leave(false)).rejects.not.toHaveProperty('nonRetryable', true);
  });

  it('writes the notes of the steps before it first', async () => {
    begins();
    await leave(true);
    expect(writeJournal.mock.calls).toEqual([[deps.database.db, 'run', journal]]);
    expect(writeJournal.mock.invocationCallOrder[0]).toBeLessThan(beginStep.mock.invocationCallOrder[0] ?? 0);
  });

  it.each([true, false])('keeps what an earlier attempt ended with (local: %s)', async (isLocal) => {
    const error = { code: 'provider_error', message: 'refused' };
    begins({ finished: { status: 'success', result: null, error: null } });
    expect(await leave(isLocal)).toEqual({ type: 'done' });
    begins({ finished: { status: 'failed', result: null, error } });
    expect(await leave(isLocal)).toEqual({ type: 'failed', error });
  });

  it.each([true, false])('of a run that has ended is closed (local: %s)', async (isLocal) => {
    begins({ open: false });
    expect(await leave(isLocal)).toEqual({ type: 'closed' });
  });
});

describe('a definition whose filters this worker does not have', () => {
  it('is offered to any worker again a second later', () => {
    expect(lacksFilters(['shout', 'whisper'])).toMatchObject({
      message: 'This worker does not have filter shout, whisper.',
      ...{ type: 'unknown_filter', nextRetryDelay: 1_000 },
    });
    expect(lacksFilters(['shout'])).not.toHaveProperty('nonRetryable', true);
  });
});
