import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { databaseCauses } from './availability';

/** Error codes: a statement waited for a lock longer than `lock_timeout`, or was chosen as the victim of a deadlock. */
const LOCK_NOT_AVAILABLE = new Set(['55P03', '40P01']);

/** Settings for DDL that waits for locks. */
export interface LockRetry {
  /**
   * Maximum wait for one lock, in milliseconds. Every statement on the table queues behind a waiting DDL statement, so
   * this is also the longest delay for other sessions.
   */
  lockTimeoutMs: number;
  attempts: number;
  /**
   * Pause between attempts, in milliseconds. During the pause, the statements that queued behind the failed attempt can
   * proceed.
   */
  pauseMs: number;
  /** Called before each pause. */
  onRetry?: (attempt: number) => void;
}

/**
 * Returns whether an error means that a lock was not granted in time, or that the transaction was aborted to resolve a
 * deadlock.
 */
export function isLockTimeout(error: unknown): boolean {
  return databaseCauses(error).some(({ code }) => LOCK_NOT_AVAILABLE.has(code));
}

/**
 * Runs `work` in a transaction with a `lock_timeout`, and retries it after a lock timeout or a deadlock. Throws the
 * last error when all attempts have failed. Any other error is thrown at once.
 */
export async function transactWithLockRetry<T>(
  client: pg.ClientBase,
  retry: LockRetry,
  work: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    await client.query('begin');
    try {
      await client.query(`set local lock_timeout = ${Math.round(retry.lockTimeoutMs)}`);
      const result = await work(client);
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback');
      if (!isLockTimeout(error) || attempt >= retry.attempts) throw error;
    }
    retry.onRetry?.(attempt);
    await sleep(retry.pauseMs);
  }
}
