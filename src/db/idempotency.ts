import { and, eq } from 'drizzle-orm';
import type { Executor } from './executor';
import { idempotencyKeys } from './tables/access';

/** An idempotency key. Each key is specific to a caller, a method and a path. */
export interface RequestKey {
  principal: string;
  /** Method and path of the request, including the ids in the path. */
  route: string;
  key: string;
}

/** The answer to the first request with the key. */
export interface StoredAnswer {
  bodyHash: string;
  status: number;
  response: unknown;
}

/**
 * Status of a row whose request has not been answered. Other transactions never see it, because the transaction that
 * writes it also replaces it.
 */
const UNANSWERED = 0;

/**
 * Claims the key for this transaction and returns undefined, or returns the stored answer. A concurrent second request
 * waits at the unique key until the first request has committed or rolled back. After a commit it finds the answer;
 * after a rollback it claims the key.
 */
export async function claimIdempotencyKey(
  tx: Executor,
  key: RequestKey,
  bodyHash: string,
): Promise<StoredAnswer | undefined> {
  const claimed = await tx
    .insert(idempotencyKeys)
    .values({ ...key, bodyHash, status: UNANSWERED })
    .onConflictDoNothing()
    .returning({ key: idempotencyKeys.key });
  if (claimed.length === 1) return undefined;
  const rows = await tx
    .select({
      bodyHash: idempotencyKeys.bodyHash,
      status: idempotencyKeys.status,
      response: idempotencyKeys.response,
    })
    .from(idempotencyKeys)
    .where(matching(key));
  return rows[0];
}

/** Stores the answer with the key. Must run in the transaction that claimed the key. */
export async function storeAnswer(
  tx: Executor,
  key: RequestKey,
  answer: Omit<StoredAnswer, 'bodyHash'>,
): Promise<void> {
  await tx.update(idempotencyKeys).set(answer).where(matching(key));
}

function matching(key: RequestKey) {
  return and(
    eq(idempotencyKeys.principal, key.principal),
    eq(idempotencyKeys.route, key.route),
    eq(idempotencyKeys.key, key.key),
  );
}
