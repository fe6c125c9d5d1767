import { sql } from 'drizzle-orm';
import type { Ids } from '../../domain/clock';
import { STEPS_AROUND_OTHERS } from '../../domain/definition/action-kind';
import type { Executor } from '../executor';

/**
 * Copies the results of an earlier run to its retry: the steps that succeeded or were skipped, with their results and
 * decisions; their artifacts; and the decisions of enclosing steps, such as the selected branch and the items of a
 * loop. The retry's execution reads them like a replayed execution, and continues where the earlier run failed.
 * `settled` returns whether a failed step keeps its result (`continue_on_error`). Log positions are kept, so an event
 * that was too late for a wait of the earlier run ends that wait in the retry. Must be called in the caller's
 * transaction, after the retry's row was inserted.
 */
export async function takeOverSteps(
  tx: Executor,
  ids: Ids,
  { from, to, settled }: { from: string; to: string; settled: (path: string) => boolean },
): Promise<void> {
  const failed = await tx.execute<{ path: string }>(
    sql`select path from run_steps where run_id = ${from} and status = 'failed' and path like 'actions[%'`,
  );
  const kept = failed.rows.map(({ path }) => path).filter(settled);
  const around = sql`kind = any(${textArray(STEPS_AROUND_OTHERS)}) and trace -> 'evaluation' is not null
    and coalesce(trace -> 'evaluation' ->> 'type', '') <> 'failed'`;
  await tx.execute(sql`
    insert into run_steps (run_id, path, action_id, kind, action, status, attempts, result, error, trace, started_at,
      finished_at, began_seq)
    select ${to}::uuid, path, action_id, kind, action, status, attempts, result, error,
      coalesce(trace, '{}'::jsonb) || jsonb_build_object('takenOverFrom', ${from}::text), started_at, finished_at,
      began_seq
    from run_steps
    where run_id = ${from} and path like 'actions[%'
      and (status in ('success', 'skipped') or path = any(${textArray(kept)}))
    union all
    select ${to}::uuid, path, action_id, kind, action, 'running', 0, result, null,
      trace || jsonb_build_object('decidedIn', ${from}::text), clock_timestamp(), null, nextval('change_seq')
    from run_steps
    where run_id = ${from} and path like 'actions[%' and status in ('failed', 'cancelled')
      and path <> all(${textArray(kept)}) and ${around}`);
  await takeOverArtifacts(tx, ids, from, to);
}

/** Copies artifacts under new ids. Keeps their order, because later steps use the newest artifact. */
async function takeOverArtifacts(tx: Executor, ids: Ids, from: string, to: string): Promise<void> {
  const made = await tx.execute<{ id: string }>(sql`
    select a.id from artifacts a join run_steps s on s.run_id = ${to} and s.path = a.path
    where a.run_id = ${from} and s.status = 'success' order by a.id`);
  if (made.rows.length === 0) return;
  const renamed = made.rows.map(({ id }) => ({ old: id, id: ids.next() }));
  await tx.execute(sql`
    insert into artifacts (id, run_id, automation_id, context_key, path, action_id, name, type, data, created_at, closed_at)
    select r.id, ${to}::uuid, a.automation_id, a.context_key, a.path, a.action_id, a.name, a.type, a.data, a.created_at,
      a.closed_at
    from jsonb_to_recordset(${JSON.stringify(renamed)}::jsonb) as r(old uuid, id uuid) join artifacts a on a.id = r.old`);
}

/** Returns an array parameter for strings that may contain commas and brackets. */
function textArray(values: readonly string[]) {
  return sql`array(select jsonb_array_elements_text(${JSON.stringify(values)}::jsonb))`;
}
