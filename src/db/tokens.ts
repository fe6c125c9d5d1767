import { randomBytes } from 'node:crypto';
import { and, desc, eq, isNull, lt } from 'drizzle-orm';
import { sha256Bytes } from '../domain/sha256';
import type { Clock, Ids } from '../domain/clock';
import type { Executor } from './executor';
import { apiTokens } from './tables/access';

/**
 * Number of leading characters of a token that are stored in clear text, so that a leaked token can be identified and
 * revoked.
 */
const PREFIX_LENGTH = 12;

/** A token without its secret. */
export interface TokenRow {
  id: string;
  name: string;
  prefix: string;
  roles: string[];
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
}

const columns = {
  id: apiTokens.id,
  name: apiTokens.name,
  prefix: apiTokens.prefix,
  roles: apiTokens.roles,
  createdAt: apiTokens.createdAt,
  expiresAt: apiTokens.expiresAt,
  revokedAt: apiTokens.revokedAt,
};

/** Returns the stored hash of a token. A fast hash is enough, because a token has 256 random bits. */
export function hashToken(token: string): Buffer {
  return sha256Bytes(token);
}

/** Creates a token. The returned `token` is the only copy of its secret. */
export async function createToken(
  tx: Executor,
  deps: { clock: Clock; ids: Ids },
  input: { name: string; roles: readonly string[]; expiresAt: Date | null },
): Promise<TokenRow & { token: string }> {
  const token = `fmt_${randomBytes(32).toString('base64url')}`;
  const row = {
    id: deps.ids.next(),
    name: input.name,
    prefix: token.slice(0, PREFIX_LENGTH),
    roles: [...input.roles],
    createdAt: deps.clock.now(),
    expiresAt: input.expiresAt,
    revokedAt: null,
  };
  await tx.insert(apiTokens).values({ ...row, hash: hashToken(token) });
  return { ...row, token };
}

/** Returns the token with this hash, even if it has expired or been revoked. */
export async function findToken(db: Executor, hash: Buffer): Promise<(TokenRow & { hash: Buffer }) | undefined> {
  const rows = await db
    .select({ ...columns, hash: apiTokens.hash })
    .from(apiTokens)
    .where(eq(apiTokens.hash, hash));
  return rows[0];
}

/** Returns up to `limit` tokens that have not been revoked, with ids below `before`, from newest to oldest. */
export async function listTokens(
  db: Executor,
  page: { limit: number; before: string | undefined; prefix: string | undefined },
): Promise<TokenRow[]> {
  return db
    .select(columns)
    .from(apiTokens)
    .where(
      and(
        isNull(apiTokens.revokedAt),
        page.before === undefined ? undefined : lt(apiTokens.id, page.before),
        page.prefix === undefined ? undefined : eq(apiTokens.prefix, page.prefix.slice(0, PREFIX_LENGTH)),
      ),
    )
    .orderBy(desc(apiTokens.id))
    .limit(page.limit);
}

/** Revokes a token. Returns false when it does not exist or has already been revoked. */
export async function revokeToken(tx: Executor, id: string, at: Date): Promise<boolean> {
  const revoked = await tx
    .update(apiTokens)
    .set({ revokedAt: at })
    // Of two concurrent calls, only one revokes the token and returns true. The time that it sets is kept.
    .where(and(eq(apiTokens.id, id), isNull(apiTokens.revokedAt)))
    .returning({ id: apiTokens.id });
  return revoked.length === 1;
}
