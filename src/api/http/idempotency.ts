import { createHash } from 'node:crypto';
import { claimIdempotencyKey, storeAnswer, type IdempotencyScope } from '../../db/idempotency';
import type { Executor } from '../../db/executor';
import { FermataError } from '../../domain/errors';
import type { Reply } from './route';

const KEY = /^[\x20-\x7e]{1,255}$/;

/** The key of a request; undefined when it has none. @throws {FermataError} `bad_request` */
export function idempotencyKeyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && KEY.test(header)) return header;
  throw new FermataError('bad_request', 'Idempotency-Key must have 1 to 255 printable ASCII characters.');
}

/**
 * Runs `work` once per key, in the caller's transaction. A repeat with the same body gets the answer of the first; while
 * that one is still under way it waits for it.
 * @throws {FermataError} `idempotency_key_reused` for another body.
 */
export async function oncePerKey(
  tx: Executor,
  scope: IdempotencyScope,
  raw: Buffer,
  work: () => Promise<Reply>,
): Promise<Reply> {
  const bodyHash = createHash('sha256').update(raw).digest('hex');
  const stored = await claimIdempotencyKey(tx, scope, bodyHash);
  if (stored === undefined) {
    const { keep, ...reply } = await work();
    const kept: Reply = keep === undefined ? reply : { ...reply, body: keep };
    await storeAnswer(tx, scope, { status: reply.status, response: kept });
    return reply;
  }
  if (stored.bodyHash !== bodyHash) {
    throw new FermataError('idempotency_key_reused', 'This Idempotency-Key was used with another body; use a new one.');
  }
  const reply = stored.response as Reply;
  return { ...reply, headers: { ...reply.headers, 'Idempotency-Replayed': 'true' } };
}
