import { ActionStep } from '../../domain/definition/action';
import type { CommandOutcome } from '../../domain/run/activities';
import { StepFailed } from '../../domain/run/interpret/outcome';
import { planOf, runList } from '../../domain/run/interpret/steps';
import { fakeExecution, type FakeExecution } from '../../../test/support/fake-workflow';
import { interceptors } from './delivery-order';
import { RunState } from './run-state';
import { Scheduler } from './scheduler';

jest.mock(
  '@temporalio/workflow',
  () => jest.requireActual<{ fakeWorkflowModule: object }>('../../../test/support/fake-workflow').fakeWorkflowModule,
);

const EXECUTIONS: Record<string, 'transaction' | 'short' | 'long'> = { 'test.own': 'transaction', 'test.long': 'long' };

const plan = (steps: object[]) =>
  planOf(
    steps.map((step) => ActionStep.parse(step)),
    ({ action }) => ({ execution: EXECUTIONS[action] ?? 'short', timeoutMs: 1_000 }),
  );

interface Driven extends FakeExecution {
  scheduler: Scheduler;
  state: RunState;
}

/** Runs steps and waits until the run pauses. */
async function drive(steps: object[], { ahead = [], ...more }: Begin = {}): Promise<Driven> {
  const execution = fakeExecution(interceptors());
  more.prepare?.(execution);
  const state = new RunState('run', more.variables ?? {}, { continueAfter: 1_000 });
  const scheduler = new Scheduler(state, {});
  const { progress } = state;
  more.early?.(scheduler);
  await execution.run(() =>
    scheduler.run(runList(progress, progress.root, plan(steps), 'actions'), progress.root, ahead),
  );
  return { ...execution, scheduler, state };
}

interface Begin {
  ahead?: CommandOutcome[];
  variables?: Record<string, unknown>;
  prepare?: (execution: FakeExecution) => void;
  /** Called before the run begins. */
  early?: (scheduler: Scheduler) => void;
}

const WAIT = { wait_until: { condition: '1 == 2', timeout_seconds: 60 } };
const waits = { type: 'wait', over: false, note: 'for a while', recheckAt: null, timeoutAt: 60_000, ms: 60_000 };
const over = { type: 'wait', over: true, completed: true };
const DELAY = { delay: { seconds: 5 } };
const delayed = { type: 'delay', until: 5_000, ms: 5_000 };
const did = { type: 'done' };
const OWN = { action: 'test.own' };
const LONG = { action: 'test.long' };
const FALSE = { type: 'condition', holds: false, reason: '1 == 2' };

const evaluated = (at: string, evaluation: unknown, ...more: unknown[]) => ({
  done: [{ at, evaluated: evaluation }, ...more],
  ended: false,
});
const performed = (at: string, outcome: unknown = did) => ({ done: [{ at, performed: outcome }], ended: false });

const at = (index: number, branch?: number) =>
  branch === undefined ? `actions[${index}]` : `actions[${index}].parallel[${branch}]`;

/** Answers the stretch at a path. */
const answerAt = (run: FakeExecution, path: string, evaluation: unknown) =>
  run.answer(path, evaluated(path, evaluation));
const performAt = (run: FakeExecution, path: string, outcome?: unknown) => run.answer(path, performed(path, outcome));

/** Ends the activity that writes notes, which has no effect on the steps. */
const writeNotes = (run: FakeExecution) => run.answer('writeNotes', null);

