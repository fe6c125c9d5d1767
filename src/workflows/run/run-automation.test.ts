import { ApplicationFailure } from '@temporalio/common';
import { ActionStep } from '../../domain/definition/action';
import { planOf } from '../../domain/run/interpret/steps';
import type { RunInput } from '../../domain/run/messages';
import { ContinuedAsNew, fakeExecution, type FakeExecution } from '../../../test/support/fake-workflow';
import { interceptors } from './delivery-order';
import { runAutomation } from './run-automation';

jest.mock(
  '@temporalio/workflow',
  () => jest.requireActual<{ fakeWorkflowModule: object }>('../../../test/support/fake-workflow').fakeWorkflowModule,
);

const plan = (steps: object[]) =>
  planOf(
    steps.map((step) => ActionStep.parse(step)),
    () => ({ execution: 'short', timeoutMs: 1_000 }),
  );

const OWN = { action: 'test.own' };
const WAIT = { wait_until: { condition: '1 == 2', timeout_seconds: 60 } };
const DELAY = { delay: { seconds: 5 } };
const waits = { type: 'wait', over: false, note: 'for a while', recheckAt: null, timeoutAt: 60_000, ms: 60_000 };
const ERROR = { code: 'provider_error', message: 'refused', path: 'actions[0]' };
const cancelled = expect.objectContaining({ name: 'CancelledFailure' }) as unknown;

const did = (path: string) => ({ at: path, performed: { type: 'done' } });
const failed = (path: string) => ({ at: path, performed: { type: 'failed', error: ERROR } });
const delayed = (path: string) => ({ at: path, evaluated: { type: 'delay', until: 5_000, ms: 5_000 } });

interface Claim {
  actions: object[];
  onFailure?: object[];
  done?: object[];
  [key: string]: unknown;
}

const claim = ({ actions, onFailure = [], done = [], ...more }: Claim) => ({
  ...{ plan: plan(actions), onFailure: plan(onFailure), variables: {}, done, ended: false },
  ...more,
});

async function begin(input: Partial<RunInput> = {}): Promise<FakeExecution> {
  const execution = fakeExecution(interceptors());
  await execution.run(() => runAutomation({ v: 1, runId: 'run', continueAfter: 1_000, ...input }));
  return execution;
}

async function claimed(given: Claim, input: Partial<RunInput> = {}): Promise<FakeExecution> {
  const run = await begin(input);
  await run.answer('claimRun', claim(given));
  return run;
}

const errorOf = (run: FakeExecution): unknown => {
  const outcome = run.outcome();
  return outcome.isOpen ? undefined : outcome.error;
};

describe('the claim', () => {
  it('contains run and execution, and has the name of the first stretch', async () => {
    const run = await begin({ first: 'test.own + 1 more' });
    expect(run.activity('claimRun')).toMatchObject({
      ...{ name: 'test.own + 1 more', isLocal: true },
      input: { runId: 'run', executionRunId: 'e1' },
    });
    expect(run.activity('claimRun').input).not.toHaveProperty('resumes');
  });

  it('places the following long call on the task queue of calls', async () => {
    const long = planOf([ActionStep.parse(OWN)], () => ({ execution: 'long', timeoutMs: 8_000 }));
    const run = await claimed({ actions: [], plan: long, call: { at: 'actions[0]', apart: true } });
    expect(run.activity('performStep').options).toMatchObject({ taskQueue: 'queue-calls' });
    await run.answer('performStep', { type: 'done' });
    expect(run.openActivities()).toEqual(['finishRun']);
  });

  it('ends the execution without further activities if it is refused', async () => {
    const run = await begin();
    await run.answer('claimRun', null);
    expect([run.openActivities(), run.outcome()]).toEqual([[], { isOpen: false, value: { status: 'dropped' } }]);
  });

  it('is not cancelled with the workflow; the claimed row then ends as cancelled', async () => {
    const run = await begin();
    await run.deliver({ cancel: true });
    expect([run.activity('claimRun').cancelRequested, run.outcome()]).toEqual([false, { isOpen: true }]);
    await run.answer('claimRun', claim({ actions: [DELAY], done: [delayed('actions[0]')] }));
    expect(run.activity('finishRun').input).toMatchObject({ status: 'cancelled', endedBy: { kind: 'temporal' } });
    await run.answer('finishRun', true);
    expect([run.timers, errorOf(run)]).toEqual([[], cancelled]);
  });

  it('is followed only by on_failure if it contains a failure', async () => {
    const lost = { error: { code: 'execution_lost', message: 'gone' } };
    const run = await claimed({ actions: [OWN], onFailure: [OWN], failed: lost });
    expect(run.activity('performStretch').input).toMatchObject({ first: { at: 'on_failure[0]' }, error: lost.error });
    await run.answer('performStretch', { done: [did('on_failure[0]')], ended: false });
    expect(run.activity('finishRun').input).toMatchObject({ status: 'failed', error: lost.error });
  });
});

