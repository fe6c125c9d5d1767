import { sql } from 'drizzle-orm';
import type { RunError } from '../../domain/run/step-record';
import type { Executor } from '../executor';

/** Notes how many attempts a step has had and what the last one failed with; the step stays open. */
export async function noteAttempt(
  db: Executor,
  { runId, path }: { runId: string; path: string },
  attempts: number,
  error?: RunError,
): Promise<void> {
  await db.execute(sql`
    update run_steps set attempts = ${attempts}, seq = nextval('change_seq'),
      error = coalesce(${error ? JSON.stringify(error) : null}::jsonb, error)
    where run_id = ${runId} and path = ${path} and status in ('pending', 'running', 'waiting')`);
}
