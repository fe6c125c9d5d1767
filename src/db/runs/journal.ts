import { sql } from 'drizzle-orm';
import type { StepRecord } from '../../domain/run/step-record';
import type { Executor } from '../executor';

/**
 * Writes the steps that an execution noted on its way. Idempotent: a replayed chain writes the same again, and a row
 * that has ended stays as it is. Nothing is written of a run that has ended.
 */
export async function writeJournal(tx: Executor, runId: string, journal: readonly StepRecord[]): Promise<void> {
  if (journal.length === 0) return;
  const latest = new Map<string, StepRecord & { startedAt: number }>();
  for (const record of journal) {
    const startedAt = latest.get(record.path)?.startedAt ?? record.at;
    latest.set(record.path, { ...record, startedAt });
  }
  await tx.execute(sql`
    insert into run_steps (run_id, path, action_id, kind, action, status, result, error, started_at, finished_at)
    select r.id, j.path, j."actionId", j.kind, j.action, j.status, j.result, j.error, to_timestamp("startedAt" / 1000.0),
      case when j.status in ('running', 'waiting') then null else to_timestamp(at / 1000.0) end
    from runs r, jsonb_to_recordset(${JSON.stringify([...latest.values()])}::jsonb) as j(path text, "actionId" text, kind text,
      action text, status text, at double precision, "startedAt" double precision, result jsonb, error jsonb)
    where r.id = ${runId} and r.status in ('running', 'waiting')
    on conflict (run_id, path) do update set status = excluded.status, finished_at = excluded.finished_at,
      result = coalesce(excluded.result, run_steps.result), error = coalesce(excluded.error, run_steps.error),
      seq = nextval('change_seq')
    where run_steps.status in ('pending', 'running', 'waiting')`);
}
