import type { PoolClient } from 'pg';
import type { Stack } from './stack';

/** Maximum number of rows per insert. */
const CHUNK = 500_000;
/** Number of days over which the seeded changes are spread. It equals the retention of routings. */
export const DAYS_OF_CHANGES = 3;
const DAY_MS = 86_400_000;

/**
 * SQL expressions for the times and ids of rows that are spread evenly over the last days. `n` is an SQL expression for
 * the row number. The first row has the number 0.
 */
export interface Spread {
  at(n: string): string;
  id(n: string): string;
}

/**
 * Returns SQL expressions for the times and ids of `rows` rows. Like the ids that the service creates, the ids begin
 * with the time.
 */
export async function spreadOver(client: PoolClient, rows: number, days: number): Promise<Spread> {
  const { rows: times } = await client.query<{ begin: string }>(
    `select extract(epoch from now())::bigint * 1000 - $1::bigint as begin`,
    [days * DAY_MS],
  );
  const begin = Number(times[0]?.begin);
  const ms = (n: string) => `(${begin} + (${n})::bigint * ${days * DAY_MS} / ${rows})`;
  return {
    at: (n) => `to_timestamp(${ms(n)} / 1000.0)`,
    id: (n) =>
      `(lpad(to_hex(${ms(n)}), 12, '0') || '7' || left(md5((${n})::text), 3) || '8' || right(md5((${n})::text), 15))::uuid`,
  };
}

/** Calls `work` with the first and last row number of each insert. */
export async function inChunks(rows: number, work: (from: number, to: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < rows; from += CHUNK) await work(from, Math.min(from + CHUNK, rows) - 1);
}

/** Calls `work` with a connection that has no statement timeout and uses the time zone UTC. */
export async function withSeeder<T>({ database }: Stack, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await database.pool.connect();
  try {
    await client.query('set statement_timeout = 0');
    await client.query(`set time zone 'UTC'`);
    return await work(client);
  } finally {
    client.release(true);
  }
}

/**
 * Inserts health changes for 1,000 hosts. Every tenth change is an alert change instead. As in a service that has been
 * running for days, the changes are in daily partitions and in chronological order, and their ids begin with the time.
 */
export async function seedChanges(client: PoolClient, changes: number): Promise<Spread> {
  for (let day = DAYS_OF_CHANGES; day > 0; day -= 1) await addDay(client, 'changes', day);
  const spread = await spreadOver(client, changes, DAYS_OF_CHANGES);
  const at = spread.at('n');
  await inChunks(changes, (from, to) =>
    client.query(
      `insert into changes (change_id, partition, kind, entity_id, prev, next, delta, changed_fields, actor, occurred_at,
         recorded_at, routed_at)
       select ${spread.id('n')}, n % 64, case n % 10 when 0 then 'alert' else 'health' end, 'host-' || n % 1000, null,
         case n % 10 when 0 then $3::jsonb else '{"status": "healthy"}' end, '{}', '{status}',
         '{"type": "user", "id": "bench"}', ${at}, ${at}, ${at}
       from generate_series($1::int, $2::int) as n`,
      [from, to, ALERT],
    ),
  );
  await client.query('analyze changes');
  return spread;
}

/** Adds the partition of a past day, unless it already exists. */
export async function addDay(client: PoolClient, table: string, daysAgo: number): Promise<void> {
  const { rows } = await client.query<{ name: string; first: string; next: string }>(
    `select to_char(d, 'YYYYMMDD') as name, d::text as first, (d + 1)::text as next from (select current_date - $1::int as d) t`,
    [daysAgo],
  );
  const [day] = rows;
  if (day === undefined) return;
  await client.query(
    `create table if not exists ${table}_${day.name} partition of ${table} for values from ('${day.first}') to ('${day.next}')`,
  );
}

const ALERT = JSON.stringify({
  ...{ status: 'firing', name: 'DiskFull', severity: 'critical', labels: { alertname: 'DiskFull' }, annotations: {} },
  ...{ startsAt: '2026-11-28T00:00:00Z', source: 'alertmanager' },
});
