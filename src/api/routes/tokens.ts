import { z } from 'zod';
import { Instant } from '../../domain/instant';
import type { Executor } from '../../db/executor';
import type { Notifier } from '../../db/notifier';
import { listSessions, revokeSession } from '../../db/sessions';
import { createToken, listTokens, revokeToken, type TokenRow } from '../../db/tokens';
import type { Clock, Ids } from '../../domain/clock';
import { FermataError } from '../../domain/errors';
import type { Authenticator } from '../auth/authenticate';
import { ROLES } from '../auth/permissions';
import { decodeCursor, IdCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, writeRoute, type Route } from '../http/route';
import { IdParams, isoOrNull, notFound, Timestamp, uuidOrNotFound } from '../http/values';

const TAG = 'Access';

const TokenAnswer = z
  .object({
    id: z.uuid(),
    name: z.string(),
    kind: z.enum(['token', 'session']).describe('`session`: created by signing in to the console'),
    prefix: z.string().describe('First characters of the token'),
    roles: z.array(z.enum(ROLES)),
    createdAt: Timestamp,
    expiresAt: Timestamp.nullable(),
  })
  .meta({ id: 'Token' });

const NewToken = z.strictObject({
  name: z.string().trim().min(1).max(200),
  roles: z.array(z.enum(ROLES)).min(1),
  expiresAt: Instant.nullish().describe('When the token expires; default: never'),
});

interface TokensDeps {
  db: Executor;
  clock: Clock;
  ids: Ids;
  authenticator: Authenticator;
  notifier: Notifier;
}

/** Returns the routes for bearer tokens. */
export function tokenRoutes(deps: TokensDeps): Route[] {
  return [listRoute(deps), createRoute(deps), revokeRoute(deps)];
}

function listRoute({ db, clock }: TokensDeps): Route {
  return readRoute({
    method: 'get',
    path: '/tokens',
    permission: 'admin',
    operationId: 'tokens.list',
    tag: TAG,
    summary: 'List tokens and sessions that are not revoked, newest first',
    query: z.object({ ...PageQuery, prefix: z.string().optional().describe('First characters of the token') }),
    responses: { 200: { description: 'A page of tokens', schema: pageOf(TokenAnswer) } },
    async handler({ query: { limit, cursor, prefix } }) {
      const page = { limit: limit + 1, before: decodeCursor(IdCursor, cursor), prefix };
      const [tokens, sessions] = await Promise.all([
        listTokens(db, page),
        listSessions(db, { ...page, now: clock.now() }),
      ]);
      const rows = [
        ...tokens.map((row) => ({ ...row, kind: 'token' as const })),
        ...sessions.map((row) => ({ ...row, kind: 'session' as const })),
      ].sort((a, b) => (a.id < b.id ? 1 : -1));
      return json(
        200,
        toPage(rows, limit, toAnswer, (row) => row.id),
      );
    },
  });
}

function createRoute(deps: TokensDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/tokens',
    permission: 'admin',
    operationId: 'tokens.create',
    tag: TAG,
    summary: 'Create a token; the token itself is shown only in this response',
    body: NewToken,
    responses: {
      201: {
        description: 'The token. A repeated request with the same Idempotency-Key returns `token: null`',
        schema: TokenAnswer.extend({ token: z.string().nullable() }),
      },
    },
    async handler({ body, tx }) {
      const expiresAt = body.expiresAt == null ? null : new Date(body.expiresAt);
      if (expiresAt !== null && expiresAt <= deps.clock.now()) {
        const message = 'must be in the future';
        throw new FermataError('validation_failed', `expiresAt ${message}.`, {
          errors: [{ path: 'expiresAt', message, code: 'out_of_range' }],
        });
      }
      const { token, ...row } = await createToken(tx, deps, { ...body, expiresAt });
      const answer = toAnswer({ ...row, kind: 'token' });
      return { status: 201, body: { ...answer, token }, keep: { ...answer, token: null } };
    },
  });
}

function revokeRoute({ clock, authenticator, notifier }: TokensDeps): Route {
  return writeRoute({
    method: 'delete',
    path: '/tokens/{id}',
    permission: 'admin',
    operationId: 'tokens.revoke',
    tag: TAG,
    summary: 'Revoke a token immediately',
    params: IdParams,
    responses: { 204: { description: 'Revoked' }, 404: { description: 'Token not found' } },
    async handler({ params, tx, afterCommit }) {
      const id = uuidOrNotFound(params.id, 'token');
      const now = clock.now();
      if (!(await revokeToken(tx, id, now)) && !(await revokeSession(tx, id, now))) throw notFound('token', id);
      afterCommit(() => {
        authenticator.forget();
        notifier.tokens();
      });
      return { status: 204 };
    },
  });
}

function toAnswer(row: TokenRow & { kind: 'token' | 'session' }): z.input<typeof TokenAnswer> {
  const { id, name, kind, prefix, roles, createdAt, expiresAt } = row;
  return {
    ...{ id, name, kind, prefix },
    roles: ROLES.filter((role) => roles.includes(role)),
    createdAt: createdAt.toISOString(),
    expiresAt: isoOrNull(expiresAt),
  };
}
