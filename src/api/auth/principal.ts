import type { Actor } from '../../domain/entities/change';
import type { Permission, Role } from './permissions';

/** The caller of a request. */
export interface Principal {
  /** Id of the token, `admin` for the bootstrap token, or `anonymous`. Idempotency keys are stored per id. */
  id: string;
  /** Id of the token whose limits apply. For a session, this is the token that created it. */
  tokenId: string;
  actor: Actor;
  roles: readonly Role[];
  permissions: ReadonlySet<Permission>;
  /** Set if a session cookie identified the caller. */
  session?: SessionInfo;
}

/** The session that a cookie identifies. */
export interface SessionInfo {
  id: string;
  name: string;
  /** Must be sent as `X-Fermata-CSRF` with all requests except GET and HEAD. */
  csrfToken: string;
  expiresAt: Date;
}

/** The caller of a public route, or a caller whose token was refused. */
export const ANONYMOUS: Principal = {
  id: 'anonymous',
  tokenId: 'anonymous',
  actor: { type: 'user', id: 'anonymous' },
  roles: [],
  permissions: new Set(),
};
