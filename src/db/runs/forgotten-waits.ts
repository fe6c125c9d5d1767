import { sql } from 'drizzle-orm';
import type { Executor } from '../executor';
import type { Waking } from './waits';

/** A wait with a wake that its execution has not answered. */
export interface UnansweredWake {
  id: string;
  runId: string;
  path: string;
  workflowId: string;
  wokenBy: Waking;
}

/** A wait armed for less may not have been reached by its wake, in seconds. */
const SETTLED_SECONDS = 60;

/** Waits of open runs whose wake was sent and not answered. */
export async function unansweredWakes(db: Executor, limit: number): Promise<UnansweredWake[]> {
  const found = await db.execute<{
    id: string;
    run_id: string;
    path: string;
    workflow_id: string;
    woken_by: Waking;
  }>(sql`
    select w.id, w.run_id, w.path, r.workflow_id, w.woken_by from waits w join runs r on r.id = w.run_id
    where w.woken_by is not null and w.signalled_at is not null and r.status in ('running', 'waiting')
      and w.since < clock_timestamp() - make_interval(secs => ${SETTLED_SECONDS})
    order by w.id limit ${limit}`);
  return found.rows.map((row) => ({
    id: row.id,
    runId: row.run_id,
    path: row.path,
    workflowId: row.workflow_id,
    wokenBy: row.woken_by,
  }));
}

/** Returns whether the wait has not been evaluated since. */
export async function isStillWoken(db: Executor, { id, wokenBy }: UnansweredWake): Promise<boolean> {
  const found = await db.execute(sql`
    select 1 from waits where id = ${id} and woken_by = ${JSON.stringify(wokenBy)}::jsonb`);
  return found.rows.length > 0;
}

/** Removes a wait that no execution waits for, and ends its step as `cancelled`. False: it was evaluated meanwhile. */
export async function endForgottenWait(db: Executor, { id, runId, path, wokenBy }: UnansweredWake): Promise<boolean> {
  const ended = await db.execute(sql`
    with gone as (delete from waits where id = ${id} and woken_by = ${JSON.stringify(wokenBy)}::jsonb returning id)
    update run_steps set status = 'cancelled', finished_at = clock_timestamp(), seq = nextval('change_seq')
    where run_id = ${runId} and path = ${path} and status = 'waiting' and exists (select 1 from gone)`);
  return (ended.rowCount ?? 0) > 0;
}
