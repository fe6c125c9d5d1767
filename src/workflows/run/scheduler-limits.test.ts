import { StepFailed } from '../../domain/run/interpret/outcome';
import {
  drive,
  WAIT,
  waits,
  DELAY,
  delayed,
  did,
  OWN,
  LONG,
  at,
  answerAt,
  performAt,
  writeNotes,
} from '../../../test/support/drive-scheduler';
import { type FakeExecution } from '../../../test/support/fake-workflow';

jest.mock(
  '@temporalio/workflow',
  () => jest.requireActual<{ fakeWorkflowModule: object }>('../../../test/support/fake-workflow').fakeWorkflowModule,
);

describe('notes', () => {
  it('are written with the next step, or with the end of the run', async () => {
    const run = await drive([{ sequence: [DELAY, DELAY] }]);
    const place = (index: number) => `${at(0)}.sequence[${index}]`;
    const notes = () => run.activity('performStretch').input['journal'];
    expect(notes()).toMatchObject([{ path: at(0), status: 'running' }]);
    await answerAt(run, place(0), delayed);
    expect(run.openActivities()).toEqual([]);
    await run.fire('delay');
    expect(notes()).toMatchObject([{ path: place(0), status: 'success' }]);
    await answerAt(run, place(1), delayed);
    await run.fire('delay');
    expect(run.openActivities()).toEqual([]);
    expect(run.state.takeNotes()).toMatchObject([
      { path: place(1), status: 'success' },
      { path: at(0), status: 'success' },
    ]);
  });

  it('are written by an activity, one at a time, if no step includes them', async () => {
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
    expect(run.openActivities()).toEqual(['writeNotes']);
    await writeNotes(run);
    expect(run.activity('writeNotes').input['journal']).toMatchObject([{ path: at(0, 1), status: 'success' }]);
    await writeNotes(run);
    expect([run.openActivities(), run.state.hasNotes()]).toEqual([[], false]);
  });

  it('are also passed to the next step while they are being written, because it may end the run first', async () => {
    const run = await drive([{ parallel: [DELAY, WAIT] }]);
    await answerAt(run, at(0, 0), delayed);
    await answerAt(run, at(0, 1), waits);
    await run.fire('delay');
    run.scheduler.wake(at(0, 1));
    await run.deliver();
    expect(run.openActivities()).toEqual(['writeNotes', 'performStretch']);
    expect(run.activity('performStretch').input['journal']).toMatchObject([{ path: at(0, 0), status: 'success' }]);
  });

  it('of a failed stretch are written with the next activity', async () => {
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
    expect([run.openActivities(), run.outcome()]).toEqual([[], { isOpen: false, error: later }]);
    expect(run.state.snapshot().positions).toEqual({ actions: 1 });
  });

  it('ends the execution after the calls of other branches, but during their pauses', async () => {
    const run = await drive([{ parallel: [{ sequence: [OWN, OWN] }, LONG, DELAY] }]);
    await answerAt(run, at(0, 2), delayed);
    long(run);
    await performAt(run, `${at(0, 0)}.sequence[0]`);
    expect([run.openActivities(), run.outcome()]).toEqual([['performStep'], { isOpen: true }]);
    await run.answer('performStep', did);
    expect([run.openActivities(), run.outcome()]).toEqual([[], { isOpen: false, error: later }]);
  });

  it('does not end the execution in a pause between two attempts, or before the call after it', async () => {
    const run = await drive([{ parallel: [{ action: 'test.short' }, { sequence: [OWN, OWN] }] }]);
    await performAt(run, at(0, 0), { type: 'handover', attempts: 1, delayMs: 900, timeoutMs: 1_000 });
    long(run);
    await performAt(run, `${at(0, 1)}.sequence[0]`);
    expect(run.outcome()).toEqual({ isOpen: true });
    await run.fire('retry');
    expect([run.openActivities(), run.outcome()]).toEqual([['performStep'], { isOpen: true }]);
    await run.answer('performStep', did);
    expect(run.outcome()).toEqual({ isOpen: false, error: later });
  });

  it('also ends the execution if Temporal suggests it', async () => {
    const run = await drive([OWN, OWN]);
    run.info.continueAsNewSuggested = true;
    await performAt(run, at(0));
    expect(run.outcome()).toEqual({ isOpen: false, error: later });
  });
});

