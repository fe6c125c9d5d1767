import { sql, type SQL } from 'drizzle-orm';
import type { Executor } from './executor';
import { newestFirst } from './run-filter';

/** An alert: its state, and the fields that the table `alerts` keeps for it. */
export interface AlertRecord {
  fingerprint: string;
  state: Record<string, unknown>;
  labels: Record<string, string>;
  startsAt: Date;
  lastReceivedAt: Date;
  repeats: number;
}

interface Row extends Record<string, unknown> {
  fingerprint: string;
  state: Record<string, unknown>;
  labels: Record<string, string>;
  starts_at: string;
  last_received_at: string;
  repeats: string;
}

const toRecord = (row: Row): AlertRecord => ({
  fingerprint: row.fingerprint,
  state: row.state,
  labels: row.labels,
  startsAt: new Date(row.starts_at),
  lastReceivedAt: new Date(row.last_received_at),
  repeats: Number(row.repeats),
});

/** Filter for alerts. An alert must meet all given conditions. The severity is compared case-insensitively. */
export interface AlertFilter {
  status?: string | undefined;
  severity?: string | undefined;
  systemId?: string | undefined;
  source?: string | undefined;
  /** Required label values. An empty value matches a label that is missing or empty. */
  labels?: readonly { name: string; value: string }[];
}

const SELECT = sql`select a.fingerprint, e.state, a.labels, a.starts_at, a.last_received_at, a.repeats
  from alerts a join entities e on e.kind = 'alert' and e.id = a.fingerprint and e.state is not null`;

/**
 * Returns alerts in descending order of start time. `after` is the start and fingerprint of the last alert on the
 * previous page.
 */
export async function listAlerts(
  db: Executor,
  filter: AlertFilter,
  page: { limit: number; after: [startsAt: string, fingerprint: string] | undefined },
): Promise<AlertRecord[]> {
  const { after } = page;
  const conditions: SQL[] = [sql`true`];
  if (filter.status !== undefined) conditions.push(sql`a.status = ${filter.status}`);
  if (filter.severity !== undefined) conditions.push(sql`lower(a.severity) = ${filter.severity.toLowerCase()}`);
  if (filter.systemId !== undefined) conditions.push(sql`a.system_id = ${filter.systemId}`);
  if (filter.source !== undefined) conditions.push(sql`a.source = ${filter.source}`);
  for (const { name, value } of filter.labels ?? []) {
    conditions.push(sql`coalesce(a.labels ->> ${name}::text, '') = ${value}`);
  }
  if (after !== undefined) {
    const [startsAt, fingerprint] = after;
    conditions.push(sql`(a.starts_at < ${startsAt}::timestamptz
      or (a.starts_at = ${startsAt}::timestamptz and a.fingerprint > ${fingerprint}))`);
  }
  const found = await db.execute<Row>(sql`${SELECT} where ${sql.join(conditions, sql` and `)}
    order by a.starts_at desc, a.fingerprint limit ${page.limit}`);
  return found.rows.map(toRecord);
}

/** Returns the alert, or null. */
export async function findAlert(db: Executor, fingerprint: string): Promise<AlertRecord | null> {
  const found = await db.execute<Row>(sql`${SELECT} where a.fingerprint = ${fingerprint}`);
  return found.rows[0] ? toRecord(found.rows[0]) : null;
}

/** Returns the episodes of an alert from newest to oldest. */
export async function episodesOf(db: Executor, fingerprint: string, limit: number) {
  const found = await db.execute<{
    starts_at: string;
    ends_at: string | null;
    ended_by: string | null;
    acknowledged_by: string | null;
  }>(sql`
    select starts_at, ends_at, ended_by, acknowledged_by from alert_episodes where fingerprint = ${fingerprint}
    order by starts_at desc limit ${limit}`);
  return found.rows.map((row) => ({
    startsAt: new Date(row.starts_at).toISOString(),
    endsAt: row.ends_at === null ? null : new Date(row.ends_at).toISOString(),
    endedBy: row.ended_by,
    acknowledgedBy: row.acknowledged_by,
  }));
}

/** Returns the ids of the newest runs that were started by changes to an alert. */
export async function runsCausedBy(db: Executor, fingerprint: string, limit: number): Promise<string[]> {
  const found = await db.execute<{ id: string }>(sql`
    select r.id from runs r
    where r.trigger_event like 'alert.%' and r.trigger_scope -> 'payload' ->> 'fingerprint' = ${fingerprint}
    ${newestFirst('r')} limit ${limit}`);
  return found.rows.map(({ id }) => id);
}

/**
 * Counts the firing alerts of a system, with a fingerprint, or with all the given labels. Also returns up to `limit` of
 * these alerts, starting with the most recent.
 */
export async function firingAlerts(
  db: Executor,
  of: { systemId: string } | { fingerprint: string } | { labels: readonly [name: string, value: string][] },
  limit: number,
): Promise<{ count: number; items: Record<string, unknown>[] }> {
  const where = whereFiring(of);
  const found = await db.execute<{ fingerprint: string; state: Record<string, unknown>; total: string }>(sql`
    select a.fingerprint, e.state, count(*) over () as total
    from alerts a join entities e on e.kind = 'alert' and e.id = a.fingerprint and e.state is not null
    where a.status = 'firing' and ${where} order by a.starts_at desc, a.fingerprint limit ${limit}`);
  return {
    count: Number(found.rows[0]?.total ?? 0),
    items: found.rows.map(({ fingerprint, state }) => ({ fingerprint, ...state })),
  };
}

type Of = Parameters<typeof firingAlerts>[1];

function whereFiring(of: Of): SQL {
  if ('systemId' in of) return sql`a.system_id = ${of.systemId}`;
  if ('fingerprint' in of) return sql`a.fingerprint = ${of.fingerprint}`;
  const labels = of.labels.map(([name, value]) => sql`coalesce(a.labels ->> ${name}::text, '') = ${value}`);
  return sql.join(labels, sql` and `);
}
