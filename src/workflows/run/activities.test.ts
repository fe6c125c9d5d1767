import type { CancellationScope as Scope } from '@temporalio/workflow';
import { type ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/common';
import type { ActionNode } from '../../domain/run/plan';
import type { NextCall } from '../../domain/run/activities';
import type { Command } from '../../domain/run/interpret/command';
import { activityFailure, fakeExecution, type FakeExecution } from '../../../test/support/fake-workflow';
import { callStep, failStep, writeNotes } from './activities';
import { interceptors } from './delivery-order';
import { RunState } from './run-state';

jest.mock(
  '@temporalio/workflow',
  () => jest.requireActual<{ fakeWorkflowModule: object }>('../../../test/support/fake-workflow').fakeWorkflowModule,
);
const { CancellationScope } = jest.requireMock<{
  CancellationScope: new () => Scope;
}>('@temporalio/workflow');

const node: ActionNode = {
  ...{ kind: 'action', action: 'jira.create', execution: 'short', timeoutMs: 20_000 },
  ...{ id: 'open', label: 'jira.create · open', enabled: true, continueOnError: false },
  retry: { maxAttempts: 3, initialSeconds: 1, factor: 2, maxSeconds: 60 },
};
const path = 'actions[0]';
type Call = Extract<Command, { type: 'call' }>;

interface Calling extends FakeExecution {
  state: RunState;
}

/** Starts a call for a step of a run that has one note to write. */
async function calling(after: Call['after'] = null, next?: NextCall): Promise<Calling> {
  const execution = fakeExecution(interceptors());
  const state = new RunState('run', { x: 1 }, {});
  state.note({ type: 'note', node, path: 'actions[9]', status: 'running', persist: true }, false);
  await execution.run(() =>
    callStep(new CancellationScope(), state, state.progress.root, { type: 'call', node, path, after }, next),
  );
  return { ...execution, state };
}

const fail = (run: FakeExecution, cause: Error, retryState?: ConstructorParameters<typeof ActivityFailure>[3]) =>
  run.deliver({ activity: run.activity('performStep'), error: activityFailure(cause, retryState) });

describe('a call', () => {
  it('has a timeout for its attempts and the pauses between them, and a heartbeat timeout', async () => {
    const run = await calling();
    expect(run.activity('performStep')).toMatchObject({ name: 'jira.create', isLocal: false });
    const { options, input } = run.activity('performStep');
    expect(options).toMatchObject({ startToCloseTimeout: 80_000, heartbeatTimeout: '5 seconds' });
    expect(options['scheduleToCloseTimeout']).toBe(3 * 20_000 + 2 * 3_600_000 + 600_000);
    // The attempts are counted by the row, not by Temporal.
    expect(options['retry']).not.toHaveProperty('maximumAttempts');
    expect(options).not.toHaveProperty('taskQueue');
    expect(input).toMatchObject({ runId: 'run', path, mayMove: true, journal: [{ path: 'actions[9]' }] });
  });

  it('uses the task queue of calls with its timeout, and stays there, after a handover because of a slow origin', async () => {
    const run = await calling({ type: 'handover', attempts: 1, delayMs: 0, timeoutMs: 5_000, apart: true });
    const { options, input } = run.activity('performStep');
    expect(options).toMatchObject({ taskQueue: 'queue-calls', startToCloseTimeout: 65_000 });
    expect(input).not.toHaveProperty('mayMove');
  });

  it('uses the task queue of calls immediately if the previous stretch has chosen it', async () => {
    const run = await calling(null, { at: path, apart: true });
    const { options, input } = run.activity('performStep');
    expect(options).toMatchObject({ taskQueue: 'queue-calls', startToCloseTimeout: 80_000 });
    expect(input).not.toHaveProperty('mayMove');
  });

  it.each<NextCall>([{ at: path }, { at: 'actions[7]', apart: true }])(
    'stays on its task queue after %j',
    async (next) => {
      const run = await calling(null, next);
      expect(run.activity('performStep').options).not.toHaveProperty('taskQueue');
      expect(run.activity('performStep').input).toMatchObject({ mayMove: true });
    },
  );

  it('returns the failure that its attempts have recorded', async () => {
    const run = await calling();
    const failed = { type: 'failed', error: { code: 'provider_error', message: 'refused' } };
    await fail(run, ApplicationFailure.create({ message: 'refused', nonRetryable: true, details: [failed] }));
    expect(run.outcome()).toEqual({ isOpen: false, value: failed });
    // The attempt has also written the notes.
    expect(run.state.hasNotes()).toBe(false);
  });

  it.each([
    ['its deadline', new TimeoutFailure('activity StartToClose timeout', undefined, 'START_TO_CLOSE'), 'timeout'],
    ['a fault that is not recorded', ApplicationFailure.create({ message: 'broken', nonRetryable: true }), 'internal'],
    [
      'a failure that may be retried',
      ApplicationFailure.create({ message: 'broken', details: [{ type: 'failed' }] }),
      'internal',
    ],
  ] as const)('gives up after %s, and keeps its notes for the activity that records it', async (_what, cause, code) => {
    const run = await calling();
    await fail(run, cause);
    expect(run.outcome()).toEqual({ isOpen: false, value: { type: 'gaveUp', code, message: cause.message } });
    expect(run.state.takeNotes()).toMatchObject([{ path: 'actions[9]' }]);
  });

  it('gives up with the code `timeout` when Temporal stops retrying at its deadline', async () => {
    const run = await calling();
    await fail(run, ApplicationFailure.create({ message: 'broken' }), 'TIMEOUT');
    expect(run.outcome()).toMatchObject({ value: { type: 'gaveUp', code: 'timeout' } });
  });

  it('throws and keeps its notes when it was cancelled', async () => {
    const run = await calling();
    await fail(run, new CancelledFailure('cancelled'));
    expect(run.outcome()).toMatchObject({ error: { cause: { name: 'CancelledFailure' } } });
    expect(run.state.hasNotes()).toBe(true);
  });
});

describe('the record of a failure', () => {
  it('is a local activity with the notes', async () => {
    const execution = fakeExecution(interceptors());
    const state = new RunState('run', {}, {});
    const error = { code: 'timeout', message: 'late' };
    await execution.run(() =>
      failStep(new CancellationScope(), state, state.progress.root, { type: 'fail', node, path, error }),
    );
    expect(execution.activity('failStep')).toMatchObject({ isLocal: true, input: { runId: 'run', path, error } });
  });
});

describe('notes', () => {
  it('are kept for the next activity until they have been written', async () => {
    const execution = fakeExecution(interceptors());
    const state = new RunState('run', {}, {});
    state.note({ type: 'note', node, path, status: 'success', persist: true }, false);
    await execution.run(() => writeNotes(new CancellationScope(), state));
    expect(execution.activity('notes')).toMatchObject({ isLocal: true, input: { journal: [{ path }] } });
    expect([state.hasNotes(), state.takeNotes().length]).toEqual([false, 1]);
    state.endWriting();
    expect(state.takeNotes()).toEqual([]);
  });
});

describe('local attempts', () => {
  it('are repeated without a limit: their errors are infrastructure failures', async () => {
    const execution = fakeExecution(interceptors());
    const state = new RunState('run', {}, {});
    await execution.run(() => writeNotes(new CancellationScope(), state));
    const { options } = execution.activity('notes');
    expect(options).toMatchObject({ startToCloseTimeout: '30 seconds', retry: { maximumInterval: '10 seconds' } });
    expect(options['retry']).not.toHaveProperty('maximumAttempts');
  });

  it('have the names of functions in executions of older releases', async () => {
    const execution = fakeExecution(interceptors());
    execution.info.workflowType = 'runAutomation';
    const state = new RunState('run', {}, {});
    await execution.run(() => writeNotes(new CancellationScope(), state));
    expect(execution.activity('writeNotes').name).toBe('writeNotes');
  });
});
