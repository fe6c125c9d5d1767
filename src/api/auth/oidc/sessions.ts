import { randomUUID } from 'node:crypto';
import { appendAudit } from '../../../db/audit';
import type { Executor } from '../../../db/executor';
import * as stored from '../../../db/sessions';
import type { Clock, Ids } from '../../../domain/clock';
import { FermataError } from '../../../domain/errors';
import type { Cipher } from '../../../domain/secrets/cipher';
import type { Logger } from '../../../log';
import { SESSION_MS } from '../session-cookie';
import { unavailable } from './failure';
import type { Identity, OidcProvider } from './provider';

/** Time in milliseconds after which the provider is queried again for the user of a session. */
const CHECK_MS = 10 * 60_000;
/** Time in milliseconds after which an unsuccessful query is repeated. */
const RETRY_MS = 60_000;

/** Sessions of users whom the OpenID Connect provider has authenticated. */
export interface OidcSessions {
  /** Creates a session. `text` is the only copy of its secret. */
  create(tx: Executor, identity: Identity): Promise<{ id: string; text: string; expiresAt: Date }>;
  /**
   * Returns a session with its current roles. Queries the provider if the last query was ten minutes ago. Returns
   * undefined if the session has ended: the settings of the provider or of the roles have changed, the provider has
   * revoked the refresh token, or the user has no role left.
   * @throws {FermataError} unauthorized if the provider could not be queried for `FERMATA_OIDC_SESSION_MINUTES`
   */
  confirmed(row: stored.SessionRow): Promise<stored.SessionRow | undefined>;
}

interface OidcSessionsDeps {
  db: Executor;
  clock: Clock;
  ids: Ids;
  cipher: Cipher;
  provider: OidcProvider;
  log: Logger;
}

/** Creates the sessions of a provider. */
export function createOidcSessions(deps: OidcSessionsDeps): OidcSessions {
  const { db, clock, cipher, provider } = deps;
  const { sessionMs } = provider.settings;
  const running = new Map<string, Promise<stored.SessionRow | undefined>>();
  const after = (ms: number) => new Date(clock.now().getTime() + ms);
  const checkMs = Math.min(CHECK_MS, sessionMs);

  /** Returns the session as it is if the provider confirmed it recently enough. */
  const unchecked = (row: stored.SessionRow, otherwise: () => FermataError = notConfirmed): stored.SessionRow => {
    const confirmedAt = row.oidcConfirmedAt?.getTime() ?? 0;
    if (row.oidcCheckAt === null || clock.now().getTime() - confirmedAt < sessionMs) return row;
    throw otherwise();
  };
  const check = async (row: stored.SessionRow): Promise<stored.SessionRow | undefined> => {
    const sealed = await stored.claimSessionCheck(db, row.id, clock.now(), after(RETRY_MS));
    if (sealed === undefined) return unchecked(row, () => unavailable('the session is being confirmed.'));
    const token = openToken(cipher, row.id, sealed);
    if (token === undefined) return end(deps, row, 'the key of the refresh token is not in FERMATA_SECRET_KEY');
    let identity: Identity | undefined;
    try {
      identity = await provider.refresh(token);
    } catch {
      return unchecked(row);
    }
    if (identity === undefined) return end(deps, row, 'the identity provider has revoked the sign-in');
    if (identity.id !== row.oidcUser) return end(deps, row, 'the identity provider returned another user');
    const { name, roles, refreshToken } = identity;
    if (roles.length === 0) return end(deps, row, 'the user is in no group that FERMATA_OIDC_ROLES names');
    await stored.confirmSession(db, row.id, {
      ...{ name, roles, at: clock.now(), checkAt: after(checkMs) },
      refreshToken: refreshToken === undefined ? undefined : cipher.seal(sealedFor(row.id), refreshToken),
    });
    return { ...row, name, roles };
  };

  return {
    async create(tx, { id: oidcUser, name, roles, refreshToken }) {
      const oidcConfirmedAt = clock.now();
      const expiresAt = after(refreshToken === undefined ? sessionMs : SESSION_MS);
      const oidcCheckAt = refreshToken === undefined ? null : after(checkMs);
      const parent = { oidcUser, oidcSettings: provider.fingerprint, oidcConfirmedAt, oidcCheckAt };
      const made = await stored.createSession(tx, deps, { kind: 'session', name, roles, expiresAt, ...parent });
      if (refreshToken !== undefined) {
        await stored.keepRefreshToken(tx, made.id, cipher.seal(sealedFor(made.id), refreshToken));
      }
      return { ...made, expiresAt };
    },
    async confirmed(row) {
      if (row.oidcSettings !== provider.fingerprint) return undefined;
      if (row.oidcCheckAt === null || row.oidcCheckAt > clock.now()) return unchecked(row);
      // Concurrent requests of a session share one query, because a refresh token may be valid only once.
      const found = running.get(row.id) ?? check(row).finally(() => running.delete(row.id));
      running.set(row.id, found);
      return found;
    },
  };
}

const notConfirmed = () =>
  new FermataError(
    'unauthorized',
    'The identity provider could not be reached to confirm the session. Sign in with a token, or again later.',
  );

const sealedFor = (sessionId: string) => `refresh token of session ${sessionId}`;

/** Returns the refresh token, or undefined if it was sealed with a key that was removed. */
function openToken(cipher: Cipher, sessionId: string, sealed: Parameters<Cipher['open']>[1]): string | undefined {
  try {
    return cipher.open(sealedFor(sessionId), sealed);
  } catch {
    return undefined;
  }
}

/** Ends a session, and records why. */
async function end(
  { db, clock, log }: OidcSessionsDeps,
  { id, name, oidcUser }: stored.SessionRow,
  reason: string,
): Promise<undefined> {
  const at = clock.now();
  if (!(await stored.revokeSession(db, id, at))) return undefined;
  log.info({ session: id, user: oidcUser, reason }, 'ended a session');
  await appendAudit(db, {
    ...{ at, action: 'session.delete', target: null, outcome: 'success', remoteAddress: null },
    actor: { type: 'user', id: oidcUser ?? id, name },
    detail: { status: 204, requestId: randomUUID(), reason },
  });
  return undefined;
}
