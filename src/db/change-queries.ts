import { sql, type SQL } from 'drizzle-orm';
import type { Change } from '../domain/entities/change';
import { changeOf, type ChangeRow } from './change-row';
import type { Executor } from './executor';

/** A logged change and the result of routing it. */
export interface LoggedChange {
  change: Change;
  contextKey: string | null;
  recordedAt: Date;
  /** null = not routed yet. */
  routedAt: Date | null;
  /** When the change was set aside because it could not be routed; null if it was not. */
  failedAt: Date | null;
  /** Error of the last failed attempt. */
  failure: string | null;
}

interface Row extends ChangeRow {
  context_key: string | null;
  recorded_at: string;
  routed_at: string | null;
  failed_at: string | null;
  failure: string | null;
}

const COLUMNS = sql.raw(`c.seq, c.change_id, c.kind, c.entity_id, c.event, c.payload, c.prev, c.next, c.delta,
  c.changed_fields, c.actor, c.caused_by, c.depth, c.occurred_at, c.context_key, c.recorded_at, c.routed_at, c.failed_at,
  c.error ->> 'message' as failure`);

/** The same columns as `COLUMNS`, from a subquery with the alias `c`. */
const SELECTED = sql.raw(`c.seq, c.change_id, c.kind, c.entity_id, c.event, c.payload, c.prev, c.next, c.delta,
  c.changed_fields, c.actor, c.caused_by, c.depth, c.occurred_at, c.context_key, c.recorded_at, c.routed_at, c.failed_at,
  c.failure`);

/** The changes of one kind with the same `event`. A null `event` selects state changes. */
export interface ChangeSource {
  kind: string;
  event: string | null;
}

/** Selects the changes of `entities` if given, otherwise those of `sources` if given, otherwise all changes. */
export interface ChangeFilter {
  entities?: readonly { id: string; kind?: string | undefined }[] | undefined;
  sources?: readonly ChangeSource[] | undefined;
  /** Bounds of the receipt time. `since` is inclusive; `until` is exclusive. */
  since?: Date | undefined;
  until?: Date | undefined;
}

const instant = (value: string | null): Date | null => (value === null ? null : new Date(value));

const toLogged = (row: Row): LoggedChange => ({
  change: changeOf(row),
  contextKey: row.context_key,
  recordedAt: new Date(row.recorded_at),
  routedAt: instant(row.routed_at),
  failedAt: instant(row.failed_at),
  failure: row.failure,
});

/**
 * Returns exclusive position bounds for changes that were received in a period. With these bounds, a list skips newer
 * and older rows. Order by position and order by time differ only for changes that were written at almost the same
 * time, so a margin of one minute is enough.
 */
async function positionsIn(
  db: Executor,
  { since, until }: { since: Date | undefined; until: Date | undefined },
): Promise<{ above: number | undefined; below: number | undefined }> {
  const beside = async (where: SQL) => {
    const found = await db.execute<{ seq: string }>(sql`select seq from changes where ${where} limit 1`);
    return found.rows[0] && Number(found.rows[0].seq);
  };
  return {
    above:
      since &&
      (await beside(sql`recorded_at < ${since.toISOString()}::timestamptz - interval '1 minute'
        order by recorded_at desc, seq desc`)),
    below:
      until &&
      (await beside(sql`recorded_at >= ${until.toISOString()}::timestamptz + interval '1 minute'
        order by recorded_at, seq`)),
  };
}

/**
 * Returns up to `limit` changes with positions below `before`, from newest to oldest. An index provides the changes of
 * each entity and of each source in this order, so the cost does not depend on the number of other changes.
 */
