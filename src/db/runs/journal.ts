import { sql } from 'drizzle-orm';
import type { StepRecord } from '../../domain/run/step-record';
import type { Executor } from '../executor';

/**
 * Writes the steps that an execution noted on its way. Idempotent: a replayed chain writes the same again, and a row
 * that has ended stays as it is. Nothing is written of a run that has ended. Cancelling a step
 * also cancels the steps and waits inside it, including those that the workflow does not know of because the activity that
 * began them was cancelled.
 * Times are those of this write, milliseconds later: workflow time stands still within a workflow task.
 */
export async function writeJournal(tx: Executor, runId: string, journal: readonly StepRecord[]): Promise<void> {
  if (journal.length === 0) return;
  const latest = new Map(journal.map((record) => [record.path, record]));
  await tx.execute(sql`
    insert into run_steps (run_id, path, action_id, kind, action, status, result, error, started_at, finished_at)
    select r.id, j.path, j."actionId", j.kind, j.action, j.status, j.result, j.error, clock_timestamp(),
      case when j.status in ('running', 'waiting') then null else clock_timestamp() end
    from runs r, jsonb_to_recordset(${JSON.stringify([...latest.values()])}::jsonb) as j(path text, "actionId" text, kind text,
      action text, status text, result jsonb, error jsonb)
    where r.id = ${runId} and r.status in ('running', 'waiting')
    on conflict (run_id, path) do update set status = excluded.status, finished_at = excluded.finished_at,
      result = coalesce(excluded.result, run_steps.result), error = coalesce(excluded.error, run_steps.error),
      seq = nextval('change_seq')
    where run_steps.status in ('pending', 'running', 'waiting')`);
  const left = [...latest.values()].filter(({ status }) => status === 'cancelled').map(({ path }) => path);
  if (left.length > 0) await cancelAt(tx, runId, left);
}

async function cancelAt(tx: Executor, runId: string, paths: readonly string[]): Promise<void> {
  const isWithin = sql`exists (select 1 from jsonb_array_elements_text(${JSON.stringify(paths)}::jsonb) as p
    where path = p or starts_with(path, p || '.'))`;
  await tx.execute(sql`
    with waits_gone as (delete from waits where run_id = ${runId} and ${isWithin})
    update run_steps set status = 'cancelled', finished_at = clock_timestamp(), seq = nextval('change_seq')
    where run_id = ${runId} and status in ('pending', 'running', 'waiting') and ${isWithin}`);
}
