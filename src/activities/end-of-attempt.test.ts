import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { endOfAttempt } from './end-of-attempt';

describe('the call of an attempt', () => {
  const cancelled = (details: ConstructorParameters<typeof ActivityCancellationDetails>[0]) => {
    const env = new MockActivityEnvironment();
    return { context: env.context, cancel: () => env.cancel('CANCELLED', new ActivityCancellationDetails(details)) };
  };
  const notRenewed = () => Promise.reject(new Error('must not be renewed'));

  it.each([{ cancelRequested: true }, { workerShutdown: true }, { paused: true }])(
    'is aborted at once when Temporal cancels the activity with %j',
    (details) => {
      const { context, cancel } = cancelled(details);
      const end = endOfAttempt(context, notRenewed);
      expect(end.signal.aborted).toBe(false);
      cancel();
      expect(end.signal.aborted).toBe(true);
    },
  );

  it('is aborted after Temporal has timed out the attempt, once another attempt has become the current one', async () => {
    const { context, cancel } = cancelled({ notFound: true });
    const answers = [true, new Error('Postgres is unreachable'), false];
    let renewals = 0;
    const end = endOfAttempt(context, () => {
      const answer = answers[renewals] ?? false;
      renewals += 1;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    });
    cancel();
    await new Promise((resolve) => end.signal.addEventListener('abort', resolve));
    expect(renewals).toBe(3);
  });

  it('is not aborted after it has ended', async () => {
    const { context, cancel } = cancelled({ notFound: true });
    let answer: (isCurrent: boolean) => void = () => undefined;
    const end = endOfAttempt(context, () => new Promise((resolve) => (answer = resolve)));
    cancel();
    end.stop();
    answer(false);
    await pause(0);
    expect(end.signal.aborted).toBe(false);
  });
});
