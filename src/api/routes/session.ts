import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { Executor } from '../../db/executor';
import type { Notifier } from '../../db/notifier';
import { createSession, revokeSession, spendLink, type SessionParent } from '../../db/sessions';
import { findToken, hashToken } from '../../db/tokens';
import type { Ids } from '../../domain/clock';
import { FermataError } from '../../domain/errors';
import { hasLiveParent, oidcPrincipal, type Authenticator } from '../auth/authenticate';
import { endedFlowCookie } from '../auth/oidc/flow';
import type { Identity } from '../auth/oidc/provider';
import type { OidcSessions } from '../auth/oidc/sessions';
import { ROLES } from '../auth/permissions';
import type { SessionInfo } from '../auth/principal';
import { csrfTokenOf, endedSessionCookie, sessionCookie, SESSION_MS } from '../auth/session-cookie';
import { json, readRoute, writeRoute, type Reply, type Route } from '../http/route';
import { Timestamp } from '../http/values';
import { identifyByOidc, oidcRoutes, withoutRole, type OidcRoutesDeps } from './session-oidc';

const TAG = 'Access';
/** Lifetime of a sign-in link in milliseconds. A link can be used only once. */
const LINK_MS = 60_000;

/** A session as the API returns it. */
const SessionAnswer = z
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

const SignIn = z
  .strictObject({
    token: z.string().min(1).max(500).optional().describe('A token, or the code of a one-time link'),
    oidc: z
      .strictObject({
        response: z.string().max(8_000).describe('Query of the address to which the provider redirected'),
      })
      .optional()
      .describe('Finishes a sign-in that `POST /session/oidc` started in this browser'),
  })
  .refine(({ token, oidc }) => (token === undefined) !== (oidc === undefined), 'needs either `token` or `oidc`')
  .meta({ id: 'SignIn' });

interface SessionDeps extends OidcRoutesDeps {
  ids: Ids;
  authenticator: Authenticator;
  oidcSessions: OidcSessions | undefined;
  notifier: Notifier;
}

/** Returns the routes for console sessions. */
export function sessionRoutes(deps: SessionDeps): Route[] {
  return [signInRoute(deps), currentRoute(), signOutRoute(deps), linkRoute(deps), ...oidcRoutes(deps)];
}

function signInRoute(deps: SessionDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/session',
    permission: 'public',
    operationId: 'session.create',
    tag: TAG,
    summary: 'Sign in: exchange a token, a one-time link code or a sign-in with OpenID Connect for a session cookie',
    description:
      'Sets the cookie `fermata_session` for 12 hours. A session ends when the token that created it expires or is revoked. A session of an OpenID Connect user ends `FERMATA_OIDC_SESSION_MINUTES` after the provider last confirmed the user.',
    body: SignIn,
    secretBody: true,
    replayable: false,
    responses: {
      201: { description: 'The session, and its cookie', schema: SessionAnswer },
      401: { description: 'The token or the response of the identity provider is not valid' },
      403: { description: 'The identity provider refused the sign-in, or the user has no role' },
      404: { description: 'Sign-in with OpenID Connect is not configured' },
      429: { description: 'More than 10 failed attempts within a minute from this address' },
      503: { description: 'The identity provider cannot be used now (`sign_in_unavailable`)' },
    },
    async prepare({ body: { oidc }, request }, identified) {
      const address = deps.clientAddress(request);
      deps.attempts.check(address);
      if (oidc === undefined) return undefined;
      try {
        const user = await identifyByOidc(deps, oidc.response, request);
        identified(oidcPrincipal(user.id, user));
        if (user.roles.length === 0) throw withoutRole(user);
        return user;
      } catch (error) {
        if (error instanceof FermataError && error.status < 500) deps.attempts.failed(address);
        throw error;
      }
    },
    handler: ({ body: { token = '' }, tx, request, prepared }) =>
      prepared === undefined ? byToken(deps, tx, token, request) : byOidc(deps, tx, prepared, request),
  });
}

async function byToken(deps: SessionDeps, tx: Executor, token: string, request: IncomingMessage): Promise<Reply> {
  const known = await identify(deps, tx, token.trim());
  if (known === undefined) {
    deps.attempts.failed(deps.clientAddress(request));
    throw new FermataError('unauthorized', 'The token is not valid, or the link was used or has expired.');
  }
  const expiresAt = new Date(deps.clock.now().getTime() + SESSION_MS);
  const { name, roles, parent } = known;
  const made = await createSession(tx, deps, { kind: 'session', name, roles, expiresAt, ...parent });
  return started(deps, request, { ...made, name, roles, expiresAt });
}

async function byOidc(deps: SessionDeps, tx: Executor, user: Identity, request: IncomingMessage): Promise<Reply> {
  if (deps.oidcSessions === undefined) throw new Error('There are no sessions of OpenID Connect users.');
  const made = await deps.oidcSessions.create(tx, user);
  const { name, roles } = user;
  return started(deps, request, { ...made, name, roles }, [endedFlowCookie(deps.isSecure(request))]);
}

interface Started {
  id: string;
  /** The secret of the session. */
  text: string;
  name: string;
  roles: readonly string[];
  expiresAt: Date;
}

