import { sql } from 'drizzle-orm';
import type { StepRecord } from '../../domain/run/step-record';
import type { Executor } from '../executor';

/**
 * Writes the steps that an execution noted on its way. Idempotent: a replayed chain writes the same again, and a row
 * that has ended stays as it is.
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
    select ${runId}, path, "actionId", kind, action, status, result, error, to_timestamp("startedAt" / 1000.0),
      case when status in ('running', 'waiting') then null else to_timestamp(at / 1000.0) end
    from jsonb_to_recordset(${JSON.stringify([...latest.values()])}::jsonb) as j(path text, "actionId" text, kind text,
      action text, status text, at double precision, "startedAt" double precision, result jsonb, error jsonb)
    on conflict (run_id, path) do update set status = excluded.status, finished_at = excluded.finished_at,
      result = coalesce(excluded.result, run_steps.result), error = coalesce(excluded.error, run_steps.error),
      seq = nextval('change_seq')
    where run_steps.status in ('pending', 'running', 'waiting')`);
}
