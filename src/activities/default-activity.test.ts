import { MockActivityEnvironment } from '@temporalio/testing';
import type { RunActivities } from '../domain/run/activities';
import { createDefaultActivity } from './default-activity';

describe('an activity whose name describes its purpose', () => {
  const activity = createDefaultActivity({
    finishRun: (input: unknown) => Promise.resolve(input),
  } as unknown as RunActivities);

  it('calls the function that its second argument names, with its first argument', async () => {
    expect(await activity({ runId: 'r' }, 'finishRun')).toEqual({ runId: 'r' });
  });

  it('fails retryably if this release does not have the function', async () => {
    const attempt = new MockActivityEnvironment({ activityType: 'incident.create' }).run(activity, {}, 'later');
    await expect(attempt).rejects.toThrow('This worker does not have the activity incident.create.');
    await expect(attempt).rejects.not.toHaveProperty('nonRetryable', true);
  });
});