/** Returns the response with the cookie of a new session, and with further cookies. */
function started(
  { clock, isSecure }: SessionDeps,
  request: IncomingMessage,
  { text, roles, ...session }: Started,
  cookies: readonly string[] = [],
): Reply {
  const lifetimeMs = session.expiresAt.getTime() - clock.now().getTime();
  return json(201, sessionAnswer({ ...session, csrfToken: csrfTokenOf(text) }, roles), {
    'Set-Cookie': [sessionCookie(text, lifetimeMs, isSecure(request)), ...cookies],
    'Cache-Control': 'no-store',
  });
}

function currentRoute(): Route {
  return readRoute({
    method: 'get',
    path: '/session',
    permission: 'automation.read',
    operationId: 'session.get',
    tag: TAG,
    summary: 'Get the current session',
    responses: {
      200: { description: 'The session', schema: SessionAnswer },
      404: { description: 'The caller uses a bearer token, not a session' },
    },
    async handler({ principal }) {
      if (principal.session === undefined) throw noSession();
      return Promise.resolve(
        json(200, sessionAnswer(principal.session, principal.roles), { 'Cache-Control': 'no-store' }),
      );
    },
  });
}

function signOutRoute({ clock, authenticator, notifier, isSecure }: SessionDeps): Route {
  return writeRoute({
    method: 'delete',
    path: '/session',
    permission: 'public',
    authenticated: true,
    operationId: 'session.delete',
    tag: TAG,
    summary: 'Sign out: end the current session',
    responses: {
      204: { description: 'The session has ended' },
      401: { description: 'The caller is not signed in' },
      403: { description: '`X-Fermata-CSRF` is missing or wrong' },
      429: { description: 'Too many requests' },
      404: { description: 'The caller uses a bearer token, not a session' },
    },
    async handler({ principal, tx, request, afterCommit }) {
      if (principal.session === undefined) throw noSession();
      await revokeSession(tx, principal.session.id, clock.now());
      afterCommit(() => {
        authenticator.forget();
        notifier.tokens();
      });
      return { status: 204, headers: { 'Set-Cookie': endedSessionCookie(isSecure(request)) } };
    },
  });
}

function linkRoute(deps: SessionDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/session/links',
    permission: 'automation.manage',
    operationId: 'session.createLink',
    tag: TAG,
    summary: 'Create a one-time sign-in link to the console, valid for 60 seconds',
    replayable: false,
    responses: {
      201: {
        description: 'The link. `code` can be exchanged once by `POST /session {token: code}`',
        schema: z.object({ code: z.string(), path: z.string(), expiresAt: Timestamp }),
      },
      409: { description: 'The caller uses a session; only tokens can create links' },
    },
    async handler({ tx, principal }) {
      if (principal.session !== undefined) throw new FermataError('conflict', 'Only tokens can create sign-in links.');
      const isAdmin = principal.id === 'admin';
      const adminHash = isAdmin ? (deps.authenticator.adminHash ?? null) : null;
      const expiresAt = new Date(deps.clock.now().getTime() + LINK_MS);
      const name = principal.actor.name ?? principal.actor.id;
      const parent = { tokenId: isAdmin ? null : principal.id, adminHash };
      const link = { kind: 'link' as const, name, roles: principal.roles, expiresAt, ...parent };
      const { text: code } = await createSession(tx, deps, link);
      return json(201, { code, path: `/console/sign-in#code=${code}`, expiresAt: expiresAt.toISOString() });
    },
  });
}

interface Known {
  name: string;
  roles: readonly string[];
  parent: SessionParent;
}

/**
 * Returns the owner of a new session. Returns undefined if `text` is neither a valid token nor the code of an unused
 * link.
 */
async function identify(deps: SessionDeps, tx: Executor, text: string): Promise<Known | undefined> {
  const now = deps.clock.now();
  const hash = hashToken(text);
  const { adminHash } = deps.authenticator;
  if (adminHash?.equals(hash)) return { name: 'admin', roles: ['admin'], parent: { tokenId: null, adminHash } };
  if (text.startsWith('fml_')) return identifyLink(tx, hash, now, adminHash);
  const row = await findToken(tx, hash);
  if (row === undefined || row.revokedAt !== null) return undefined;
  if (row.expiresAt !== null && row.expiresAt <= now) return undefined;
  return { name: row.name, roles: row.roles, parent: { tokenId: row.id, adminHash: null } };
}

async function identifyLink(
  tx: Executor,
  hash: Buffer,
  now: Date,
  adminHash: Buffer | undefined,
): Promise<Known | undefined> {
  const link = await spendLink(tx, hash, now);
  if (link === undefined || !hasLiveParent(link, adminHash)) return undefined;
  const { name, roles, tokenId } = link;
  return { name, roles, parent: { tokenId, adminHash: link.adminHash } };
}

const noSession = () => new FermataError('not_found', 'The caller has no session: it uses a bearer token.');

/** Returns the body of the response for a session. */
function sessionAnswer({ id, name, csrfToken, expiresAt }: SessionInfo, roles: readonly string[]) {
  const known = ROLES.filter((role) => roles.includes(role));
  return { id, name, roles: known, csrfToken, expiresAt: expiresAt.toISOString() };
}
