import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Pool } from 'pg';
import type { Clock } from '../../domain/clock';
import { FermataError } from '../../domain/errors';
import type { ClientAddress } from '../http/client-address';
import type { Route } from '../http/route';
import type { Authenticator } from './authenticate';
import { ANONYMOUS, type Principal } from './principal';
import { rolesWith } from './permissions';
import { createRateLimiter, type RateLimiter } from './rate-limit';

/** Maximum number of requests that may wait for a database connection. Further requests are refused. */
const MAX_WAITING = 1000;

/** Decides whether a request may use a route. */
export interface Gatekeeper {
  /**
   * Admits a request or throws. Calls `identified` with the caller as soon as it is known, even if the request is
   * refused afterwards.
   * @throws {FermataError} `unauthorized`, `forbidden`, `rate_limited`, `overloaded`
   */
  admit(route: Route, request: IncomingMessage, identified: (principal: Principal) => void): Promise<Principal>;
}

/**
 * Creates the checks that a request passes before its handler runs: authentication, rate limit, CSRF and permission, in
 * this order.
 */
export function createGatekeeper(deps: {
  authenticator: Authenticator;
  clock: Clock;
  pool: Pick<Pool, 'waitingCount'>;
  /** Limits requests to all routes that need credentials, except inbound routes. */
  ordinary: RateLimiter;
  rateLimit: { perSecond: number; ingestPerSecond: number };
  clientAddress: ClientAddress;
  /** Origins of Temporal's Web UI. */
  webUiOrigins: readonly string[];
}): Gatekeeper {
  const { ordinary } = deps;
  const webUi = new Set(deps.webUiOrigins);
  const inbound = createRateLimiter(deps.rateLimit.ingestPerSecond, deps.clock);
  const anonymous = createRateLimiter(deps.rateLimit.perSecond, deps.clock);

  const identify = async (request: IncomingMessage): Promise<Principal> => {
    const address = deps.clientAddress(request);
    // Limit failed attempts by address, so that guessing tokens does not cost database queries.
    anonymous.check(address);
    try {
      return await deps.authenticator.authenticate(request.headers);
    } catch (error) {
      if (error instanceof FermataError) anonymous.take(address);
      throw error;
    }
  };

  return {
    async admit(route, request, identified) {
      if (route.permission === 'public' && route.authenticated !== true) {
        // The caller is not known yet, so requests to hooks are limited by address.
        if (route.effect === 'inbound') inbound.take(`address:${deps.clientAddress(request)}`);
        return ANONYMOUS;
      }
      const principal = await identify(request);
      identified(principal);
      (route.effect === 'inbound' ? inbound : ordinary).take(principal.tokenId);
      if (!(route.forWebUi === true && webUi.has(request.headers.origin ?? ''))) assertFromConsole(principal, request);
      if (route.permission !== 'public' && !principal.permissions.has(route.permission)) {
        const { permission } = route;
        const roles = rolesWith(permission).join(', ');
        const message = `The token lacks the permission "${permission}". Roles that have it: ${roles}.`;
        throw new FermataError('forbidden', message, { data: { permission } });
      }
      if (deps.pool.waitingCount > MAX_WAITING) {
        throw new FermataError('overloaded', 'Too many requests are waiting; repeat in a moment.', {
          retryAfterSeconds: 1,
        });
      }
      return principal;
    },
  };
}

/**
 * Refuses a request that has a session cookie but not the matching CSRF token. A browser also sends the cookie with
 * requests from other sites, but only the console can read the token.
 * @throws {FermataError} `csrf`
 */
function assertFromConsole({ session }: Principal, { method, headers }: IncomingMessage): void {
  if (session === undefined || method === 'GET' || method === 'HEAD') return;
  const sent = Buffer.from(String(headers['x-fermata-csrf'] ?? ''));
  const wanted = Buffer.from(session.csrfToken);
  if (sent.length === wanted.length && timingSafeEqual(sent, wanted)) return;
  throw new FermataError(
    'csrf',
    'Calls that use the session cookie need the header X-Fermata-CSRF with the csrfToken of GET /session.',
  );
}
