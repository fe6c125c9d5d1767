import type { Actor } from '../../domain/entities/change';
import type { Permission } from './permissions';

/** Whoever a request comes from. */
export interface Principal {
  /** Id of the token, `admin` for the bootstrap token, or `anonymous`. Idempotency keys belong to it. */
  id: string;
  actor: Actor;
  permissions: ReadonlySet<Permission>;
}

/** The caller of a public route, or one whose token was refused. */
export const ANONYMOUS: Principal = {
  id: 'anonymous',
  actor: { type: 'user', id: 'anonymous' },
  permissions: new Set(),
};
