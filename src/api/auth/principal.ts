import type { Actor } from '../../domain/entities/change';
import type { Permission, Role } from './permissions';

/** The caller of a request. */
export interface Principal {
  /** Id of the token, `admin` for the bootstrap token, or `anonymous`. Idempotency keys belong to it. */
  id: string;
  /** Id of the token that limits count for: that of a session is the token it was made from. */
  tokenId: string;
  actor: Actor;
  roles: readonly Role[];
  permissions: ReadonlySet<Permission>;
  /** Set when the caller was identified by the cookie of a session. */
  session?: SessionInfo;
}

/** The session that a cookie stands for. */
export interface SessionInfo {
  id: string;
  name: string;
  /** Must be sent as `X-Fermata-CSRF` with calls other than GET and HEAD. */
  csrfToken: string;
  expiresAt: Date;
}

/** The caller of a public route, or one whose token was refused. */
export const ANONYMOUS: Principal = {
  id: 'anonymous',
  tokenId: 'anonymous',
  actor: { type: 'user', id: 'anonymous' },
  roles: [],
  permissions: new Set(),
};
