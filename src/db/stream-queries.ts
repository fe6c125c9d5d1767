import { and, inArray, isNull, sql } from 'drizzle-orm';
import type { Change } from '../domain/entities/change';
import { CHANGE_COLUMNS, changeOf, type ChangeRow } from './change-row';
import type { Executor } from './executor';
import { automationEvents } from './tables/automations';
import { changes } from './tables/change-log';

/** A stream position, and the table of the row at this position. */
export interface StreamPlace {
  seq: number;
  name: 'run' | 'step' | 'entity' | 'automation';
}

/**
 * Returns the positions of rows after a position, in ascending order. Reads only indexes, so reading recent positions
 * repeatedly costs little.
 */
export async function placesAfter(db: Executor, after: number, limit: number): Promise<StreamPlace[]> {
  const found = await db.execute<{ seq: string; name: StreamPlace['name'] }>(sql`
    select seq, name from (
      (select seq, 'run' as name from runs where seq > ${after} order by seq limit ${limit})
      union all (select seq, 'step' from run_steps where seq > ${after} order by seq limit ${limit})
      union all (select seq, 'automation' from automation_events where seq > ${after} order by seq limit ${limit})
      union all (select seq, 'entity' from changes where seq > ${after} order by seq limit ${limit})
    ) places order by seq limit ${limit}`);
  return found.rows.map(({ seq, name }) => ({ seq: Number(seq), name }));
}

/** Returns state changes after a log position, from oldest to newest, in the form that entity listeners receive. */
export async function entityChangesAfter(db: Executor, after: number, limit: number): Promise<Change[]> {
  const found = await db.execute<ChangeRow>(
    sql`select ${CHANGE_COLUMNS} from changes where seq > ${after} and event is null order by seq limit ${limit}`,
  );
  return found.rows.map(changeOf);
}

/** Returns the state changes at these positions. Events, which have positions too, are left out. */
export async function entityChangesAt(db: Executor, seqs: readonly number[]) {
  if (seqs.length === 0) return [];
  const { seq, changeId, kind, entityId, prev, next, changedFields, actor, occurredAt } = changes;
  return db
    .select({ seq, changeId, kind, id: entityId, prev, next, changedFields, actor, occurredAt })
    .from(changes)
    .where(and(inArray(seq, [...seqs]), isNull(changes.event)));
}

/** Returns the automation changes at these positions. */
export async function automationEventsAt(db: Executor, seqs: readonly number[]) {
  if (seqs.length === 0) return [];
  const { seq, automationId, version, change } = automationEvents;
  return db
    .select({ seq, id: automationId, version, change })
    .from(automationEvents)
    .where(inArray(seq, [...seqs]));
}
