import { ApplicationFailure, CancelledFailure, type Context } from '@temporalio/activity';
import { DrizzleQueryError } from 'drizzle-orm/errors';
import type { Executor } from '../db/executor';
import { createMask } from '../domain/secrets/mask-values';
import { maskFailures } from './mask-failures';
import type { RunSecrets } from './run-secrets';

const SECRET = 'hunter2-hunter2';

/** Returns the failure that Temporal stores when an activity of the run `r` throws `error`. */
async function storedFailure(error: Error, canReadSecrets = true): Promise<unknown> {
  const secrets = {
    readMask: () =>
      canReadSecrets ? Promise.resolve(createMask([SECRET])) : Promise.reject(new Error('Postgres is unreachable')),
  };
  const factory = maskFailures({ db: {} as Executor, secrets: secrets as unknown as RunSecrets });
  const { inbound } = factory({} as Context);
  const next = () => Promise.reject(error);
  return inbound?.execute?.({ args: [{ runId: 'r' }], headers: {} }, next).catch((failure: unknown) => failure);
}

const textOf = (failure: unknown): string => {
  const { message, stack, cause } = failure as Error;
  return JSON.stringify([message, stack, String(cause), failure]);
};

describe('a failure of an activity', () => {
  it('keeps its type, details, retry delay and retryability, and masks the secrets that the run has used', async () => {
    const failure = await storedFailure(
      ApplicationFailure.create({
        ...{ message: `refused ${SECRET}`, type: 'rate_limited', nonRetryable: true, nextRetryDelay: 7_000 },
        details: [{ said: SECRET }],
      }),
    );
    expect(failure).toMatchObject({ type: 'rate_limited', nonRetryable: true, nextRetryDelay: 7_000 });
    expect((failure as Error).message).toMatch(/^refused /);
    expect((failure as ApplicationFailure).details).toHaveLength(1);
    expect(textOf(failure)).not.toContain(SECRET);
  });

  it('keeps only the cause of a failed query, without its statement and parameters', async () => {
    const query = new DrizzleQueryError('insert into runs', ['what a person wrote'], new Error(`duplicate ${SECRET}`));
    const failure = await storedFailure(query);
    expect((failure as Error).message).toMatch(/^duplicate /);
    expect(textOf(failure)).not.toMatch(/insert into runs|what a person wrote|hunter2/);
  });

  it('has no text if the secrets of the run cannot be read', async () => {
    const failure = await storedFailure(new TypeError(`broken ${SECRET}`), false);
    expect(failure).toMatchObject({ name: 'TypeError', message: expect.stringContaining('could not be read') });
    expect(textOf(failure)).not.toContain(SECRET);
  });

  it('is cut to the length that Temporal accepts', async () => {
    const failure = await storedFailure(new Error('x'.repeat(3_000_000)));
    expect(textOf(failure).length).toBeLessThan(50_000);
  });

  it('is unchanged if it is a cancellation', async () => {
    const cancelled = new CancelledFailure('The run was cancelled.');
    expect(await storedFailure(cancelled)).toBe(cancelled);
  });
});
