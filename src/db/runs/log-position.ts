import { sql } from 'drizzle-orm';
import { CHANGE_COLUMNS, changeOf, type ChangeRow } from '../change-row';
import type { Change } from '../../domain/entities/change';
import type { Executor } from '../executor';
import { notInSiblings } from './other-branches';

/** Returns the log position at which a step began. */
export async function beganAt(tx: Executor, runId: string, path: string): Promise<number> {
  const found = await tx.execute<{ began_seq: string }>(
    sql`select began_seq from run_steps where run_id = ${runId} and path = ${path}`,
  );
  return Number(found.rows[0]?.began_seq ?? 0);
}

/**
 * Returns the log position after which events count for a wait. This is the start of the preceding action; if no action
 * precedes the wait, the end of the preceding step; if no step precedes it, the start of the run. Skipped steps do not
 * count, nor do steps in siblings of `branches`, which are the branches around the wait.
 */
export async function logPosition(
  tx: Executor,
  runId: string,
  path: string,
  branches: readonly string[],
): Promise<number> {
  const isBefore = sql`run_id = ${runId} and path <> ${path} and status in ('success', 'failed') ${notInSiblings(branches)}`;
  const action = await tx.execute<{ began_seq: string }>(sql`
    select began_seq from run_steps where ${isBefore} and kind = 'action' order by began_seq desc limit 1`);
  const [newest] = action.rows;
  if (newest) return Number(newest.began_seq);
  // The sum prevents Postgres from searching the index on seq, which contains the steps of all runs.
  const step = await tx.execute<{ seq: string | null }>(sql`
    select max(seq + 0) as seq from run_steps where ${isBefore} and not starts_with(${path}, path || '.')`);
  const ended = step.rows[0]?.seq ?? null;
  return ended === null ? startPosition(tx, runId) : Number(ended);
}

/**
 * Returns the log position at the start of a run. This is the position of the change that started the run, so that
 * later changes count even if they were recorded before the run existed. For a run that was started without a change or
 * by a dwell, it is the position at the run's creation.
 */
async function startPosition(tx: Executor, runId: string): Promise<number> {
  const found = await tx.execute<{ seq: string | null }>(sql`
    select coalesce(
      (select max(c.seq) from changes c where c.change_id = r.change_id and not r.trigger_scope ? 'dwell'),
      (select c.seq from changes c where c.recorded_at <= r.created_at order by c.recorded_at desc, c.seq desc limit 1),
      0) as seq
    from runs r where r.id = ${runId}`);
  return Number(found.rows[0]?.seq ?? 0);
}

/**
 * Returns up to `limit` changes after a log position, from oldest to newest: all state changes, and the given events.
 */
export async function changesAfter(
  db: Executor,
  seq: number,
  events: readonly string[],
  limit: number,
): Promise<Change[]> {
  const found = await db.execute<ChangeRow>(sql`
    select ${CHANGE_COLUMNS} from changes
    where seq > ${seq}
      and (event is null or event = any(array(select jsonb_array_elements_text(${JSON.stringify(events)}::jsonb))))
    order by seq limit ${limit}`);
  return found.rows.map(changeOf);
}
