import { randomBytes } from 'node:crypto';
import { and, desc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm';
import type { Clock, Ids } from '../domain/clock';
import type { Executor } from './executor';
import { sessions } from './tables/access';
import { hashToken } from './tokens';

const PREFIX_LENGTH = 12;
const TEXT_PREFIX = { session: 'fms_', link: 'fml_' } as const;

/** The token from which a session or link was created. */
export interface SessionParent {
  /** null = the bootstrap token. */
  tokenId: string | null;
  /** Hash of the bootstrap token; null for tokens in the database. */
  adminHash: Buffer | null;
}

/** A session or link without its secret. */
export type SessionRow = Omit<typeof sessions.$inferSelect, 'hash'>;

const columns = {
  id: sessions.id,
  kind: sessions.kind,
  name: sessions.name,
  prefix: sessions.prefix,
  roles: sessions.roles,
  tokenId: sessions.tokenId,
  adminHash: sessions.adminHash,
  createdAt: sessions.createdAt,
  expiresAt: sessions.expiresAt,
  revokedAt: sessions.revokedAt,
};

/** Creates a session or a link. The returned `text` is the only copy of its secret. */
export async function createSession(
  tx: Executor,
  deps: { clock: Clock; ids: Ids },
  input: SessionParent & { kind: 'session' | 'link'; name: string; roles: readonly string[]; expiresAt: Date },
): Promise<{ id: string; text: string }> {
  const text = `${TEXT_PREFIX[input.kind]}${randomBytes(32).toString('base64url')}`;
  const id = deps.ids.next();
  const prefix = text.slice(0, PREFIX_LENGTH);
  const row = { ...input, id, prefix, roles: [...input.roles], hash: hashToken(text), createdAt: deps.clock.now() };
  await tx.insert(sessions).values(row);
  return { id, text };
}

/**
 * Returns a session that is usable at `now`: neither the session nor the token from which it was created has been
 * revoked or has expired. When `tokenId` is null, the caller must compare `adminHash` with the bootstrap token.
 */
export async function findSession(db: Executor, hash: Buffer, now: Date): Promise<SessionRow | undefined> {
  const rows = await db
    .select(columns)
    .from(sessions)
    .where(and(eq(sessions.hash, hash), eq(sessions.kind, 'session'), usable(now)));
  return rows[0];
}

/**
 * Uses up a link. Returns undefined when the link is unknown, already used or expired. If two calls are concurrent,
 * only one succeeds.
 */
export async function spendLink(tx: Executor, hash: Buffer, now: Date): Promise<SessionRow | undefined> {
  const rows = await tx
    .update(sessions)
    .set({ revokedAt: now })
    .where(and(eq(sessions.hash, hash), eq(sessions.kind, 'link'), usable(now)))
    .returning(columns);
  return rows[0];
}

/** Returns up to `limit` sessions that are usable at `now`, with ids below `before`, from newest to oldest. */
export async function listSessions(
  db: Executor,
  page: { limit: number; before: string | undefined; prefix: string | undefined; now: Date },
): Promise<SessionRow[]> {
  return db
    .select(columns)
    .from(sessions)
    .where(
      and(
        eq(sessions.kind, 'session'),
        usable(page.now),
        page.before === undefined ? undefined : lt(sessions.id, page.before),
        page.prefix === undefined ? undefined : eq(sessions.prefix, page.prefix.slice(0, PREFIX_LENGTH)),
      ),
    )
    .orderBy(desc(sessions.id))
    .limit(page.limit);
}

/** Revokes a session. Returns false when it does not exist or has already been revoked. */
export async function revokeSession(tx: Executor, id: string, at: Date): Promise<boolean> {
  const revoked = await tx
    .update(sessions)
    .set({ revokedAt: at })
    .where(and(eq(sessions.id, id), isNull(sessions.revokedAt)))
    .returning({ id: sessions.id });
  return revoked.length === 1;
}

function usable(now: Date) {
  const token = sql`(select 1 from api_tokens t where t.id = ${sessions.tokenId} and t.revoked_at is null
    and (t.expires_at is null or t.expires_at > ${now.toISOString()}::timestamptz))`;
  return and(
    isNull(sessions.revokedAt),
    gt(sessions.expiresAt, now),
    or(isNull(sessions.tokenId), sql`exists ${token}`),
  );
}