export async function listChanges(
  db: Executor,
  { entities, sources, since, until }: ChangeFilter,
  { limit, before }: { limit: number; before: number | undefined },
): Promise<LoggedChange[]> {
  const { above, below } = await positionsIn(db, { since, until });
  const inRange = sql.join(
    [
      sql`true`,
      ...(since === undefined ? [] : [sql`c.recorded_at >= ${since.toISOString()}::timestamptz`]),
      ...(until === undefined ? [] : [sql`c.recorded_at < ${until.toISOString()}::timestamptz`]),
      ...(above === undefined ? [] : [sql`c.seq > ${above}`]),
      ...(below === undefined ? [] : [sql`c.seq < ${below}`]),
      ...(before === undefined ? [] : [sql`c.seq < ${before}`]),
    ],
    sql` and `,
  );
  const newest = sql`order by c.seq desc limit ${limit}`;
  // Ranges and orders instead of equalities: if most changes of a day have one entity or event, the planner expects many
  // changes of each, and would search for a rare one through the index of positions, past every other change.
  const newestOfEntity = sql`order by c.entity_id desc, c.seq desc limit ${limit}`;
  const newestOfEvent = sql`order by c.event desc, c.seq desc limit ${limit}`;
  const rows =
    entities !== undefined
      ? sql`jsonb_to_recordset(${JSON.stringify(entities)}::jsonb) as e(id text, kind text) cross join lateral (
          select ${COLUMNS} from changes c
          where c.entity_id >= e.id and c.entity_id <= e.id and (e.kind is null or c.kind = e.kind) and ${inRange}
          ${newestOfEntity}) as c`
      : sources !== undefined
        ? sql`jsonb_to_recordset(${JSON.stringify(sources)}::jsonb) as s(kind text, event text) cross join lateral (
            select ${COLUMNS} from changes c
            where s.event is not null and c.kind = s.kind and c.event >= s.event and c.event <= s.event and ${inRange}
            ${newestOfEvent}) as c
          union all
          select ${SELECTED} from jsonb_to_recordset(${JSON.stringify(sources)}::jsonb) as s(kind text, event text)
          cross join lateral (
            select ${COLUMNS} from changes c
            where s.event is null and c.kind = s.kind and c.event is null and ${inRange} ${newestOfEvent}) as c`
        : sql`(select ${COLUMNS} from changes c where ${inRange} ${newest}) as c`;
  const found = await db.execute<Row>(sql`select ${SELECTED} from ${rows} order by seq desc limit ${limit}`);
  return found.rows.map(toLogged);
}

/** Returns a change, or undefined if the log does not contain it. Retention may have removed it. */
export async function findChange(db: Executor, changeId: string): Promise<LoggedChange | undefined> {
  const found = await db.execute<Row>(sql`select ${COLUMNS} from changes c where change_id = ${changeId}`);
  return found.rows.map(toLogged)[0];
}

/** Returns the changes with these ids, in no particular order. */
export async function findChanges(db: Executor, changeIds: readonly string[]): Promise<LoggedChange[]> {
  if (changeIds.length === 0) return [];
  const found = await db.execute<Row>(sql`
    select ${COLUMNS} from changes c where change_id = any(${`{${changeIds.join(',')}}`}::uuid[])`);
  return found.rows.map(toLogged);
}

/** Returns every kind in the log, using one index probe per kind. */
export async function kindsInLog(db: Executor): Promise<string[]> {
  const found = await db.execute<{ kind: string }>(sql`
    with recursive k(kind) as (
      (select kind from changes order by kind limit 1)
      union all
      select (select c.kind from changes c where c.kind > k.kind order by c.kind limit 1) from k where k.kind is not null)
    select kind from k where kind is not null`);
  return found.rows.map((row) => row.kind);
}

/** Returns the sources of one kind (its state changes, and each of its events), using one index probe per source. */
export async function sourcesOfKind(db: Executor, kind: string): Promise<ChangeSource[]> {
  const found = await db.execute<{ event: string }>(sql`
    with recursive e(event) as (
      (select event from changes where kind = ${kind} and event > '' order by event limit 1)
      union all
      select (select c.event from changes c where c.kind = ${kind} and c.event > e.event order by c.event limit 1)
      from e where e.event is not null)
    select event from e where event is not null`);
  return [{ kind, event: null }, ...found.rows.map(({ event }) => ({ kind, event }))];
}
