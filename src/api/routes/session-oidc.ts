import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { finishSignIn } from '../../db/sessions';
import type { Clock } from '../../domain/clock';
import { FermataError } from '../../domain/errors';
import type { Cipher } from '../../domain/secrets/cipher';
import { sha256Bytes } from '../../domain/sha256';
import type { AttemptLimit } from '../auth/attempt-limit';
import { createFlow, flowCookie, flowOf } from '../auth/oidc/flow';
import type { Identity, OidcProvider } from '../auth/oidc/provider';
import type { ClientAddress } from '../http/client-address';
import { json, readRoute, type Route } from '../http/route';

const TAG = 'Access';

export interface OidcRoutesDeps {
  db: Executor;
  clock: Clock;
  cipher: Cipher;
  /** Undefined = sign-in with OpenID Connect is not configured. */
  oidc: OidcProvider | undefined;
  attempts: AttemptLimit;
  clientAddress: ClientAddress;
  isSecure(request: IncomingMessage): boolean;
}

/** Returns the routes that start a sign-in with OpenID Connect. `POST /session` finishes it. */
export function oidcRoutes(deps: OidcRoutesDeps): Route[] {
  return [describeRoute(deps), startRoute(deps)];
}

function describeRoute({ oidc }: OidcRoutesDeps): Route {
  return readRoute({
    method: 'get',
    path: '/session/oidc',
    permission: 'public',
    operationId: 'session.getOidc',
    tag: TAG,
    summary: 'Whether users can sign in with OpenID Connect',
    responses: {
      200: {
        description: 'Whether it is configured, and the name for the button',
        schema: z.object({ enabled: z.boolean(), name: z.string().nullable() }),
      },
    },
    handler: () => Promise.resolve(json(200, { enabled: oidc !== undefined, name: oidc?.settings.name ?? null })),
  });
}

function startRoute({ oidc, clock, cipher, attempts, clientAddress, isSecure }: OidcRoutesDeps): Route {
  return readRoute({
    method: 'post',
    path: '/session/oidc',
    permission: 'public',
    operationId: 'session.startOidc',
    tag: TAG,
    summary: 'Start a sign-in with OpenID Connect',
    description:
      'Returns the address at which the user signs in, and sets a cookie that binds the sign-in to this browser for ten minutes. The provider then redirects to `/console/sign-in/callback`, whose query is exchanged with `POST /session`.',
    body: z.strictObject({}),
    responses: {
      200: { description: 'Where to sign in, and the cookie', schema: z.object({ url: z.string() }) },
      403: { description: 'The request comes from a page of another site' },
      404: { description: 'Sign-in with OpenID Connect is not configured' },
      429: { description: 'More than 10 failed attempts within a minute from this address' },
      503: { description: 'The identity provider cannot be used now (`sign_in_unavailable`)' },
    },
    async handler({ request }) {
      if (oidc === undefined) throw notConfigured();
      assertSameOrigin(request);
      attempts.check(clientAddress(request));
      const flow = createFlow(clock.now());
      const url = await oidc.authorizationUrl(flow);
      return json(200, { url }, { 'Set-Cookie': flowCookie(flow, cipher, isSecure(request)) });
    },
  });
}

/**
 * Refuses requests that a browser sends for a page of another site. Such a page could otherwise replace a sign-in that
 * the user has started. Clients other than browsers do not send the header.
 * @throws {FermataError} csrf
 */
function assertSameOrigin({ headers }: IncomingMessage): void {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return;
  throw new FermataError('csrf', 'A sign-in cannot be started from a page of another site.');
}

/**
 * Returns the user for whom the provider redirected to the console. Each sign-in can be finished once.
 * @param query the query of the address to which the provider redirected
 * @throws {FermataError} unauthorized, forbidden, not_found or sign_in_unavailable
 */
export async function identifyByOidc(
  { oidc, db, clock, cipher }: OidcRoutesDeps,
  query: string,
  request: IncomingMessage,
): Promise<Identity> {
  if (oidc === undefined) throw notConfigured();
  const now = clock.now();
  const flow = flowOf(request.headers.cookie, cipher, now);
  const response = new URLSearchParams(query);
  if (flow === undefined || response.get('state') !== flow.state) {
    throw new FermataError(
      'unauthorized',
      'This sign-in was not started in this browser, was started more than ten minutes ago, or was started again in another tab. Sign in again.',
    );
  }
  const signIn = { stateHash: sha256Bytes(flow.state), expiresAt: new Date(flow.expiresAt) };
  if (!(await finishSignIn(db, signIn, now))) {
    throw new FermataError('unauthorized', 'This sign-in has already been finished. Sign in again.');
  }
  return oidc.exchange(response, flow);
}

/** Returns the refusal of a user without a role. */
export function withoutRole({ name }: Identity): FermataError {
  return new FermataError(
    'forbidden',
    `The identity provider authenticated ${name}, but no group of this user has a role in Fermata. An administrator can assign roles to groups in FERMATA_OIDC_ROLES.`,
  );
}

const notConfigured = () => new FermataError('not_found', 'Sign-in with OpenID Connect is not configured.');
