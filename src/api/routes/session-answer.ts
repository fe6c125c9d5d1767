import { z } from 'zod';
import { ROLES } from '../auth/permissions';
import type { SessionInfo } from '../auth/principal';
import { Timestamp } from '../http/values';

/** A session as the API returns it. */
export const SessionAnswer = z
  .object({
    id: z.string(),
    name: z.string(),
    roles: z.array(z.enum(ROLES)),
    csrfToken: z
      .string()
      .describe('Send it as `X-Fermata-CSRF` with all calls that use the cookie, except GET and HEAD'),
    expiresAt: Timestamp,
  })
  .meta({ id: 'Session' });

/** Returns the body of the response for a session. */
export function sessionAnswer({ id, name, csrfToken, expiresAt }: SessionInfo, roles: readonly string[]) {
  const known = ROLES.filter((role) => roles.includes(role));
  return { id, name, roles: known, csrfToken, expiresAt: expiresAt.toISOString() };
}
