import { sql } from 'drizzle-orm';
import type { EndedBy, RunError, StepRecord } from '../../domain/run/step-record';
import type { Executor } from '../executor';
import { writeJournal } from './journal';

/** Notes what a run failed with, while it stays open for its `on_failure`. False: it has ended. */
export async function noteRunFailed(
  tx: Executor,
  failure: { runId: string; endedBy?: EndedBy; error: RunError; journal: readonly StepRecord[] },
): Promise<boolean> {
  await writeJournal(tx, failure.runId, failure.journal);
  const endedBy = failure.endedBy === undefined ? null : JSON.stringify(failure.endedBy);
  const noted = await tx.execute(sql`
    update runs set error = ${JSON.stringify(failure.error)}::jsonb, ended_by = ${endedBy}::jsonb, seq = nextval('change_seq')
    where id = ${failure.runId} and status in ('running', 'waiting')`);
  return noted.rowCount === 1;
}
