import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { endOfAttempt } from './end-of-attempt';

describe('the end of an attempt', () => {
  const cancelled = (details: ConstructorParameters<typeof ActivityCancellationDetails>[0]) => {
    const env = new MockActivityEnvironment();
    return { context: env.context, cancel: () => env.cancel('CANCELLED', new ActivityCancellationDetails(details)) };
  };
  const never = () => Promise.reject(new Error('must not be asked'));

  it.each([{ cancelRequested: true }, { workerShutdown: true }, { paused: true }])(
    'comes at once when Temporal says %j',
    (details) => {
      const { context, cancel } = cancelled(details);
      const end = endOfAttempt(context, never);
      expect(end.signal.aborted).toBe(false);
      cancel();
      expect(end.signal.aborted).toBe(true);
    },
  );

  it('whose activity Temporal has given up comes when another attempt has become the current one', async () => {
    const { context, cancel } = cancelled({ notFound: true });
    const answers = [true, new Error('Postgres is unreachable'), false];
    const asked: number[] = [];
    const end = endOfAttempt(context, () => {
      const answer = answers[asked.push(asked.length) - 1] ?? false;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    });
    cancel();
    await new Promise((resolve) => end.signal.addEventListener('abort', resolve));
    expect(asked).toHaveLength(3);
  });

  it('does not come after the call has ended', async () => {
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
