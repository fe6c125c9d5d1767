import { sql } from 'drizzle-orm';
import type { RetentionTask } from './retention-task';

/**
 * Returns the task that removes alerts whose last episode ended more than `alertsMs` ago. An alert's row, entity,
 * episodes and transitions are removed together. Nothing is written to the change log.
 */
export function oldAlerts(alertsMs: number): RetentionTask {
  return async (db, limit) => {
    const { rowCount } = await db.execute(sql`
      with gone as (
        delete from entities where kind = 'alert' and id in (
          select e.id from entities e join alerts a on a.fingerprint = e.id
          where e.kind = 'alert' and a.status = 'resolved'
            and (e.state ->> 'endsAt')::timestamptz < clock_timestamp() - make_interval(secs => ${alertsMs / 1000})
          order by e.id limit ${limit} for update of e skip locked)
        returning id),
      transitions_gone as (
        delete from entity_transitions where kind = 'alert' and entity_id in (select id from gone))
      delete from alerts where fingerprint in (select id from gone)`);
    return { removed: rowCount ?? 0, more: rowCount === limit };
  };
}
