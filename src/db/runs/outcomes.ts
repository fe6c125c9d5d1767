import { sql } from 'drizzle-orm';
import type { RunError, StepStatus } from '../../domain/run/step-record';
import type { Executor } from '../executor';

/** What a step had decided, as its row keeps it; null = nothing. */
export async function decidedAt(db: Executor, runId: string, path: string): Promise<unknown> {
  const found = await db.execute<{ decided: unknown }>(
    sql`select trace -> 'evaluation' as decided from run_steps where run_id = ${runId} and path = ${path}`,
  );
  return found.rows[0]?.decided ?? null;
}

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