describe('a wait', () => {
  it('is evaluated again when it is woken, and its timer is removed', async () => {
    const run = await drive([WAIT]);
    await answerAt(run, at(0), waits);
    expect(run.timers).toMatchObject([{ ms: 60_000, summary: 'wait_until for a while' }]);
    run.scheduler.wake(at(0));
    await run.deliver();
    expect([run.timers, run.underWay()]).toEqual([[], ['performStretch']]);
    await answerAt(run, at(0), over);
    expect(run.standing()).toEqual({ isOpen: false, value: undefined });
  });

  it('does not begin to pause when the wake came during its evaluation', async () => {
    const run = await drive([WAIT]);
    run.scheduler.wake(at(0));
    await run.deliver();
    await answerAt(run, at(0), waits);
    expect([run.timers, run.underWay()]).toEqual([[], ['performStretch']]);
  });

  it('counts a wake that came before its evaluation as seen by it', async () => {
    const run = await drive([OWN, WAIT]);
    run.scheduler.wake(at(1));
    await run.deliver();
    await performAt(run, at(0));
    await answerAt(run, at(1), waits);
    expect([run.timers.length, run.underWay()]).toEqual([1, []]);
  });

  it('that a stretch has evaluated ahead is evaluated again after a wake that came before its pause', async () => {
    const run = await drive([WAIT], {
      ahead: [{ at: at(0), evaluated: waits }] as CommandOutcome[],
      early: (scheduler) => scheduler.wake(at(0)),
    });
    expect([run.timers, run.underWay()]).toEqual([[], ['performStretch']]);
  });

  it('ignores a second wake, also when the next wait pauses already', async () => {
    const run = await drive([WAIT, WAIT]);
    await answerAt(run, at(0), waits);
    run.scheduler.wake(at(0));
    await run.deliver();
    await answerAt(run, at(0), over);
    await answerAt(run, at(1), waits);
    const [timer] = run.timers;
    run.scheduler.wake(at(0));
    run.scheduler.wake(at(0));
    await run.deliver();
    expect([run.timers, run.underWay()]).toEqual([[timer], []]);
  });

  it('is evaluated once when its timer fires with the wake', async () => {
    const run = await drive([WAIT, OWN]);
    await answerAt(run, at(0), waits);
    const [timer] = run.timers;
    if (timer === undefined) throw new Error('no timer');
    run.scheduler.wake(at(0));
    await run.deliver({ timer });
    expect(run.underWay()).toEqual(['performStretch']);
    await answerAt(run, at(0), over);
    expect(run.activity('performStretch').input['first']).toEqual({ type: 'perform', at: at(1) });
  });

  it('without an instant has no timer, and ends with its wake only', async () => {
    const run = await drive([WAIT]);
    await answerAt(run, at(0), { ...waits, timeoutAt: null, ms: null });
    expect([run.timers, run.underWay(), run.standing()]).toEqual([[], [], { isOpen: true }]);
    run.scheduler.wake(at(0));
    await run.deliver();
    expect(run.underWay()).toEqual(['performStretch']);
  });

  it('pauses for 250 ms at least, since its timer may fire before the deadline of the database', async () => {
    const run = await drive([WAIT]);
    await answerAt(run, at(0), { ...waits, ms: 1 });
    expect(run.timers).toMatchObject([{ ms: 250 }]);
  });

  it('is evaluated with all others when the rows of waits may be gone; a delay goes on', async () => {
    const run = await drive([{ parallel: [WAIT, DELAY, WAIT] }]);
    for (const [branch, answer] of [waits, delayed, waits].entries()) await answerAt(run, at(0, branch), answer);
    expect(run.timers).toHaveLength(3);
    run.scheduler.wakeAll();
    await run.deliver();
    const begun = run.activities.map(({ input }) => (input['first'] as { at: string }).at);
    expect([begun, run.timers.map(({ ms }) => ms)]).toEqual([[at(0, 0), at(0, 2)], [5_000]]);
  });
});

describe('a cancellation', () => {
  const cancelled = expect.objectContaining({ name: 'CancelledFailure' }) as unknown;

  it('ends a delay at once, and the steps that follow do not begin', async () => {
    const run = await drive([DELAY, OWN]);
    await answerAt(run, at(0), delayed);
    await run.deliver({ cancel: true });
    expect([run.timers, run.underWay()]).toEqual([[], []]);
    expect(run.standing()).toEqual({ isOpen: false, error: cancelled });
  });

  it('ends a wait at once, and a wake after it does nothing', async () => {
    const run = await drive([WAIT, OWN]);
    await answerAt(run, at(0), waits);
    await run.deliver({ cancel: true });
    run.scheduler.wake(at(0));
    await run.deliver();
    expect([run.timers, run.underWay()]).toEqual([[], []]);
    expect(run.standing()).toEqual({ isOpen: false, error: cancelled });
  });

  it('during a stretch is passed to it; the run ends after it, however it ends', async () => {
    for (const end of [{ value: performed(at(0)) }, { error: new Error('cancelled') }]) {
      const run = await drive([OWN, OWN]);
      await run.deliver({ cancel: true });
      const stretch = run.activity('performStretch');
      expect([stretch.cancelRequested, run.standing()]).toEqual([true, { isOpen: true }]);
      await run.deliver({ activity: stretch, ...end });
      expect([run.underWay(), run.standing()]).toEqual([[], { isOpen: false, error: cancelled }]);
    }
  });

  it('ends a delay that a stretch has evaluated; a second one changes nothing', async () => {
    const run = await drive([DELAY, OWN], { ahead: [{ at: at(0), evaluated: delayed }] as CommandOutcome[] });
    await run.deliver({ cancel: true }, { cancel: true });
    expect([run.underWay(), run.standing()]).toEqual([[], { isOpen: false, error: cancelled }]);
  });

  it('ends all branches: those that pause at once, the run when the last activity has ended', async () => {
    const run = await drive([{ parallel: [DELAY, OWN, WAIT] }]);
    await answerAt(run, at(0, 0), delayed);
    await answerAt(run, at(0, 2), waits);
    await run.deliver({ cancel: true });
    expect([run.timers, run.standing()]).toEqual([[], { isOpen: true }]);
    await performAt(run, at(0, 1));
    expect([run.underWay(), run.standing()]).toEqual([[], { isOpen: false, error: cancelled }]);
  });

  it('during a pause before another attempt ends the run, and no call follows', async () => {
    const run = await drive([{ action: 'test.short' }]);
    await performAt(run, at(0), { type: 'handover', attempts: 1, delayMs: 900, timeoutMs: 1_000 });
    expect(run.timers).toMatchObject([{ ms: 900, summary: 'test.short · retry' }]);
    await run.deliver({ cancel: true });
    expect([run.timers, run.underWay()]).toEqual([[], []]);
    expect(run.standing()).toEqual({ isOpen: false, error: cancelled });
  });
});

