import { timingSafeEqual } from 'node:crypto';
import type { Executor } from '../../db/executor';
import { findSession, type SessionRow } from '../../db/sessions';
import { findToken, hashToken } from '../../db/tokens';
import type { Clock } from '../../domain/clock';
import { FermataError } from '../../domain/errors';
import type { OidcSessions } from './oidc/sessions';
import { permissionsOf, ROLES } from './permissions';
import type { Principal } from './principal';
import { csrfTokenOf, sessionCookieOf } from './session-cookie';

/**
 * Time in milliseconds for which tokens are cached. Other API processes are notified when a token is revoked. A process
 * that misses the notification accepts the token for up to this long.
 */
const CACHE_MS = 1000;
const MAX_CACHED = 10_000;

/** The headers that identify a caller. A bearer token takes precedence over a cookie. */
export interface Credentials {
  authorization?: string | undefined;
  cookie?: string | undefined;
}

/** Identifies callers by bearer token or session cookie. */
export interface Authenticator {
  /**
   * Returns the caller.
   * @throws {FermataError} `unauthorized` when credentials are missing, malformed or no longer valid
   */
  authenticate(credentials: Credentials): Promise<Principal>;
  /** Clears the cache. Called when a token was revoked in any process. */
  forget(): void;
  /** Hash of the bootstrap token. Sessions created with that token are bound to the hash. */
  adminHash: Buffer | undefined;
}

interface Cached {
  principal: Principal;
  expiresAt: number;
  readAt: number;
}

/**
 * Creates an authenticator. It checks bearer tokens and sessions against the database. It checks the bootstrap token
 * against the configuration, so that token is accepted even if the database is unreachable.
 */
export function createAuthenticator(deps: {
  db: Executor;
  clock: Clock;
  adminToken: string | undefined;
  /** Sessions of the OpenID Connect provider. Undefined = none is configured, so no such session is valid. */
  oidcSessions: OidcSessions | undefined;
}): Authenticator {
  const { db, clock } = deps;
  const adminHash = deps.adminToken === undefined ? undefined : hashToken(deps.adminToken);
  const cache = new Map<string, Cached>();

  const loadToken = async (hash: Buffer, now: number): Promise<Cached> => {
    const row = await findToken(db, hash);
    if (row === undefined || row.revokedAt !== null || !timingSafeEqual(row.hash, hash)) throw refusal('not valid');
    return {
      principal: principalOf(row, row.id, 'application'),
      expiresAt: row.expiresAt?.getTime() ?? Infinity,
      readAt: now,
    };
  };
  const loadSession = async (secret: string, hash: Buffer, now: number): Promise<Cached> => {
    const found = await findSession(db, hash, new Date(now));
    const row = found && (await liveSession(found));
    if (row === undefined) throw sessionEnded();
    return { principal: sessionPrincipal(row, secret), expiresAt: row.expiresAt.getTime(), readAt: now };
  };
  const liveSession = async (row: SessionRow): Promise<SessionRow | undefined> =>
    row.oidcUser === null ? (hasLiveParent(row, adminHash) ? row : undefined) : deps.oidcSessions?.confirmed(row);
  const cached = async (key: string, load: (now: number) => Promise<Cached>): Promise<Cached> => {
    const now = clock.now().getTime();
    const known = cache.get(key);
    if (known !== undefined && now - known.readAt < CACHE_MS && now >= known.readAt) return known;
    cache.delete(key);
    const loaded = await load(now);
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(key, loaded);
    return loaded;
  };
  const bySession = async (cookie: string | undefined): Promise<Principal> => {
    const secret = sessionCookieOf(cookie);
    if (secret === undefined) throw refusal('missing');
    const hash = hashToken(secret);
    const found = await cached(`session:${hash.toString('base64')}`, (now) => loadSession(secret, hash, now));
    if (found.expiresAt <= clock.now().getTime()) throw sessionEnded();
    return found.principal;
  };

  return {
    adminHash,
    forget: () => cache.clear(),
    async authenticate({ authorization, cookie }) {
      if (authorization === undefined) return bySession(cookie);
      const token = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1];
      if (token === undefined) throw refusal('missing in the Authorization header');
      const hash = hashToken(token);
      if (adminHash !== undefined && timingSafeEqual(adminHash, hash)) return ADMIN;
      const found = await cached(hash.toString('base64'), (now) => loadToken(hash, now));
      if (found.expiresAt <= clock.now().getTime()) throw refusal('expired');
      return found.principal;
    },
  };
}

/**
 * Returns whether the token that created a session is still valid. `findSession` has already checked stored tokens, so
 * only the bootstrap token is compared here.
 */
export function hasLiveParent(row: SessionRow, adminHash: Buffer | undefined): boolean {
  if (row.tokenId !== null) return true;
  return row.adminHash !== null && adminHash !== undefined && timingSafeEqual(row.adminHash, adminHash);
}

/** Returns the caller identified by a token, or by a session that was created with it. */
function principalOf(
  { id, name, roles }: { id: string; name: string; roles: readonly string[] },
  tokenId: string,
  type: 'user' | 'application',
): Principal {
  return {
    id,
    tokenId,
    actor: { type, id, name },
    roles: ROLES.filter((role) => roles.includes(role)),
    permissions: permissionsOf(roles),
  };
}

/** Returns the caller identified by a session with the given secret. */
function sessionPrincipal(row: SessionRow, secret: string): Principal {
  const { id, name, oidcUser, tokenId, expiresAt } = row;
  const principal =
    oidcUser === null ? principalOf(row, tokenId ?? ADMIN.tokenId, 'user') : oidcPrincipal(oidcUser, row);
  return { ...principal, session: { id, name, csrfToken: csrfTokenOf(secret), expiresAt } };
}

/** Returns the caller whom an OpenID Connect provider has authenticated. `id` is the issuer and subject. */
export function oidcPrincipal(id: string, { name, roles }: { name: string; roles: readonly string[] }): Principal {
  return principalOf({ id, name, roles }, id, 'user');
}

const ADMIN: Principal = {
  id: 'admin',
  tokenId: 'admin',
  actor: { type: 'user', id: 'admin', name: 'admin' },
  roles: ['admin'],
  permissions: permissionsOf(['admin']),
};

function refusal(what: string): FermataError {
  return new FermataError('unauthorized', `The bearer token is ${what}. Send "Authorization: Bearer <token>".`);
}

function sessionEnded(): FermataError {
  return new FermataError('unauthorized', 'The session has ended. Sign in again.');
}
