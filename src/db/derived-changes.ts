import { sql, type SQL } from 'drizzle-orm';
import type { LoggedChange } from './change-queries';
import type { Executor } from './executor';

/** Maximum number of later changes to a system that are searched for each source. */
const MAX_SEARCHED = 20;

/** A derived change and its source change. Both were written in one transaction. */
interface DerivedChange {
  sourceId: string;
  changeId: string;
}

/** A log position after which a system may have changes that were derived from the source. */
interface Place {
  sourceId: string;
  systemId: string;
  seq: string;
  /** ISO 8601. */
  recordedAt: string;
}

/** Health changes of systems. Their sources are in the row's payload. */
const HEALTH = { kind: 'health', event: sql`c.event is null`, context: sql`c.payload` };
/** The impact of health changes on other systems. These are events, so their sources are in the row's delta. */
const IMPACT = {
  kind: 'dependency',
  event: sql`c.event = 'dependency.impact_propagated'`,
  context: sql`c.delta`,
};

/**
 * Returns the changes that were derived from the given changes without a run: first health changes (derived from alerts
 * or check results), then the impact of health changes on other systems. Each group is in log order. A derived change
 * follows its source in the log and is written in the same transaction. The index of changes by entity is used to read
 * only the next few changes of the source's systems.
 */
export async function changesDerivedFrom(db: Executor, sources: readonly LoggedChange[]): Promise<DerivedChange[]> {
  const health = await derivedAt(db, sources.flatMap(placesOfHealth), HEALTH);
  const impact = await derivedAt(db, [...sources.flatMap(placesOfImpact), ...health.map(placeAfter)], IMPACT);
  return [...health, ...impact].map(({ sourceId, changeId }) => ({ sourceId, changeId }));
}

type Found = Place & { changeId: string };

async function derivedAt(
  db: Executor,
  places: readonly Place[],
  { kind, event, context }: { kind: string; event: SQL; context: SQL },
): Promise<Found[]> {
  if (places.length === 0) return [];
  const found = await db.execute<Record<'source_id' | 'change_id' | 'system_id' | 'seq' | 'recorded_at', string>>(sql`
    select s."sourceId" as source_id, d.change_id, s."systemId" as system_id, d.seq::text as seq,
      d.recorded_at::text as recorded_at
    from jsonb_to_recordset(${JSON.stringify(places)}::jsonb)
      as s("sourceId" uuid, "systemId" text, seq bigint, "recordedAt" timestamptz)
    cross join lateral (
      select c.change_id, c.seq, c.recorded_at, ${context} as context from changes c
      where c.entity_id >= s."systemId" and c.entity_id <= s."systemId" and c.seq > s.seq and c.kind = ${kind} and ${event}
        and c.recorded_at >= s."recordedAt" and c.recorded_at < s."recordedAt" + interval '1 minute'
      order by c.entity_id, c.seq limit ${MAX_SEARCHED}) as d
    where d.context -> 'derivedFrom' ? s."sourceId"::text
    order by d.seq`);
  return found.rows.map((row) => ({
    ...{ sourceId: row.source_id, changeId: row.change_id, systemId: row.system_id },
    ...{ seq: row.seq, recordedAt: row.recorded_at },
  }));
}

/** Returns the log position of a derived change, which may be the source of further changes. */
const placeAfter = ({ changeId, systemId, seq, recordedAt }: Found): Place => ({
  ...{ sourceId: changeId, systemId, seq, recordedAt },
});

const placeOf = ({ change, recordedAt }: LoggedChange, systemId: string): Place => ({
  ...{ sourceId: change.changeId, systemId },
  ...{ seq: String(change.seq), recordedAt: recordedAt.toISOString() },
});

/** Returns the log positions of a change that may affect the health of systems, one for each system. */
function placesOfHealth(logged: LoggedChange): Place[] {
  const { change } = logged;
  if (change.kind === 'health') return change.shape === 'event' ? [placeOf(logged, change.id)] : [];
  if (change.shape === 'event') return [];
  const ids = [change.prev?.['systemId'], change.next?.['systemId']];
  return [...new Set(ids.filter((id) => typeof id === 'string'))].map((id) => placeOf(logged, id));
}

/** Returns the log position of a health change, which may affect other systems. */
const placesOfImpact = (logged: LoggedChange): Place[] =>
  logged.change.kind === 'health' && logged.change.shape === 'entity' ? [placeOf(logged, logged.change.id)] : [];
