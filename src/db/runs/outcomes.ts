import { sql } from 'drizzle-orm';
import type { RunError, StepStatus } from '../../domain/run/step-record';
import type { Executor } from '../executor';

/** How the steps of a run ended, by place; null when the run itself has not ended as a success. */
export async function outcomesOf(
  db: Executor,
  runId: string,
): Promise<Map<string, { status: StepStatus; error: RunError | null }> | null> {
  const result = await db.execute<{ path: string; status: StepStatus; error: RunError | null }>(sql`
    select s.path, s.status, case when s.status = 'failed' then s.error end as error
    from runs r join run_steps s on s.run_id = r.id where r.id = ${runId} and r.status = 'success'`);
  if (result.rows.length === 0) return null;
  return new Map(result.rows.map(({ path, status, error }) => [path, { status, error }]));
}
