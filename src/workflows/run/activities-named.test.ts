import type { RunActivities } from '../../domain/run/activities';
import { fakeExecution } from '../../../test/support/fake-workflow';
import { activitiesNamed } from './activities-named';

jest.mock(
  '@temporalio/workflow',
  () => jest.requireActual<{ fakeWorkflowModule: object }>('../../../test/support/fake-workflow').fakeWorkflowModule,
);

const calls = () => {
  const calls: unknown[][] = [];
  const proxy = new Proxy(
    {},
    {
      get:
        (_, name) =>
        (...args: unknown[]) => (calls.push([name, ...args]), Promise.resolve(null)),
    },
  ) as RunActivities;
  return { calls, proxy };
};

describe('the name of an activity in the history', () => {
  it('is the given one, and the second argument is the function', async () => {
    fakeExecution({});
    const { calls: made, proxy } = calls();
    const input = { runId: 'run', journal: [] };
    await activitiesNamed(proxy, 'notes').writeNotes(input);
    await activitiesNamed(proxy, 'finish').finishRun({ ...input, status: 'success' });
    expect(made).toEqual([
      ['notes', input, 'writeNotes'],
      ['finish', { ...input, status: 'success' }, 'finishRun'],
    ]);
  });

  it('is that of the function in executions that older releases began', async () => {
    fakeExecution({}).info.workflowType = 'runAutomation';
    const { calls: made, proxy } = calls();
    await activitiesNamed(proxy, 'notes').writeNotes({ runId: 'run', journal: [] });
    expect(made).toEqual([['writeNotes', { runId: 'run', journal: [] }]]);
  });
});
