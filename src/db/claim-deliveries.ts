import { sql } from 'drizzle-orm';
import { sha256 } from '../domain/sha256';
import type { Executor } from './executor';

/** A message from an external sender, and the ids of the changes that it produced. */
export interface Delivery {
  key: string;
  changeIds: readonly string[];
}

/**
 * Returns a short key for the identity that a sender gave a message. `what` keeps the keys of different kinds of
 * senders apart.
 */
export function deliveryKey(what: string, ...parts: readonly string[]): string {
  return `${what}:${sha256(JSON.stringify(parts), 'base64url')}`;
}

/**
 * Claims deliveries in the caller's transaction. Returns the keys that were new, and in `known` the change ids of keys
 * that had been claimed before. Waits for a concurrent transaction with the same key. Keys are claimed in sorted order,
 * so that two batches cannot deadlock.
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

/** Returns the change ids of deliveries that were already accepted, by key. */
export async function changeIdsOf(db: Executor, keys: readonly string[]): Promise<Map<string, string[]>> {
  return new Map([...(await contentsOf(db, keys))].map(([key, { changeIds }]) => [key, changeIds]));
}

/**
 * Returns the change ids and content hashes of deliveries that were already accepted, by key. The hash is null if none
 * was stored.
 */
export async function contentsOf(
  db: Executor,
  keys: readonly string[],
): Promise<Map<string, { changeIds: string[]; contentHash: string | null }>> {
  if (keys.length === 0) return new Map();
  const result = await db.execute<{ key: string; change_ids: string[]; content_hash: string | null }>(
    sql`select key, change_ids, content_hash from dedup_keys where key = any(${sql.param(keys)}::text[])`,
  );
  return new Map(result.rows.map((row) => [row.key, { changeIds: row.change_ids, contentHash: row.content_hash }]));
}

/** One of several identities of a message. */
export interface DeliveryIdentity {
  key: string;
  /** Seconds after which the identity is forgotten (default: the retention of delivery keys). */
  ttlSeconds?: number;
}

/**
 * Claims the identities of one message in the caller's transaction, in the order of their keys. If one of them is
 * already known, the message is a repeat: its other identities are assigned to the first delivery, whose change ids are
 * returned. A further copy that shares only these other identities is then a repeat, too. Otherwise returns undefined,
 * and this message owns all of the identities.
 */
export async function claimDelivery(
  tx: Executor,
  identities: readonly DeliveryIdentity[],
  changeIds: readonly string[],
): Promise<string[] | undefined> {
  const own: string[] = [];
  let known: string | undefined;
  // Keys are claimed in sorted order, so that two transactions with the same keys wait for each other instead of
  // deadlocking.
  for (const { key, ttlSeconds } of [...identities].sort((a, b) => (a.key < b.key ? -1 : 1))) {
    const claimed = await tx.execute(sql`
      insert into dedup_keys as known (key, change_ids) values (${key}, ${sql.param(changeIds)}::uuid[])
      on conflict (key) do update set change_ids = excluded.change_ids, created_at = excluded.created_at
        where known.created_at < now() - make_interval(secs => ${ttlSeconds ?? null}::double precision)
      returning key`);
    if (claimed.rows.length === 1) own.push(key);
    else known ??= key;
  }
  if (known === undefined) return undefined;
  const first = (await changeIdsOf(tx, [known])).get(known) ?? [];
  if (own.length > 0) {
    await tx.execute(sql`
      update dedup_keys set change_ids = ${sql.param(first)}::uuid[] where key = any(${sql.param(own)}::text[])`);
  }
  return first;
}

/**
 * Claims one key together with the content hash of the message, in the caller's transaction. Returns undefined when the
 * key is new. Otherwise returns the stored change ids and hash; if no hash was stored, returns the given hash.
 */
export async function claimContent(
  tx: Executor,
  key: string,
  contentHash: string,
): Promise<{ changeIds: string[]; contentHash: string } | undefined> {
  const claimed = await tx.execute(sql`
    insert into dedup_keys (key, change_ids, content_hash) values (${key}, '{}', ${contentHash})
    on conflict (key) do nothing returning key`);
  if (claimed.rows.length === 1) return undefined;
  const { rows } = await tx.execute<{ change_ids: string[]; content_hash: string | null }>(
    sql`select change_ids, content_hash from dedup_keys where key = ${key}`,
  );
  const [row] = rows;
  return { changeIds: row?.change_ids ?? [], contentHash: row?.content_hash ?? contentHash };
}
