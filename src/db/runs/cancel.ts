import { sql } from 'drizzle-orm';
import type { Executor } from '../executor';
import { lockBucket } from './bucket';
import { closeRuns } from './close-runs';
import { promoteNext } from './promote';

/**
 * Cancels a run: pending ones by their row alone, started ones by their row first and their execution afterwards (a
 * worker is notified by `notifier.starts()`, which the caller sends after the commit). The next queued run of the bucket
 * may start. Returns the id of its automation; null when the run had ended already or does not exist.
 */
export async function cancelRun(tx: Executor, runId: string, endedBy: Record<string, unknown>): Promise<string | null> {
  const found = await tx.execute<{ automation_id: string; scope_key: string; status: string }>(
    sql`select automation_id, scope_key, status from runs where id = ${runId}`,
  );
  const row = found.rows[0];
  if (!row || !['pending', 'running', 'waiting'].includes(row.status)) return null;
  const bucket = { automationId: row.automation_id, scopeKey: row.scope_key };
  await lockBucket(tx, bucket);
  // Read again under the lock of the bucket, which is taken before the row's as everywhere else: the run may have ended meanwhile.
  const before = await tx.execute<{ status: string }>(sql`select status from runs where id = ${runId} for update`);
  if (!['pending', 'running', 'waiting'].includes(before.rows[0]?.status ?? '')) return null;
  await closeRuns(tx, sql`id = ${runId}`, endedBy, 'cancel');
  await promoteNext(tx, bucket);
  return row.automation_id;
}

/** Cancels every active run of an automation, e.g. when it is deleted. Returns how many. */
export async function cancelRunsOf(
  tx: Executor,
  automationId: string,
  endedBy: Record<string, unknown>,
): Promise<number> {
  await lockBucket(tx, { automationId, scopeKey: 'all' });
  const active = await tx.execute(
    sql`select 1 from runs where automation_id = ${automationId} and status in ('pending', 'running', 'waiting')`,
  );
  await closeRuns(tx, sql`automation_id = ${automationId}`, endedBy, 'cancel');
  return active.rowCount ?? 0;
}
