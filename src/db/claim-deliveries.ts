import { createHash } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { Executor } from './executor';

/** A message from outside and the rows of the change log that it becomes. */
export interface Delivery {
  key: string;
  changeIds: readonly string[];
}

/** Key of a sender's identity of a message: short whatever the parts are. `what` keeps senders of different kinds apart. */
export function deliveryKey(what: string, ...parts: readonly string[]): string {
  return `${what}:${createHash('sha256').update(JSON.stringify(parts)).digest('base64url')}`;
}

/**
 * Claims deliveries in the caller's transaction: the keys that nobody had. The change ids of the others are in `known`. A
 * concurrent transaction with the same key is waited for, in key order, so that batches cannot wait for each other.
 */
export async function claimDeliveries(
  tx: Executor,
  deliveries: readonly Delivery[],
): Promise<{ fresh: Set<string>; known: Map<string, string[]> }> {
  if (deliveries.length === 0) return { fresh: new Set(), known: new Map() };
  const records = deliveries.map(({ key, changeIds }) => ({ key, change_ids: changeIds }));
  const claimed = await tx.execute<{ key: string }>(sql`
    insert into dedup_keys (key, change_ids)
    select key, change_ids from jsonb_to_recordset(${JSON.stringify(records)}::jsonb) as d(key text, change_ids uuid[])
    order by key
    on conflict (key) do nothing
    returning key`);
  const fresh = new Set(claimed.rows.map((row) => row.key));
  const others = deliveries.flatMap(({ key }) => (fresh.has(key) ? [] : [key]));
  return { fresh, known: await changeIdsOf(tx, others) };
}

/** Change ids of deliveries accepted before. */
export async function changeIdsOf(db: Executor, keys: readonly string[]): Promise<Map<string, string[]>> {
  if (keys.length === 0) return new Map();
  const result = await db.execute<{ key: string; change_ids: string[] }>(
    sql`select key, change_ids from dedup_keys where key = any(${sql.param(keys)}::text[])`,
  );
  return new Map(result.rows.map((row) => [row.key, row.change_ids]));
}