describe('a signal', () => {
  const wake = (path: string, runId = 'run') => ({ signal: 'wake', payload: { runId, path } });

  it('is kept if it arrives before the result of the claim, so that the wait does not pause', async () => {
    const run = await begin();
    await run.deliver(wake('actions[0]'));
    await run.answer('claimRun', claim({ actions: [WAIT], done: [{ at: 'actions[0]', evaluated: waits }] }));
    expect([run.timers, run.openActivities()]).toEqual([[], ['performStretch']]);
  });

  it('wakes the wait that it names, but has no effect on another run or another wait', async () => {
    const run = await claimed({ actions: [WAIT], done: [{ at: 'actions[0]', evaluated: waits }] });
    await run.deliver(wake('actions[0]', 'the run before'), wake('actions[1]'));
    expect([run.timers.length, run.openActivities()]).toEqual([1, []]);
    await run.deliver(wake('actions[0]'));
    expect([run.timers.length, run.openActivities()]).toEqual([0, ['performStretch']]);
  });

  it('to evaluate all waits applies only to its own run, and is ignored before the claim', async () => {
    const run = await begin();
    await run.deliver({ signal: 'evaluateWaits', payload: { runId: 'run' } });
    await run.answer('claimRun', claim({ actions: [WAIT], done: [{ at: 'actions[0]', evaluated: waits }] }));
    await run.deliver({ signal: 'evaluateWaits', payload: { runId: 'the run before' } });
    expect(run.timers).toHaveLength(1);
    await run.deliver({ signal: 'evaluateWaits', payload: { runId: 'run' } });
    expect([run.timers, run.openActivities()]).toEqual([[], ['performStretch']]);
  });
});

describe('the end of a run', () => {
  it('needs no activity if the last stretch has written it', async () => {
    const run = await claimed({ actions: [OWN], done: [did('actions[0]')], ended: true });
    expect([run.openActivities(), run.outcome()]).toEqual([[], { isOpen: false, value: { status: 'success' } }]);
  });

  it('is written with the remaining notes', async () => {
    const run = await claimed({ actions: [DELAY], done: [delayed('actions[0]')] });
    await run.fire('delay');
    expect(run.activity('finishRun').input).toMatchObject({
      ...{ runId: 'run', status: 'success' },
      journal: [{ path: 'actions[0]', status: 'success' }],
    });
    await run.answer('finishRun', true);
    expect(run.outcome()).toEqual({ isOpen: false, value: { status: 'success' } });
    expect(run.details()).toMatch(/^- done: \*\*delay\*\*/);
  });

  it('by a stop is a success that contains the stop', async () => {
    const stop = { at: 'actions[0]', evaluated: { type: 'stop', reason: 'enough' } };
    const run = await claimed({ actions: [{ stop: { reason: 'enough' } }, OWN], done: [stop] });
    const endedBy = { kind: 'stop', path: 'actions[0]', reason: 'enough' };
    expect(run.activity('finishRun').input).toMatchObject({ status: 'success', endedBy });
    await run.answer('finishRun', true);
    expect(run.outcome()).toMatchObject({ value: { status: 'success', endedBy } });
  });

  it('by a failed step fails the execution, after the row is written and without a retry', async () => {
    const run = await claimed({ actions: [OWN, OWN], done: [failed('actions[0]')] });
    expect(run.activity('finishRun').input).toMatchObject({ status: 'failed', error: ERROR });
    expect(run.outcome()).toEqual({ isOpen: true });
    await run.answer('finishRun', true);
    expect(errorOf(run)).toBeInstanceOf(ApplicationFailure);
    expect(errorOf(run)).toMatchObject({ type: 'provider_error', nonRetryable: true, details: [ERROR] });
  });

  it('by another process, which has closed the row, writes nothing', async () => {
    const run = await claimed({ actions: [OWN], done: [{ at: 'actions[0]', performed: { type: 'closed' } }] });
    expect([run.openActivities(), run.outcome()]).toEqual([[], { isOpen: false, value: { status: 'dropped' } }]);
  });

  it('by a cancellation in Temporal is written although the workflow is cancelled, then reported to Temporal', async () => {
    const run = await claimed({ actions: [DELAY], done: [delayed('actions[0]')] });
    await run.deliver({ cancel: true });
    expect(run.activity('finishRun')).toMatchObject({ cancelRequested: false, input: { status: 'cancelled' } });
    await run.answer('finishRun', true);
    expect(errorOf(run)).toEqual(cancelled);
  });

  it('by a bug in Fermata is not written: the workflow task fails and is repeated', async () => {
    const run = await claimed({ actions: [OWN, OWN], done: [did('actions[1]')] });
    expect(run.openActivities()).toEqual([]);
    expect(errorOf(run)).toMatchObject({ message: expect.stringMatching(/actions\[1\].*actions\[0\]/) as unknown });
  });
});

