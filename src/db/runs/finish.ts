import { sql } from 'drizzle-orm';
import type { EndedBy, RunError, StepRecord } from '../../domain/run/step-record';
import type { Executor } from '../executor';
import { lockBucket, type Bucket } from './bucket';
import { writeJournal } from './journal';
import { promoteNext } from './promote';

export interface RunEnd {
  runId: string;
  status: 'success' | 'failed' | 'cancelled';
  endedBy?: EndedBy;
  error?: RunError;
  variables?: Record<string, unknown>;
  journal: readonly StepRecord[];
}

/**
 * Ends a run in the caller's transaction: its row, the steps noted last, steps left open, and the promotion of the
 * next queued run of the bucket. `ended` is false when the run had ended before.
 */
export async function finishRun(
  tx: Executor,
  bucket: Bucket,
  end: RunEnd,
): Promise<{ ended: boolean; next: string | null }> {
  await lockBucket(tx, bucket);
  await writeJournal(tx, end.runId, end.journal);
  const result = await tx.execute(sql`
    update runs set status = ${end.status}, finished_at = clock_timestamp(), seq = nextval('change_seq'),
      ended_by = ${end.endedBy ? JSON.stringify(end.endedBy) : null}::jsonb,
      error = ${end.error ? JSON.stringify(end.error) : null}::jsonb,
      variables = coalesce(${end.variables ? JSON.stringify(end.variables) : null}::jsonb, variables)
    where id = ${end.runId} and status in ('pending', 'running', 'waiting')`);
  if (result.rowCount === 0) return { ended: false, next: null };
  await closeOpenSteps(tx, end.runId);
  return { ended: true, next: await promoteNext(tx, bucket) };
}

/** Steps that nobody will finish any more: those around a step that ended the run. */
async function closeOpenSteps(tx: Executor, runId: string): Promise<void> {
  await tx.execute(sql`
    update run_steps set status = 'cancelled', finished_at = clock_timestamp(), seq = nextval('change_seq')
    where run_id = ${runId} and status in ('pending', 'running', 'waiting')`);
}
