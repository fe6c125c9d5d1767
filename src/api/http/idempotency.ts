import { sha256 } from '../../domain/sha256';
import { claimIdempotencyKey, storeAnswer, type RequestKey } from '../../db/idempotency';
import type { Executor } from '../../db/executor';
import { FermataError } from '../../domain/errors';
import type { CallerKey } from '../../edges/ingest/once-by-key';
import type { Context, Reply } from './route';

const KEY = /^[\x20-\x7e]{1,255}$/;

/**
 * Returns the idempotency key of a request, or undefined if it has none.
 * @throws {FermataError} `bad_request`
 */
export function idempotencyKeyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && KEY.test(header)) return header;
  throw new FermataError('bad_request', 'Idempotency-Key must have 1 to 255 printable ASCII characters.');
}

/** The content that two requests with the same idempotency key must share. */
export interface RequestContent {
  /** Path and query as sent. */
  target: string;
  contentType: string;
  raw: Buffer;
}

/** Returns the SHA-256 hash of the content of a request. `attributes` are values of headers that belong to the content. */
function contentHash({ target, contentType, raw }: RequestContent, attributes: readonly unknown[] = []): string {
  return sha256([JSON.stringify([target, contentType, ...attributes]), raw]);
}

/** Headers that identify a CloudEvent in binary mode. Other attributes, such as `ce-traceparent`, may differ in a retry. */
const IDENTITY_HEADERS = ['ce-source', 'ce-id', 'ce-type'];

/**
 * Returns the `Idempotency-Key` of an inbound request, with its caller and the hash of its content. Returns undefined
 * if it has none.
 */
export function callerKeyOf({
  request,
  principal,
  raw,
}: Pick<Context<unknown, unknown, unknown>, 'request' | 'principal' | 'raw'>): CallerKey | undefined {
  const key = idempotencyKeyOf(request.headers['idempotency-key']);
  if (key === undefined) return undefined;
  const contentType = request.headers['content-type'] ?? '';
  const attributes = IDENTITY_HEADERS.flatMap((name) => request.headers[name] ?? []);
  const hash = contentHash({ target: request.originalUrl, contentType, raw }, attributes);
  return { principal: principal.id, route: request.path, key, contentHash: hash };
}

/**
 * Throws the error for a key that was used with different content.
 * @throws {FermataError} `idempotency_key_reused`
 */
function refuseReusedKey(): never {
  throw new FermataError(
    'idempotency_key_reused',
    'This Idempotency-Key was used with another query, content type or body; use a new one.',
  );
}

/**
 * Runs `work` once per key, in the caller's transaction. A repeated request waits for the first one and gets its stored
 * response (see `Reply.keep`).
 * @throws {FermataError} `idempotency_key_reused` when query, content type or body differ
 */
export async function oncePerKey(
  tx: Executor,
  scope: RequestKey,
  content: RequestContent,
  work: () => Promise<Reply>,
): Promise<Reply> {
  const bodyHash = contentHash(content);
  const stored = await claimIdempotencyKey(tx, scope, bodyHash);
  if (stored === undefined) {
    const { keep, ...reply } = await work();
    const kept: Reply = keep === undefined ? reply : { ...reply, body: keep };
    await storeAnswer(tx, scope, { status: reply.status, response: kept });
    return reply;
  }
  if (stored.bodyHash !== bodyHash) refuseReusedKey();
  const reply = stored.response as Reply;
  return { ...reply, headers: { ...reply.headers, 'Idempotency-Replayed': 'true' } };
}
