import { timingSafeEqual } from 'node:crypto';
import type { Executor } from '../../db/executor';
import { findToken, hashToken } from '../../db/tokens';
import type { Clock } from '../../domain/clock';
import { FermataError } from '../../domain/errors';
import { permissionsOf } from './permissions';
import type { Principal } from './principal';

/** Another API process hears of a revocation by a notification; one that misses it accepts the token for this long. */
const CACHE_MS = 1000;
const MAX_CACHED = 10_000;

/** Tells whose a bearer token is. */
export interface Authenticator {
  /** @throws {FermataError} `unauthorized` when the header is missing, unreadable, or its token is not valid (any more). */
  authenticate(authorization: string | undefined): Promise<Principal>;
  /** Forgets what is cached; called when a token was revoked, here or elsewhere. */
  forget(): void;
}

interface CachedToken {
  principal: Principal;
  expiresAt: number;
  readAt: number;
}

/** Bearer tokens from the database, and the bootstrap token from the configuration, which needs no database. */
export function createAuthenticator(deps: {
  db: Executor;
  clock: Clock;
  adminToken: string | undefined;
}): Authenticator {
  const { db, clock } = deps;
  const adminHash = deps.adminToken === undefined ? undefined : hashToken(deps.adminToken);
  const cache = new Map<string, CachedToken>();

  const load = async (hash: Buffer, now: number): Promise<CachedToken> => {
    const row = await findToken(db, hash);
    if (row === undefined || row.revokedAt !== null || !timingSafeEqual(row.hash, hash)) throw refusal('not valid');
    return {
      principal: {
        id: row.id,
        actor: { type: 'application', id: row.id, name: row.name },
        permissions: permissionsOf(row.roles),
      },
      expiresAt: row.expiresAt?.getTime() ?? Infinity,
      readAt: now,
    };
  };

  return {
    forget: () => cache.clear(),
    async authenticate(authorization) {
      if (authorization === undefined) throw refusal('missing');
      const token = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1];
      if (token === undefined) throw refusal('not a bearer token');
      const hash = hashToken(token);
      if (adminHash !== undefined && timingSafeEqual(adminHash, hash)) return ADMIN;
      const now = clock.now().getTime();
      const key = hash.toString('base64');
      let cached = cache.get(key);
      if (cached === undefined || now - cached.readAt >= CACHE_MS || now < cached.readAt) {
        cache.delete(key);
        cached = await load(hash, now);
        if (cache.size >= MAX_CACHED) cache.clear();
        cache.set(key, cached);
      }
      if (cached.expiresAt <= now) throw refusal('expired');
      return cached.principal;
    },
  };
}

const ADMIN: Principal = {
  id: 'admin',
  actor: { type: 'user', id: 'admin', name: 'admin' },
  permissions: permissionsOf(['admin']),
};

function refusal(what: string): FermataError {
  return new FermataError('unauthorized', `The bearer token is ${what}. Send "Authorization: Bearer <token>".`);
}
