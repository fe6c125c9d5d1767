import { sql } from 'drizzle-orm';
import { CHANGE_COLUMNS, changeOf, type ChangeRow } from '../change-row';
import type { Change } from '../../domain/entities/change';
import type { Executor } from '../executor';

/** Returns the log position at which a step began. */
export async function beganAt(tx: Executor, runId: string, path: string): Promise<number> {
  const found = await tx.execute<{ began_seq: string }>(
    sql`select began_seq from run_steps where run_id = ${runId} and path = ${path}`,
  );
  return Number(found.rows[0]?.began_seq ?? 0);
}

/** A step that precedes a wait, and the log positions at which it began and ended. */
interface Began {
  path: string;
  kind: string;
  began: number;
  ended: number;
}

/**
 * Returns the log position after which events count for a wait. This is the start of the preceding action; if no action
 * precedes the wait, the end of the preceding step; if no step precedes it, the start of the run. Skipped steps do not
 * count. `isBefore` excludes steps of other branches.
 */
export async function logPosition(
  tx: Executor,
  runId: string,
  path: string,
  isBefore: (path: string) => boolean,
): Promise<number> {
  const steps = await tx.execute<{ path: string; kind: string; began_seq: string; seq: string }>(sql`
    select path, kind, began_seq, seq from run_steps
    where run_id = ${runId} and path <> ${path} and status in ('success', 'failed')
    order by began_seq desc limit 500`);
  const before = steps.rows
    .filter((row) => isBefore(row.path))
    .map((row): Began => ({ path: row.path, kind: row.kind, began: Number(row.began_seq), ended: Number(row.seq) }));
  const action = before.find(({ kind }) => kind === 'action');
  if (action) return action.began;
  const ends = before.filter(({ path: other }) => !path.startsWith(`${other}.`)).map(({ ended }) => ended);
  if (ends.length > 0) return Math.max(...ends);
  return startPosition(tx, runId);
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
