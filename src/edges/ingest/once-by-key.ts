import { sql } from 'drizzle-orm';
import { claimDeliveries, deliveryKey } from '../../db/claim-deliveries';
import type { Executor } from '../../db/executor';

/**
 * Runs `work` unless a message with the same `Idempotency-Key` was accepted in the last seven days; then gives that one's
 * change ids. `route` keeps the keys of different endpoints apart. Without a key it just works.
 */
export async function onceByKey(
  tx: Executor,
  route: string,
  idempotencyKey: string | undefined,
  work: () => Promise<{ changeIds: string[] }>,
): Promise<{ changeIds: string[] }> {
  if (idempotencyKey === undefined) return work();
  const key = deliveryKey('idempotency-key', route, idempotencyKey);
  const { fresh, known } = await claimDeliveries(tx, [{ key, changeIds: [] }]);
  if (!fresh.has(key)) return { changeIds: known.get(key) ?? [] };
  const result = await work();
  await tx.execute(sql`update dedup_keys set change_ids = ${sql.param(result.changeIds)}::uuid[] where key = ${key}`);
  return result;
}
