import { sql } from 'drizzle-orm';
import type { Executor } from './executor';
import type { HealthStatus } from './tables/health';

/** A firing alert as a check of its system. */
export interface AlertRow {
  systemId: string;
  fingerprint: string;
  status: HealthStatus;
  /** The alert's labels, annotations and `startsAt`. */
  data: Record<string, unknown>;
}

/**
 * Stores firing alerts as checks of their systems, one row per system and fingerprint. The last result of each check is
 * dated with the time of receipt.
 */
export async function storeAlerts(tx: Executor, alerts: readonly AlertRow[], receivedAt: Date): Promise<void> {
  if (alerts.length === 0) return;
  const records = alerts.map(({ systemId, ...rest }) => ({ ...rest, system_id: systemId }));
  await tx.execute(sql`
    insert into health_checks (system_id, configuration_id, source, status, last_result_at, data)
    select system_id, fingerprint, 'alert', status, ${receivedAt.toISOString()}::timestamptz, data
    from jsonb_to_recordset(${JSON.stringify(records)}::jsonb)
      as a(system_id text, fingerprint text, status text, data jsonb)
    on conflict (system_id, configuration_id) do update set source = 'alert', status = excluded.status,
      last_result_at = excluded.last_result_at, data = excluded.data`);
}

/** Removes the checks of resolved alerts. Returns the systems whose checks were removed. */
export async function removeAlerts(
  tx: Executor,
  alerts: readonly { systemId: string; fingerprint: string }[],
): Promise<string[]> {
  if (alerts.length === 0) return [];
  const result = await tx.execute<{ system_id: string }>(sql`
    delete from health_checks where source = 'alert' and (system_id, configuration_id) in (
      select a.system_id, a.fingerprint from unnest(${sql.param(alerts.map((alert) => alert.systemId))}::text[],
        ${sql.param(alerts.map((alert) => alert.fingerprint))}::text[]) as a(system_id, fingerprint))
    returning system_id`);
  return result.rows.map((row) => row.system_id);
}
