import { sql } from 'drizzle-orm';
import { claimContent, deliveryKey } from '../../db/claim-deliveries';
import type { Executor } from '../../db/executor';

/** An idempotency key that a caller chose, and the content of its request. */
export interface CallerKey {
  /** Id of the caller. Different callers may use the same key. */
  principal: string;
  /** Endpoint of the request. The same key may be used for different endpoints. */
  route: string;
  key: string;
  contentHash: string;
}

/** The changes of a request. `mismatched` is true if the key was already used for a request with different content. */
interface OnceResult {
  changeIds: string[];
  mismatched: boolean;
}

/**
 * Runs `work`, unless the same caller sent the same key within the last seven days. In that case, returns the change
 * ids of the first request, even if the content differs (engine.md, Routing). Without a key, always runs `work`.
 */
export async function onceByKey(
  tx: Executor,
  caller: CallerKey | undefined,
  work: () => Promise<{ changeIds: string[] }>,
): Promise<OnceResult> {
  if (caller === undefined) return { ...(await work()), mismatched: false };
  const { principal, route, contentHash } = caller;
  const key = deliveryKey('idempotency-key', principal, route, caller.key);
  const known = await claimContent(tx, key, contentHash);
  if (known !== undefined) return { changeIds: known.changeIds, mismatched: known.contentHash !== contentHash };
  const { changeIds } = await work();
  await tx.execute(sql`update dedup_keys set change_ids = ${sql.param(changeIds)}::uuid[] where key = ${key}`);
  return { changeIds, mismatched: false };
}
