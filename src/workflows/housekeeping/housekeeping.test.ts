import { fakeExecution } from '../../../test/support/fake-workflow';
import { housekeeping } from './housekeeping';

jest.mock(
  '@temporalio/workflow',
  () => jest.requireActual<{ fakeWorkflowModule: object }>('../../../test/support/fake-workflow').fakeWorkflowModule,
);

const begin = async (lastResult: unknown) => {
  const run = fakeExecution({});
  run.info.lastResult = lastResult;
  await run.run(() => housekeeping());
  return run;
};

describe('housekeeping', () => {
  it('reconciles before it deletes anything, and returns the number of the round', async () => {
    const run = await begin(undefined);
    const order: string[] = [];
    for (let step = 0; step < 3 && run.outcome().isOpen; step += 1) {
      const [name, ...others] = run.openActivities();
      expect(others).toEqual([]);
      order.push(name ?? '');
      await run.answer(name ?? '', name === 'reconcileRuns' ? { compared: 0, repaired: 0, round: 8 } : undefined);
    }
    expect(order).toEqual(['reconcileRuns', 'preparePartitions', 'applyRetention']);
    expect(run.outcome()).toEqual({ isOpen: false, value: { round: 8 } });
  });

  it.each([
    ['that of the last round', { round: 7 }, 7],
    ['0 in the first round', undefined, 0],
    ['0 after a release without numbers', {}, 0],
    ['0 after a round without a result', null, 0],
  ])('compares with %s', async (_what, lastResult, before) => {
    expect((await begin(lastResult)).activity('reconcileRuns').input).toEqual({ before });
  });

  it('treats the round as 0 if a worker of an older release performed the activity', async () => {
    const run = await begin(undefined);
    await run.answer('reconcileRuns', { compared: 0, repaired: 0 });
    await run.answer('preparePartitions', undefined);
    await run.answer('applyRetention', {});
    expect(run.outcome()).toEqual({ isOpen: false, value: { round: 0 } });
  });
});
