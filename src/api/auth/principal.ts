import type { Actor } from '../../domain/entities/change';
import type { Permission, Role } from './permissions';

/** The caller of a request. */
export interface Principal {
  /** Id of the token, `admin` for the bootstrap token, or `anonymous`. Idempotency keys belong to it. */
  id: string;
  /** Id of the token whose limits apply: for a session, the token from which it was made. */
  tokenId: string;
  actor: Actor;
  roles: readonly Role[];
  permissions: ReadonlySet<Permission>;
  /** Set when the caller was identified by the cookie of a session. */
  session?: SessionInfo;
}

/** The session of a cookie. */
export interface SessionInfo {
  id: string;
  name: string;
  /** Must be sent as `X-Fermata-CSRF` with calls other than GET and HEAD. */
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