describe('a command that does not fit into a workflow task', () => {
  const variables = { text: 'x'.repeat(900_000) };
  const three = [{ parallel: [LONG, LONG, LONG] }];

  it('is issued in the next one, in order', async () => {
    const run = await drive(three, { variables });
    const begun = () => run.activities.filter(({ fn }) => fn === 'performStep').map(({ input }) => input['path']);
    expect([begun(), run.timers]).toMatchObject([[at(0, 0), at(0, 1)], [{ ms: 1, summary: 'next workflow task' }]]);
    await run.fire('next workflow task');
    expect([begun(), run.timers]).toEqual([[at(0, 0), at(0, 1), at(0, 2)], []]);
  });

  it('is no longer issued if the run is cancelled first', async () => {
    const run = await drive(three, { variables });
    await run.deliver({ cancel: true });
    expect(run.activities.map(({ input }) => input['path'])).toEqual([at(0, 0), at(0, 1)]);
    for (const call of [...run.activities]) await run.deliver({ activity: call, error: new Error('cancelled') });
    expect(run.activities).toEqual([]);
    expect(run.outcome()).toMatchObject({ error: { name: 'CancelledFailure' } });
  });

  it('is left to the next execution if the history is long', async () => {
    const run = await drive([{ parallel: [{ sequence: [OWN, LONG] }, LONG, LONG, LONG] }], { variables });
    run.info.historyLength = 5_000;
    await performAt(run, `${at(0, 0)}.sequence[0]`);
    for (const call of [...run.activities]) await run.deliver({ activity: call, value: did });
    expect(run.activities).toEqual([]);
    expect(run.outcome()).toMatchObject({ error: { name: 'ContinueLater' } });
  });

  it('is issued immediately in executions of older releases', async () => {
    const run = await drive(three, { variables, prepare: (own) => own.beginWithout('split-workflow-tasks') });
    expect([run.activities.filter(({ fn }) => fn === 'performStep').length, run.timers]).toEqual([3, []]);
  });

  it('is a failure of the step if it is too large for any task', async () => {
    const run = await drive([LONG], { variables: { text: 'x'.repeat(2_100_000) } });
    expect(run.activity('failStep').input).toMatchObject({ path: at(0), error: { code: 'limit_exceeded' } });
    const error = { code: 'limit_exceeded', message: 'too large' };
    await run.answer('failStep', { type: 'failed', error });
    expect(run.outcome()).toEqual({ isOpen: false, error: new StepFailed(error) });
  });
});

describe('a busy workflow task', () => {
  const own = (index: number) => `${at(0, 0)}.sequence[${index}]`;
  const beside = (...others: object[]) => [{ parallel: [{ sequence: [OWN, OWN, OWN] }, ...others] }];

  it('delays the next stretch of a branch until the next task while another branch pauses', async () => {
    const run = await drive(beside(DELAY));
    await answerAt(run, at(0, 1), delayed);
    await performAt(run, own(0));
    expect([run.openActivities(), run.timers.map(({ summary }) => summary)]).toEqual([
      [],
      ['delay until 1970-01-01 00:00 UTC', 'next workflow task'],
    ]);
    await run.fire('next workflow task');
    await performAt(run, own(1));
    // Whatever else begins a task has the same effect.
    await run.fire('delay');
    await performAt(run, own(2));
    expect(run.outcome()).toMatchObject({ isOpen: false });
  });

  it('does the same while another branch waits or makes a call', async () => {
    for (const [other, begin] of [
      [WAIT, (run: FakeExecution) => answerAt(run, at(0, 1), waits)],
      [LONG, () => Promise.resolve()],
    ] as const) {
      const run = await drive(beside(other));
      await begin(run);
      await performAt(run, own(0));
      expect(run.activities.filter(({ fn }) => fn === 'performStretch')).toEqual([]);
      await run.fire('next workflow task');
      expect(run.activity('performStretch').input).toMatchObject({ first: { at: own(1) } });
    }
  });

  it('delays nothing while all other branches carry out steps, or after they have ended', async () => {
    const run = await drive(beside(OWN));
    await performAt(run, own(0));
    expect(run.activities.map(({ input }) => input['first'])).toMatchObject([{ at: at(0, 1) }, { at: own(1) }]);
    await performAt(run, at(0, 1));
    await performAt(run, own(1));
    expect([run.activity(own(2)).fn, run.timers]).toEqual(['performStretch', []]);
  });

  it('delays a stretch that may no longer begin if the run is cancelled', async () => {
    const run = await drive(beside(DELAY));
    await answerAt(run, at(0, 1), delayed);
    await performAt(run, own(0));
    await run.deliver({ cancel: true });
    expect([run.openActivities(), run.outcome()]).toMatchObject([[], { isOpen: false }]);
  });

  it('delays nothing in executions of older releases', async () => {
    const run = await drive(beside(DELAY), { prepare: (older) => older.beginWithout('yield-between-stretches') });
    await answerAt(run, at(0, 1), delayed);
    await performAt(run, own(0));
    expect(run.activity('performStretch').input).toMatchObject({ first: { at: own(1) } });
  });
});