describe('branches', () => {
  it('go on in the order in which Temporal delivered, not in that in which promises settle', async () => {
    // The promise of an activity takes more reactions to settle than that of a timer.
    for (const isCallFirst of [true, false]) {
      const run = await drive([{ parallel: [{ sequence: [LONG, OWN] }, { sequence: [DELAY, OWN] }] }]);
      await answerAt(run, `${at(0, 1)}.sequence[0]`, delayed);
      const call = { activity: run.activity('performStep'), value: did };
      const [timer] = run.timers;
      if (timer === undefined) throw new Error('no timer');
      await run.deliver(...(isCallFirst ? [call, { timer }] : [{ timer }, call]));
      const begun = run.activities.map(({ input }) => (input['first'] as { at: string }).at);
      const branches = isCallFirst ? [0, 1] : [1, 0];
      expect(begun).toEqual(branches.map((branch) => `${at(0, branch)}.sequence[1]`));
    }
  });

  it('join when all have ended; a failed step fails the parallel only then', async () => {
    const run = await drive([{ parallel: [OWN, LONG] }, OWN]);
    const error = { code: 'provider_error', message: 'refused' };
    await performAt(run, at(0, 0), { type: 'failed', error });
    expect(run.activity('performStep').cancelRequested).toBe(false);
    expect(run.standing()).toEqual({ isOpen: true });
    await run.answer('performStep', did);
    expect(run.standing()).toEqual({ isOpen: false, error: new StepFailed(error) });
  });

  it('are cancelled beside a false condition, and none of their next steps begins', async () => {
    const run = await drive([{ parallel: [{ condition: '1 == 2' }, { sequence: [LONG, OWN] }, DELAY] }]);
    await answerAt(run, at(0, 2), delayed);
    await answerAt(run, at(0, 0), FALSE);
    expect([run.activity('performStep').cancelRequested, run.timers, run.standing().isOpen]).toEqual([true, [], true]);
    await run.answer('performStep', did);
    expect(run.underWay()).toEqual([]);
    expect(run.standing()).toMatchObject({ isOpen: false, error: { endedBy: { kind: 'condition' } } });
  });

  it('of a loop: another begins when one has ended, at most so many at a time', async () => {
    const run = await drive([{ repeat: { for_each: 'variables.items', parallel: 2, sequence: [LONG] } }]);
    await run.answer(at(0), evaluated(at(0), { type: 'repeat', total: 4, items: ['a', 'b', 'c', 'd'] }));
    const begun = () => run.activities.filter(({ fn }) => fn === 'performStep').map(({ input }) => input['path']);
    const place = (index: number) => `${at(0)}.repeat[${index}].sequence[0]`;
    expect(begun()).toEqual([place(0), place(1)]);
    await run.answer(place(1), did);
    expect(begun()).toEqual([place(0), place(2)]);
    await run.answer(place(2), did);
    await run.answer(place(3), did);
    expect(begun()).toEqual([place(0)]);
    await run.answer(place(0), did);
    expect(run.standing()).toEqual({ isOpen: false, value: undefined });
  });

  it('of a loop: none begins any more after a cancellation', async () => {
    const run = await drive([{ repeat: { for_each: 'variables.items', parallel: 2, sequence: [LONG] } }]);
    await run.answer(at(0), evaluated(at(0), { type: 'repeat', total: 4, items: ['a', 'b', 'c', 'd'] }));
    await run.deliver({ cancel: true });
    for (const call of [...run.activities]) {
      if (call.fn === 'performStep') await run.deliver({ activity: call, value: did });
    }
    expect(run.underWay().filter((fn) => fn === 'performStep')).toEqual([]);
    expect(run.standing()).toMatchObject({ error: { name: 'CancelledFailure' } });
  });
});

