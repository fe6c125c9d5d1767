import type { Context } from '@temporalio/activity';
import { setTimeout as pause } from 'node:timers/promises';
import { isDatabaseUnavailable } from '../db/availability';

/**
 * Milliseconds for which writing the outcome of a call is retried before the attempt fails. A normal activity has more
 * time.
 */
const PERSIST_MS = { local: 10_000, normal: 45_000 };

/**
 * Writes the outcome of a call. Retries while Postgres is unreachable, because a call whose outcome is known must not
 * be repeated. Throws the last Postgres error when the time is up. The time begins at `since`, a value of
 * `performance.now()`.
 */
export async function persist<T>(
  { info }: Context,
  write: () => Promise<T>,
  since: number = performance.now(),
): Promise<T> {
  const until = since + PERSIST_MS[info.isLocal ? 'local' : 'normal'];
  for (let wait = 100; ; wait = Math.min(2 * wait, 1_000)) {
    try {
      return await write();
    } catch (error) {
      if (!isDatabaseUnavailable(error) || performance.now() + wait > until) throw error;
      await pause(wait);
    }
  }
}
