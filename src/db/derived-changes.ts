import { sql } from 'drizzle-orm';
import type { LoggedChange } from './change-queries';
import type { Executor } from './executor';

/** Maximum number of later changes of a system that are searched for one source. */
const MAX_SEARCHED = 20;

/** A change of health, and the change from which the same write derived it. */
interface DerivedChange {
  sourceId: string;
  changeId: string;
}

/**
 * Returns the changes of health that were derived from the given changes (of alerts, or results of checks), in the order
 * of the log. A derived change follows its source in the log, within one transaction. Only the next changes of health of
 * the source's systems are read, through the index of changes by entity.
 */
export async function healthDerivedFrom(db: Executor, sources: readonly LoggedChange[]): Promise<DerivedChange[]> {
  const places = sources.flatMap((logged) =>
    systemsOf(logged).map((systemId) => ({
      ...{ source_id: logged.change.changeId, system_id: systemId },
      ...{ seq: logged.change.seq, recorded_at: logged.recordedAt.toISOString() },
    })),
  );
  if (places.length === 0) return [];
  const found = await db.execute<{ source_id: string; change_id: string }>(sql`
    select s.source_id, d.change_id
    from jsonb_to_recordset(${JSON.stringify(places)}::jsonb)
      as s(source_id uuid, system_id text, seq bigint, recorded_at timestamptz)
    cross join lateral (
      select c.change_id, c.seq, c.payload from changes c
      where c.entity_id = s.system_id and c.seq > s.seq and c.kind = 'health' and c.event is null
        and c.recorded_at >= s.recorded_at and c.recorded_at < s.recorded_at + interval '1 minute'
      order by c.seq limit ${MAX_SEARCHED}) as d
    where d.payload -> 'derivedFrom' ? s.source_id::text
    order by d.seq`);
  return found.rows.map((row) => ({ sourceId: row.source_id, changeId: row.change_id }));
}

/** Returns the systems whose health a change may affect. */
function systemsOf({ change }: LoggedChange): string[] {
  if (change.kind === 'health') return change.shape === 'event' ? [change.id] : [];
  if (change.shape === 'event') return [];
  const ids = [change.prev?.['systemId'], change.next?.['systemId']];
  return [...new Set(ids.filter((id) => typeof id === 'string'))];
}
