import { sql, type SQL } from 'drizzle-orm';
import type { RetentionTask } from './retention-task';

const before = (ms: number) => sql`clock_timestamp() - make_interval(secs => ${ms / 1000})`;

const rowsOf =
  (statement: (limit: number) => SQL): RetentionTask =>
  async (db, limit) => {
    const { rowCount } = await db.execute(statement(limit));
    return { removed: rowCount ?? 0, more: rowCount === limit };
  };

/**
 * Returns the task that removes versions that are older than `ms` and not used by any run. Each automation keeps its
 * current version and its newest `keep` versions.
 */
export function oldVersions(keep: number, ms: number): RetentionTask {
  return rowsOf(
    (limit) => sql`
    delete from automation_versions where (automation_id, version) in (
      select v.automation_id, v.version from automation_versions v
      join automations a on a.id = v.automation_id and v.version <= a.version - ${keep}
      where v.created_at < ${before(ms)}
        and not exists (select 1 from runs r where r.automation_id = v.automation_id and r.version = v.version)
      limit ${limit})`,
  );
}

/**
 * Returns the task that removes automations that were deleted more than `ms` ago, and their versions and evaluations,
 * once all their runs and artifacts have been removed.
 */
export function oldAutomations(ms: number): RetentionTask {
  return rowsOf(
    (limit) => sql`
    delete from automations where id in (
      select a.id from automations a where a.deleted_at < ${before(ms)}
        and not exists (select 1 from runs r where r.automation_id = a.id)
        and not exists (select 1 from artifacts f where f.automation_id = a.id)
      limit ${limit})`,
  );
}

/**
 * Returns the task that removes incidents or maintenances that ended more than `ms` ago, and their updates (by foreign
 * key), entity rows and transitions.
 */
export function oldEndedObjects(
  table: 'incidents' | 'maintenances',
  kind: string,
  ended: SQL,
  endedAt: SQL,
  ms: number,
): RetentionTask {
  return async (db, limit) => {
    const { rows } = await db.execute<{ removed: number }>(sql`
      with gone as (
        delete from ${sql.raw(table)} where id in (
          select id from ${sql.raw(table)} where ${ended} and ${endedAt} < ${before(ms)} limit ${limit})
        returning id::text as id),
      entities_gone as (delete from entities where kind = ${kind} and id in (select id from gone)),
      transitions_gone as (delete from entity_transitions where kind = ${kind} and entity_id in (select id from gone))
      select count(*)::int as removed from gone`);
    const removed = rows[0]?.removed ?? 0;
    return { removed, more: removed === limit };
  };
}

/**
 * Returns the task that removes the rows of entities that were removed more than `ms` ago, and their remaining
 * transitions. Rows that another transaction has locked are left for the next round, because the lock on the row orders
 * the entity's changes.
 */
export function removedEntities(ms: number): RetentionTask {
  return async (db, limit) => {
    const { rows } = await db.execute<{ removed: number }>(sql`
      with gone as (
        delete from entities where (kind, id) in (
          select kind, id from entities where state is null and updated_at < ${before(ms)}
          limit ${limit} for update skip locked)
        returning kind, id),
      transitions_gone as (
        delete from entity_transitions t using gone where t.kind = gone.kind and t.entity_id = gone.id)
      select count(*)::int as removed from gone`);
    const removed = rows[0]?.removed ?? 0;
    return { removed, more: removed === limit };
  };
}
