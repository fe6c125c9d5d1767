import type { PoolClient } from 'pg';
import { inChunks, spreadOver } from './seed-changes';

/** Number of days over which the seeded alerts and audit log entries are spread. */
const DAYS = 14;

/**
 * Inserts alerts with their entities. 1 % are firing and 0.1 % are critical. They belong to 2,000 systems and 5,000
 * hosts.
 */
export async function seedAlerts(client: PoolClient, alerts: number): Promise<void> {
  const at = (await spreadOver(client, alerts, DAYS)).at('n');
  const facts = `case when n % 100 = 0 then 'firing' else 'resolved' end as status,
    case when n % 1000 = 0 then 'critical' else 'warning' end as severity,
    jsonb_build_object('alertname', 'DiskFull', 'host', 'h-' || n % 5000, 'instance', n::text, 'note', repeat('x', 200)) as labels`;
  const rows = `(select n, ${at} as at, ${facts} from generate_series($1::int, $2::int) as n) as a`;
  await inChunks(alerts, async (from, to) => {
    await client.query(
      `insert into alerts (fingerprint, source, status, severity, labels, system_id, starts_at, last_received_at)
       select 'f-' || n, 'alertmanager', status, severity, labels, 'system-' || n % 2000, at, at from ${rows}`,
      [from, to],
    );
    await client.query(
      `insert into entities (kind, id, state, created_at, updated_at)
       select 'alert', 'f-' || n, jsonb_build_object('status', status, 'name', 'DiskFull', 'severity', severity, 'labels', labels,
         'annotations', '{}'::jsonb, 'startsAt', at, 'source', 'alertmanager', 'systemId', 'system-' || n % 2000),
         at, at from ${rows}`,
      [from, to],
    );
    await client.query(
      `insert into alert_episodes (fingerprint, starts_at, ends_at, ended_by)
       select 'f-' || n, at, case status when 'resolved' then at + interval '1 minute' end,
         case status when 'resolved' then 'sender' end from ${rows}`,
      [from, to],
    );
  });
  await client.query('analyze alerts, entities, alert_episodes');
}

/**
 * Inserts audit log entries. 0.1 % are refusals. One person and one action appear only in the oldest hundred entries.
 */
export async function seedAudit(client: PoolClient, entries: number): Promise<void> {
  const at = (await spreadOver(client, entries, DAYS)).at('n');
  await inChunks(entries, (from, to) =>
    client.query(
      `insert into audit_log (at, actor, action, target, outcome, remote_address, detail)
       select ${at}, jsonb_build_object('type', 'user', 'id', case when n < 100 then 'rare' else 'person-' || n % 20 end),
         case when n < 100 then 'tokens.create' else 'automations.update' end, '/api/v1/automations/' || n % 200,
         case when n % 1000 = 0 then 'refused' else 'success' end, '10.0.0.1', '{"status": 200, "requestId": "r"}'
       from generate_series($1::int, $2::int) as n`,
      [from, to],
    ),
  );
  await client.query('analyze audit_log');
}
