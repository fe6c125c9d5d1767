import { sql } from 'drizzle-orm';
import type { Executor } from './executor';
import type { HealthStatus } from './tables/health';

/** The result of a check, as it is stored. */
export interface ResultRow {
  id: string;
  systemId: string;
  configurationId: string;
  status: HealthStatus;
  latencyMs?: number | undefined;
  collectors?: Record<string, unknown> | undefined;
  message?: string | undefined;
  at: Date;
}

const records = (rows: readonly ResultRow[]) =>
  JSON.stringify(
    rows.map(({ systemId, configurationId, latencyMs, ...rest }) => ({
      ...rest,
      ...{ system_id: systemId, configuration_id: configurationId, latency_ms: latencyMs },
    })),
  );

const COLUMNS = sql`r(id uuid, system_id text, configuration_id text, status text, latency_ms double precision,
  collectors jsonb, message text, at timestamptz)`;

/** Stores raw results, in one statement. */
export async function insertResults(tx: Executor, rows: readonly ResultRow[], receivedAt: Date): Promise<void> {
  if (rows.length === 0) return;
  await tx.execute(sql`
    insert into health_results (id, system_id, configuration_id, status, latency_ms, collectors, message, at, received_at)
    select r.id, r.system_id, r.configuration_id, r.status, r.latency_ms, r.collectors, r.message, r.at,
      ${receivedAt.toISOString()}::timestamptz
    from jsonb_to_recordset(${records(rows)}::jsonb) as ${COLUMNS}`);
}

/**
 * Stores the last result of each check, at most one row per check, and creates checks that do not exist. The caller
 * must have removed late results.
 */
export async function upsertChecks(tx: Executor, rows: readonly ResultRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.execute(sql`
    insert into health_checks (system_id, configuration_id, status, last_result_at, data)
    select system_id, configuration_id, status, at, jsonb_strip_nulls(
      jsonb_build_object('latencyMs', latency_ms, 'message', message))
    from jsonb_to_recordset(${records(rows)}::jsonb) as ${COLUMNS}
    on conflict (system_id, configuration_id) do update
      set status = excluded.status, last_result_at = excluded.last_result_at, data = excluded.data`);
}

/**
 * Returns the results of a system that are older than the result `before`, from newest to oldest. Among results with
 * the same time, those with smaller ids count as older. If `before.seq` is given, results that follow it in the log are
 * left out.
 */
export async function earlierResults(
  db: Executor,
  systemId: string,
  before: { at: Date; id: string; seq?: number },
  limit: number,
): Promise<{ latencyMs: number | null; collectors: Record<string, unknown> | null }[]> {
  // A result that comes later in the log was not known at that time, even if it reports an earlier time.
  const known =
    before.seq === undefined
      ? sql``
      : sql`and not exists (select 1 from changes c where c.change_id = r.id and c.seq > ${before.seq})`;
  const result = await db.execute<{ latency_ms: number | null; collectors: Record<string, unknown> | null }>(sql`
    select latency_ms, collectors from health_results r
    where system_id = ${systemId} and at <= ${before.at.toISOString()}
      and (at, id) < (${before.at.toISOString()}::timestamptz, ${before.id}::uuid) ${known}
    order by at desc, id desc limit ${limit}`);
  return result.rows.map((row) => ({ latencyMs: row.latency_ms, collectors: row.collectors }));
}

/**
 * Returns the results of a system that are newer than the result `late` but precede it in the change log, which means
 * that `late` arrived late. The log order is decisive, because the clocks of the receivers may differ.
 */
export async function overtakingResults(
  db: Executor,
  systemId: string,
  late: { at: Date; seq: number },
  limit: number,
): Promise<{ latencyMs: number | null; collectors: Record<string, unknown> | null }[]> {
  const result = await db.execute<{ latency_ms: number | null; collectors: Record<string, unknown> | null }>(sql`
    select latency_ms, collectors from health_results r
    where system_id = ${systemId} and at > ${late.at.toISOString()}
      and exists (select 1 from changes c where c.change_id = r.id and c.seq < ${late.seq})
    order by at desc, id desc limit ${limit}`);
  return result.rows.map((row) => ({ latencyMs: row.latency_ms, collectors: row.collectors }));
}
