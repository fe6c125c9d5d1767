import { StepFailed } from '../../domain/run/interpret/outcome';
import {
  drive,
  WAIT,
  waits,
  over,
  DELAY,
  delayed,
  did,
  OWN,
  LONG,
  FALSE,
  evaluated,
  performed,
  at,
  answerAt,
  performAt,
} from '../../../test/support/drive-scheduler';
import type { CommandOutcome } from '../../domain/run/activities';

jest.mock(
  '@temporalio/workflow',
  () => jest.requireActual<{ fakeWorkflowModule: object }>('../../../test/support/fake-workflow').fakeWorkflowModule,
);

describe('a wait', () => {
  it('is evaluated again when it is woken, and its timer is removed', async () => {
    const run = await drive([WAIT]);
    await answerAt(run, at(0), waits);
    expect(run.timers).toMatchObject([{ ms: 60_000, summary: 'wait_until for a while' }]);
    run.scheduler.wake(at(0));
    await run.deliver();
    expect([run.timers, run.openActivities()]).toEqual([[], ['performStretch']]);
    await answerAt(run, at(0), over);
    expect(run.outcome()).toEqual({ isOpen: false, value: undefined });
  });

  it('does not begin to pause if the wake arrived during its evaluation', async () => {
    const run = await drive([WAIT]);
    run.scheduler.wake(at(0));
    await run.deliver();
    await answerAt(run, at(0), waits);
    expect([run.timers, run.openActivities()]).toEqual([[], ['performStretch']]);
  });

  it('is not evaluated again for a wake that arrived before its evaluation', async () => {
    const run = await drive([OWN, WAIT]);
    run.scheduler.wake(at(1));
    await run.deliver();
    await performAt(run, at(0));
    await answerAt(run, at(1), waits);
    expect([run.timers.length, run.openActivities()]).toEqual([1, []]);
  });

  it('is evaluated again if a stretch has evaluated it and a wake arrived before its pause', async () => {
    const run = await drive([WAIT], {
      ahead: [{ at: at(0), evaluated: waits }] as CommandOutcome[],
      early: (scheduler) => scheduler.wake(at(0)),
    });
    expect([run.timers, run.openActivities()]).toEqual([[], ['performStretch']]);
  });

  it('ignores a second wake, even if the next wait is already pausing', async () => {
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
    expect([run.timers, run.openActivities()]).toEqual([[timer], []]);
  });

  it('is evaluated once if its timer fires together with the wake', async () => {
    const run = await drive([WAIT, OWN]);
    await answerAt(run, at(0), waits);
    const [timer] = run.timers;
    if (timer === undefined) throw new Error('no timer');
    run.scheduler.wake(at(0));
    await run.deliver({ timer });
    expect(run.openActivities()).toEqual(['performStretch']);
    await answerAt(run, at(0), over);
    expect(run.activity('performStretch').input['first']).toEqual({ type: 'perform', at: at(1) });
  });

  it('without an instant has no timer, and ends only with its wake', async () => {
    const run = await drive([WAIT]);
    await answerAt(run, at(0), { ...waits, timeoutAt: null, ms: null });
    expect([run.timers, run.openActivities(), run.outcome()]).toEqual([[], [], { isOpen: true }]);
    run.scheduler.wake(at(0));
    await run.deliver();
    expect(run.openActivities()).toEqual(['performStretch']);
  });

  it('pauses for at least 250 ms, because its timer may fire before the deadline of the database', async () => {
    const run = await drive([WAIT]);
    await answerAt(run, at(0), { ...waits, ms: 1 });
    expect(run.timers).toMatchObject([{ ms: 250 }]);
  });

  it('is evaluated with all others if the rows of waits may be missing, while a delay continues', async () => {
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

  it('ends a delay immediately, and later steps do not begin', async () => {
    const run = await drive([DELAY, OWN]);
    await answerAt(run, at(0), delayed);
    await run.deliver({ cancel: true });
    expect([run.timers, run.openActivities()]).toEqual([[], []]);
    expect(run.outcome()).toEqual({ isOpen: false, error: cancelled });
  });

  it('ends a wait immediately, and a later wake has no effect', async () => {
    const run = await drive([WAIT, OWN]);
    await answerAt(run, at(0), waits);
    await run.deliver({ cancel: true });
    run.scheduler.wake(at(0));
    await run.deliver();
    expect([run.timers, run.openActivities()]).toEqual([[], []]);
    expect(run.outcome()).toEqual({ isOpen: false, error: cancelled });
  });

  it('during a stretch stops the stretch without cancelling its activity, and the run ends when the stretch has ended or failed', async () => {
    for (const end of [{ value: performed(at(0)) }, { error: new Error('cancelled') }]) {
      const run = await drive([OWN, OWN]);
      await run.deliver({ cancel: true });
      const stretch = run.activity('performStretch');
      expect([stretch.cancelRequested, run.outcome()]).toEqual([false, { isOpen: true }]);
      expect(run.sinkCalls).toEqual([['stretches.stop', at(0)]]);
      await run.deliver({ activity: stretch, ...end });
      expect([run.openActivities(), run.outcome()]).toEqual([[], { isOpen: false, error: cancelled }]);
    }
  });

  it('ends a delay that a stretch has evaluated, and has no further effect if it is repeated', async () => {
    const run = await drive([DELAY, OWN], { ahead: [{ at: at(0), evaluated: delayed }] as CommandOutcome[] });
    await run.deliver({ cancel: true }, { cancel: true });
    expect([run.openActivities(), run.outcome()]).toEqual([[], { isOpen: false, error: cancelled }]);
  });

  it('ends all branches: pausing ones immediately, the run when the last activity has ended', async () => {
    const run = await drive([{ parallel: [DELAY, OWN, WAIT] }]);
    await answerAt(run, at(0, 0), delayed);
    await answerAt(run, at(0, 2), waits);
    await run.deliver({ cancel: true });
    expect([run.timers, run.outcome()]).toEqual([[], { isOpen: true }]);
    await performAt(run, at(0, 1));
    expect([run.openActivities(), run.outcome()]).toEqual([[], { isOpen: false, error: cancelled }]);
  });

  it('during a pause before another attempt ends the run, and no call follows', async () => {
    const run = await drive([{ action: 'test.short' }]);
    await performAt(run, at(0), { type: 'handover', attempts: 1, delayMs: 900, timeoutMs: 1_000 });
    expect(run.timers).toMatchObject([{ ms: 900, summary: 'test.short · retry' }]);
    await run.deliver({ cancel: true });
    expect([run.timers, run.openActivities()]).toEqual([[], []]);
    expect(run.outcome()).toEqual({ isOpen: false, error: cancelled });
  });
});

describe('branches', () => {
  it('continue in the order in which Temporal delivered, not in the order in which promises settle', async () => {
    // The promise of an activity takes more microtasks to settle than that of a timer.
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

  it('fail the parallel after a failed step only when all of them have ended', async () => {
    const run = await drive([{ parallel: [OWN, LONG] }, OWN]);
    const error = { code: 'provider_error', message: 'refused' };
    await performAt(run, at(0, 0), { type: 'failed', error });
    expect(run.activity('performStep').cancelRequested).toBe(false);
    expect(run.outcome()).toEqual({ isOpen: true });
    await run.answer('performStep', did);
    expect(run.outcome()).toEqual({ isOpen: false, error: new StepFailed(error) });
  });

  it('are cancelled by a false condition in another branch, and none of their next steps begins', async () => {
    const run = await drive([{ parallel: [{ condition: '1 == 2' }, { sequence: [LONG, OWN] }, DELAY] }]);
    await answerAt(run, at(0, 2), delayed);
    await answerAt(run, at(0, 0), FALSE);
    expect([run.activity('performStep').cancelRequested, run.timers, run.outcome().isOpen]).toEqual([true, [], true]);
    await run.answer('performStep', did);
    expect(run.openActivities()).toEqual([]);
    expect(run.outcome()).toMatchObject({ isOpen: false, error: { endedBy: { kind: 'condition' } } });
  });

  it('end with one of them although the stretch of another ends in the same activation', async () => {
    const run = await drive([{ parallel: [{ stop: { reason: 'enough {{ now }}' } }, OWN] }]);
    const [stopping, other] = [at(0, 0), at(0, 1)].map((path) => run.activity(path));
    if (!stopping || !other) throw new Error('an activity is missing');
    await run.deliver(
      { activity: stopping, value: evaluated(at(0, 0), { type: 'stop', reason: 'enough' }) },
      { activity: other, value: performed(at(0, 1)) },
    );
    expect([other.cancelRequested, run.sinkCalls]).toEqual([false, [['stretches.stop', at(0, 1)]]]);
    expect(run.outcome()).toMatchObject({ isOpen: false, error: { endedBy: { kind: 'stop' } } });
  });

  it('request no stop of a stretch during a replay', async () => {
    const run = await drive([{ parallel: [{ condition: '1 == 2' }, OWN] }]);
    run.info.unsafe.isReplaying = true;
    await answerAt(run, at(0, 0), FALSE);
    expect(run.sinkCalls).toEqual([]);
  });

  it('of a loop begin when others have ended, up to a maximum at a time', async () => {
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
    expect(run.outcome()).toEqual({ isOpen: false, value: undefined });
  });

  it('of a loop do not begin after a cancellation', async () => {
    const run = await drive([{ repeat: { for_each: 'variables.items', parallel: 2, sequence: [LONG] } }]);
    await run.answer(at(0), evaluated(at(0), { type: 'repeat', total: 4, items: ['a', 'b', 'c', 'd'] }));
    await run.deliver({ cancel: true });
    for (const call of [...run.activities]) {
      if (call.fn === 'performStep') await run.deliver({ activity: call, value: did });
    }
    expect(run.openActivities().filter((fn) => fn === 'performStep')).toEqual([]);
    expect(run.outcome()).toMatchObject({ error: { name: 'CancelledFailure' } });
  });
});

describe('a stretch', () => {
  it('returns the outcomes of its steps, without an activity for each', async () => {
    const run = await drive([{ condition: '1 == 1' }, OWN, DELAY]);
    const holds = { type: 'condition', holds: true, reason: '' };
    await run.answer(at(0), evaluated(at(0), holds, { at: at(1), performed: did }, { at: at(2), evaluated: delayed }));
    expect([run.openActivities(), run.timers.length]).toEqual([[], 1]);
  });

  it('fails the workflow task if it performed a step other than the next one', async () => {
    const run = await drive([OWN, OWN]);
    await run.answer(at(0), performed(at(1)));
    const message = expect.stringMatching(/actions\[1\].*actions\[0\]/) as unknown;
    expect(run.outcome()).toMatchObject({ error: { name: 'Error', message } });
  });

  it('is repeated as a normal activity if a worker without a filter refused it', async () => {
    const run = await drive([OWN]);
    expect(run.activity('performStretch').isLocal).toBe(true);
    await run.answer(at(0), { done: [], ended: false, elsewhere: true });
    expect(run.activity('performStretch').isLocal).toBe(false);
    await performAt(run, at(0));
    expect(run.outcome()).toEqual({ isOpen: false, value: undefined });
  });

  it('reports that it has ended the row of the run', async () => {
    const run = await drive([OWN]);
    await run.answer(at(0), { ...performed(at(0)), ended: true });
    expect(run.state.rowEnded).toBe(true);
  });
});

describe('an action that is long here, but short on the worker of the stretch', () => {
  const handover = { type: 'handover', attempts: 1, delayMs: 3_000, timeoutMs: 1_000 };
  const ahead = (outcome: object) => [{ at: at(0), performed: outcome }] as CommandOutcome[];

  it('is not performed again', async () => {
    const run = await drive([LONG, OWN], { ahead: ahead(did) });
    expect(run.openActivities()).toEqual(['performStretch']);
    await performAt(run, at(1));
    expect(run.outcome()).toEqual({ isOpen: false, value: undefined });
  });

  it('is performed after the pause that its first attempt requested', async () => {
    const run = await drive([LONG], { ahead: ahead(handover) });
    expect([run.timers, run.openActivities()]).toMatchObject([[{ ms: 3_000 }], []]);
    await run.fire('retry');
    expect(run.openActivities()).toEqual(['performStep']);
  });

  it('is performed when the outcome belongs to another step', async () => {
    const run = await drive([LONG, OWN], { ahead: [{ at: at(1), performed: did }] as CommandOutcome[] });
    expect(run.openActivities()).toEqual(['performStep']);
  });
});
