import { randomBytes } from 'node:crypto';
import { and, desc, eq, gt, isNull, lt, lte, or, sql } from 'drizzle-orm';
import type { Clock, Ids } from '../domain/clock';
import type { Sealed } from '../domain/secrets/cipher';
import type { Executor } from './executor';
import { finishedSignIns, sessions } from './tables/access';
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

/** The user of an OpenID Connect provider for whom a session was created, instead of a token. */
export interface OidcParent {
  /** Issuer and subject. */
  oidcUser: string;
  /** Fingerprint of the provider's settings. */
  oidcSettings: string;
  oidcConfirmedAt: Date;
  /** When the provider is to be queried again; null = never. */
  oidcCheckAt: Date | null;
}

/** A session or link without its secrets. */
export type SessionRow = Omit<typeof sessions.$inferSelect, 'hash' | 'oidcRefreshToken'>;

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
  oidcUser: sessions.oidcUser,
  oidcSettings: sessions.oidcSettings,
  oidcConfirmedAt: sessions.oidcConfirmedAt,
  oidcCheckAt: sessions.oidcCheckAt,
};

/** Creates a session or a link. The returned `text` is the only copy of its secret. */
export async function createSession(
  tx: Executor,
  deps: { clock: Clock; ids: Ids },
  input: (SessionParent | OidcParent) & {
    kind: 'session' | 'link';
    name: string;
    roles: readonly string[];
    expiresAt: Date;
  },
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
    .set({ revokedAt: at, oidcRefreshToken: null })
    .where(and(eq(sessions.id, id), isNull(sessions.revokedAt)))
    .returning({ id: sessions.id });
  return revoked.length === 1;
}

/** Stores the sealed refresh token of a session. */
export async function keepRefreshToken(tx: Executor, id: string, token: Sealed): Promise<void> {
  await tx.update(sessions).set({ oidcRefreshToken: token }).where(eq(sessions.id, id));
}

/**
 * Claims the query of the provider for a session that is due. Returns the sealed refresh token, or undefined if the
 * session is not due or has been revoked. If two calls are concurrent, only one succeeds. The next call succeeds at
 * `next` unless `confirmSession` is called before.
 */
export async function claimSessionCheck(db: Executor, id: string, now: Date, next: Date): Promise<Sealed | undefined> {
  const claimed = await db
    .update(sessions)
    .set({ oidcCheckAt: next })
    .where(and(eq(sessions.id, id), lte(sessions.oidcCheckAt, now), isNull(sessions.revokedAt)))
    .returning({ token: sessions.oidcRefreshToken });
  return claimed[0]?.token ?? undefined;
}

/** Records that the provider confirmed the user of a session. `refreshToken` is set if it issued another one. */
export async function confirmSession(
  db: Executor,
  id: string,
  confirmed: { name: string; roles: readonly string[]; at: Date; checkAt: Date; refreshToken: Sealed | undefined },
): Promise<void> {
  const { name, roles, at, checkAt, refreshToken } = confirmed;
  await db
    .update(sessions)
    .set({
      ...{ name, roles: [...roles], oidcConfirmedAt: at, oidcCheckAt: checkAt },
      ...(refreshToken !== undefined && { oidcRefreshToken: refreshToken }),
    })
    .where(and(eq(sessions.id, id), isNull(sessions.revokedAt)));
}

/**
 * Records that the response to a sign-in was received. Returns false if one was received before. If two calls are
 * concurrent, only one returns true. Removes sign-ins that have expired at `now`.
 */
export async function finishSignIn(
  db: Executor,
  signIn: { stateHash: Buffer; expiresAt: Date },
  now: Date,
): Promise<boolean> {
  await db.delete(finishedSignIns).where(lte(finishedSignIns.expiresAt, now));
  const added = await db.insert(finishedSignIns).values(signIn).onConflictDoNothing().returning({
    stateHash: finishedSignIns.stateHash,
  });
  return added.length === 1;
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
