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
  it('asks the row at once, and ends when the dwell has fired or is gone', async () => {
    const run = await begin();
    expect([run.activity('fireDwell').input, run.timers]).toEqual(['d', []]);
    await run.answer('fireDwell', { done: true });
    expect([run.standing().isOpen, run.underWay(), run.timers]).toEqual([false, [], []]);
  });

  it('asks again after the time that the row names', async () => {
    const run = await begin();
    await run.answer('fireDwell', { done: false, againInMs: 700 });
    expect([run.underWay(), run.timers]).toMatchObject([[], [{ ms: 700 }]]);
    await run.fire('');
    expect(run.underWay()).toEqual(['fireDwell']);
  });

  it('gives up after 200 rounds, since the sweep over the rows does the rest', async () => {
    const run = await begin();
    let rounds = 0;
    for (; run.standing().isOpen && rounds < 300; rounds += 1) {
      await run.answer('fireDwell', { done: false, againInMs: 1 });
      await run.fire('');
    }
    expect([rounds, run.underWay()]).toEqual([200, []]);
  });
});