describe('a stretch', () => {
  it('answers the steps that it has carried out, without an activity for each', async () => {
    const run = await drive([{ condition: '1 == 1' }, OWN, DELAY]);
    const holds = { type: 'condition', holds: true, reason: '' };
    await run.answer(at(0), evaluated(at(0), holds, { at: at(1), performed: did }, { at: at(2), evaluated: delayed }));
    expect([run.underWay(), run.timers.length]).toEqual([[], 1]);
  });

  it('that carried out another step than the next one is a fault, which fails the workflow task', async () => {
    const run = await drive([OWN, OWN]);
    await run.answer(at(0), performed(at(1)));
    const message = expect.stringMatching(/actions\[1\].*actions\[0\]/) as unknown;
    expect(run.standing()).toMatchObject({ error: { name: 'Error', message } });
  });

  it('that a worker without a filter left alone is repeated as a normal activity', async () => {
    const run = await drive([OWN]);
    expect(run.activity('performStretch').isLocal).toBe(true);
    await run.answer(at(0), { done: [], ended: false, elsewhere: true });
    expect(run.activity('performStretch').isLocal).toBe(false);
    await performAt(run, at(0));
    expect(run.standing()).toEqual({ isOpen: false, value: undefined });
  });

  it('that ended the row of the run says so', async () => {
    const run = await drive([OWN]);
    await run.answer(at(0), { ...performed(at(0)), ended: true });
    expect(run.state.rowEnded).toBe(true);
  });
});

describe('notes', () => {
  it('go with the next step, or with the end of the run', async () => {
    const run = await drive([{ sequence: [DELAY, DELAY] }]);
    const place = (index: number) => `${at(0)}.sequence[${index}]`;
    const notes = () => run.activity('performStretch').input['journal'];
    expect(notes()).toMatchObject([{ path: at(0), status: 'running' }]);
    await answerAt(run, place(0), delayed);
    expect(run.underWay()).toEqual([]);
    await run.fire('delay');
    expect(notes()).toMatchObject([{ path: place(0), status: 'success' }]);
    await answerAt(run, place(1), delayed);
    await run.fire('delay');
    expect(run.underWay()).toEqual([]);
    expect(run.state.takeNotes()).toMatchObject([
      { path: place(1), status: 'success' },
      { path: at(0), status: 'success' },
    ]);
  });

  it('that no step takes along are written by an activity, one at a time', async () => {
    const run = await drive([{ parallel: [DELAY, { delay: { seconds: 9 } }, WAIT] }]);
    await answerAt(run, at(0, 0), delayed);
    await answerAt(run, at(0, 1), { ...delayed, ms: 9_000 });
    await answerAt(run, at(0, 2), waits);
    const [one, other] = run.timers;
    if (!one || !other) throw new Error('no timers');
    await run.deliver({ timer: one });
    const first = run.activity('writeNotes');
    expect(first.input['journal']).toMatchObject([{ path: at(0, 0), status: 'success' }]);
    await run.deliver({ timer: other });
    expect(run.underWay()).toEqual(['writeNotes']);
    await writeNotes(run);
    expect(run.activity('writeNotes').input['journal']).toMatchObject([{ path: at(0, 1), status: 'success' }]);
    await writeNotes(run);
    expect([run.underWay(), run.state.hasNotes()]).toEqual([[], false]);
  });

  it('that are being written go with the next step too, since that may end the run first', async () => {
    const run = await drive([{ parallel: [DELAY, WAIT] }]);
    await answerAt(run, at(0, 0), delayed);
    await answerAt(run, at(0, 1), waits);
    await run.fire('delay');
    run.scheduler.wake(at(0, 1));
    await run.deliver();
    expect(run.underWay()).toEqual(['writeNotes', 'performStretch']);
    expect(run.activity('performStretch').input['journal']).toMatchObject([{ path: at(0, 0), status: 'success' }]);
  });

  it('of a stretch that failed go with the next activity', async () => {
    const run = await drive([{ sequence: [OWN] }]);
    const stretch = run.activity('performStretch');
    await run.deliver({ activity: stretch, error: new Error('gone') });
    expect(run.state.takeNotes()).toEqual(stretch.input['journal']);
  });
});

