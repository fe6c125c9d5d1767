import { MockActivityEnvironment } from '@temporalio/testing';
import type { RunActivities } from '../domain/run/activities';
import { createDefaultActivity } from './default-activity';

describe('an activity that is named by what it does', () => {
  const activity = createDefaultActivity({
    finishRun: (input: unknown) => Promise.resolve(input),
  } as unknown as RunActivities);

  it('calls the function that its second argument names, with its first', async () => {
    expect(await activity({ runId: 'r' }, 'finishRun')).toEqual({ runId: 'r' });
  });

  it('fails when this release has no such function, so that Temporal offers it to others', async () => {
    const attempt = new MockActivityEnvironment({ activityType: 'incident.create' }).run(activity, {}, 'later');
    await expect(attempt).rejects.toThrow('This worker does not know the activity incident.create.');
    await expect(attempt).rejects.not.toHaveProperty('nonRetryable', true);
  });
});
