import { fakeExecution } from '../../../test/support/fake-workflow';
import { dwell } from './dwell';

jest.mock(
  '@temporalio/workflow',
  () => jest.requireActual<{ fakeWorkflowModule: object }>('../../../test/support/fake-workflow').fakeWorkflowModule,
);

const begin = async () => {
  const run = fakeExecution({});
  await run.run(() => dwell({ v: 1, dwellId: 'd' }));
  return run;
};

describe('the timer of a dwell', () => {
  it('checks the row immediately, and ends if the dwell has fired or was deleted', async () => {
    const run = await begin();
    expect([run.activity('fireDwell').input, run.timers]).toEqual(['d', []]);
    await run.answer('fireDwell', { done: true });
    expect([run.outcome().isOpen, run.openActivities(), run.timers]).toEqual([false, [], []]);
  });

  it('checks the row again after the returned time', async () => {
    const run = await begin();
    await run.answer('fireDwell', { done: false, againInMs: 700 });
    expect([run.openActivities(), run.timers]).toMatchObject([[], [{ ms: 700 }]]);
    await run.fire('');
    expect(run.openActivities()).toEqual(['fireDwell']);
  });

  it('stops after 200 rounds, because the sweep fires the remaining dwells', async () => {
    const run = await begin();
    let rounds = 0;
    for (; run.outcome().isOpen && rounds < 300; rounds += 1) {
      await run.answer('fireDwell', { done: false, againInMs: 1 });
      await run.fire('');
    }
    expect([rounds, run.openActivities()]).toEqual([200, []]);
  });
});