describe('a long history', () => {
  const long = (run: FakeExecution) => void (run.info.historyLength = 5_000);
  const later = expect.objectContaining({ name: 'ContinueLater' }) as unknown;

  it('ends the execution before the next step', async () => {
    const run = await drive([OWN, OWN]);
    long(run);
    await performAt(run, at(0));
    expect([run.underWay(), run.standing()]).toEqual([[], { isOpen: false, error: later }]);
    expect(run.state.snapshot().positions).toEqual({ actions: 1 });
  });

  it('waits for the calls of other branches; pauses are taken over by the next execution', async () => {
    const run = await drive([{ parallel: [{ sequence: [OWN, OWN] }, LONG, DELAY] }]);
    await answerAt(run, at(0, 2), delayed);
    long(run);
    await performAt(run, `${at(0, 0)}.sequence[0]`);
    expect([run.underWay(), run.standing()]).toEqual([['performStep'], { isOpen: true }]);
    await run.answer('performStep', did);
    expect([run.underWay(), run.standing()]).toEqual([[], { isOpen: false, error: later }]);
  });

  it('does not end the execution in a pause between two attempts, nor before the call that follows it', async () => {
    const run = await drive([{ parallel: [{ action: 'test.short' }, { sequence: [OWN, OWN] }] }]);
    await performAt(run, at(0, 0), { type: 'handover', attempts: 1, delayMs: 900, timeoutMs: 1_000 });
    long(run);
    await performAt(run, `${at(0, 1)}.sequence[0]`);
    expect(run.standing()).toEqual({ isOpen: true });
    await run.fire('retry');
    expect([run.underWay(), run.standing()]).toEqual([['performStep'], { isOpen: true }]);
    await run.answer('performStep', did);
    expect(run.standing()).toEqual({ isOpen: false, error: later });
  });

  it('ends the execution also when Temporal suggests it', async () => {
    const run = await drive([OWN, OWN]);
    run.info.continueAsNewSuggested = true;
    await performAt(run, at(0));
    expect(run.standing()).toEqual({ isOpen: false, error: later });
  });
});

describe('what does not fit into a workflow task', () => {
  const variables = { text: 'x'.repeat(900_000) };
  const three = [{ parallel: [LONG, LONG, LONG] }];

  it('is issued in the next one, in order', async () => {
    const run = await drive(three, { variables });
    const begun = () => run.activities.filter(({ fn }) => fn === 'performStep').map(({ input }) => input['path']);
    expect([begun(), run.timers]).toMatchObject([[at(0, 0), at(0, 1)], [{ ms: 1, summary: 'next workflow task' }]]);
    await run.fire('next workflow task');
    expect([begun(), run.timers]).toEqual([[at(0, 0), at(0, 1), at(0, 2)], []]);
  });

  it('is not issued any more when the run is cancelled before', async () => {
    const run = await drive(three, { variables });
    await run.deliver({ cancel: true });
    expect(run.activities.map(({ input }) => input['path'])).toEqual([at(0, 0), at(0, 1)]);
    for (const call of [...run.activities]) await run.deliver({ activity: call, error: new Error('cancelled') });
    expect(run.activities).toEqual([]);
    expect(run.standing()).toMatchObject({ error: { name: 'CancelledFailure' } });
  });

  it('is left to the next execution when the history is long', async () => {
    const run = await drive([{ parallel: [{ sequence: [OWN, LONG] }, LONG, LONG, LONG] }], { variables });
    run.info.historyLength = 5_000;
    await performAt(run, `${at(0, 0)}.sequence[0]`);
    for (const call of [...run.activities]) await run.deliver({ activity: call, value: did });
    expect(run.activities).toEqual([]);
    expect(run.standing()).toMatchObject({ error: { name: 'ContinueLater' } });
  });

  it('was issued at once by older releases', async () => {
    const run = await drive(three, { variables, prepare: (own) => own.beginWithout('split-workflow-tasks') });
    expect([run.activities.filter(({ fn }) => fn === 'performStep').length, run.timers]).toEqual([3, []]);
  });

  it('is a failure of the step when it is too large for any task', async () => {
    const run = await drive([LONG], { variables: { text: 'x'.repeat(2_100_000) } });
    expect(run.activity('failStep').input).toMatchObject({ path: at(0), error: { code: 'limit_exceeded' } });
    const error = { code: 'limit_exceeded', message: 'too large' };
    await run.answer('failStep', { type: 'failed', error });
    expect(run.standing()).toEqual({ isOpen: false, error: new StepFailed(error) });
  });
});