describe('on_failure', () => {
  it('sees the result of the wait whose timeout failed the run, also if the wait was in a branch', async () => {
    const run = await claimed({ actions: [{ parallel: [WAIT] }], onFailure: [OWN] });
    const at = 'actions[0].parallel[0]';
    const error = { code: 'wait_timeout', message: 'late', path: at };
    await run.answer('performStretch', { done: [{ at, evaluated: { type: 'failed', error } }], ended: false });
    await run.answer('noteRunFailed', true);
    expect(run.activity('performStretch').input).toMatchObject({ first: { at: 'on_failure[0]' }, wait: at });
  });

  it('begins after the failure is stored, and does not change how the run ends', async () => {
    const run = await claimed({ actions: [OWN], onFailure: [OWN, OWN], done: [failed('actions[0]')] });
    expect([run.openActivities(), run.activity('noteRunFailed').input]).toMatchObject([
      ['noteRunFailed'],
      { error: ERROR },
    ]);
    await run.answer('noteRunFailed', true);
    expect(run.activity('performStretch').input).toMatchObject({ first: { at: 'on_failure[0]' }, error: ERROR });
    const other = { code: 'timeout', message: 'late' };
    await run.answer('performStretch', {
      done: [{ at: 'on_failure[0]', performed: { type: 'failed', error: other } }],
      ended: false,
    });
    expect(run.activity('finishRun').input).toMatchObject({ status: 'failed', error: ERROR });
  });

  it('is not performed if the run had ended before', async () => {
    const run = await claimed({ actions: [OWN], onFailure: [OWN], done: [failed('actions[0]')] });
    await run.answer('noteRunFailed', false);
    expect([run.openActivities(), run.outcome()]).toEqual([[], { isOpen: false, value: { status: 'dropped' } }]);
  });

  it('is not performed after a success or a cancellation', async () => {
    const one = await claimed({ actions: [DELAY], onFailure: [OWN], done: [delayed('actions[0]')] });
    await one.fire('delay');
    expect(one.openActivities()).toEqual(['finishRun']);
    const other = await claimed({ actions: [DELAY], onFailure: [OWN], done: [delayed('actions[0]')] });
    await other.deliver({ cancel: true });
    expect(other.openActivities()).toEqual(['finishRun']);
  });
});

describe('a run with a long history', () => {
  const continued = (run: FakeExecution): RunInput => {
    const error = errorOf(run);
    if (!(error instanceof ContinuedAsNew)) throw new Error(`did not continue: ${String(error)}`);
    expect(error.options).toMatchObject({ memo: { fermataRunId: 'run' } });
    return error.args[0] as RunInput;
  };

  it('continues in a new execution at the next step, which claims the run again', async () => {
    const run = await claimed({ actions: [DELAY, OWN], done: [delayed('actions[0]')] });
    run.info.historyLength = 5_000;
    await run.fire('delay');
    const input = continued(run);
    expect(input).toMatchObject({ v: 1, runId: 'run', continueAfter: 1_000, resume: { positions: { actions: 1 } } });
    expect(input.resume?.journal).toMatchObject([{ path: 'actions[0]', status: 'success' }]);

    const next = await begin(input);
    expect(next.activity('claimRun').input).toMatchObject({ resumes: true, executionRunId: 'e1' });
    await next.answer('claimRun', claim({ actions: [DELAY, OWN] }));
    expect(next.activity('performStretch').input).toMatchObject({
      first: { at: 'actions[1]' },
      journal: [{ path: 'actions[0]', status: 'success' }],
    });
    expect(next.details()).toContain('done: **delay**');
  });

  it('continues in on_failure with the failure', async () => {
    const run = await claimed({ actions: [OWN], onFailure: [DELAY, OWN], done: [failed('actions[0]')] });
    await run.answer('noteRunFailed', true);
    await run.answer('performStretch', { done: [delayed('on_failure[0]')], ended: false });
    run.info.historyLength = 5_000;
    await run.fire('delay');
    const input = continued(run);
    expect(input.resume).toMatchObject({ failed: { error: ERROR } });
    expect(input.resume?.positions).toEqual({ on_failure: 1 });
    const next = await begin(input);
    await next.answer('claimRun', claim({ actions: [OWN], onFailure: [DELAY, OWN] }));
    expect(next.activity('performStretch').input).toMatchObject({ first: { at: 'on_failure[1]' }, error: ERROR });
  });

  it('fails if its state does not fit into the input of a new execution', async () => {
    const variables = { text: 'x'.repeat(2_100_000) };
    const run = await claimed({ actions: [DELAY, OWN], done: [delayed('actions[0]')], variables });
    run.info.historyLength = 5_000;
    await run.fire('delay');
    expect(run.activity('finishRun').input).toMatchObject({ status: 'failed', error: { code: 'limit_exceeded' } });
  });
});
