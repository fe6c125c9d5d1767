import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { deleteHook, findHook, insertHook, listHooks, updateHook, type HookRow } from '../../db/hooks';
import type { Clock, Ids } from '../../domain/clock';
import { sameJson } from '../../domain/entities/diff';
import { FermataError } from '../../domain/errors';
import { expectationOf, HookOptions } from '../../domain/hooks/scheme';
import { HOOK_SCHEMES, type HookScheme } from '../../domain/hooks/scheme-names';
import type { Cipher, Sealed } from '../../domain/secrets/cipher';
import { ALERT_SENDERS } from '../../edges/alerts/senders';
import { onlyReference } from '../../domain/secrets/references';
import { isHeaderName } from '../../integrations/webhook/header-rules';
import { assertIfMatch, etagOf, IF_MATCH } from '../http/etag';
import { decodeCursor, IdCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { json, readRoute, writeRoute, type Reply, type Route } from '../http/route';
import { notFound, Timestamp } from '../http/values';

const TAG = 'Hooks';
const NOT_FOUND = { 404: { description: 'Hook not found' } };

const Secrets = z
  .array(
    z
      .string()
      .min(1)
      .max(1000)
      .refine((text) => onlyReference(text) !== null || !text.includes('${{'), {
        error: 'must be ${{ secrets.NAME }} and nothing else to refer to a secret',
      }),
  )
  .max(2)
  .describe('One secret, or two during a rotation; each a string or `${{ secrets.NAME }}`. Never shown again');
const Header = z
  .string()
  .max(100)
  .refine(isHeaderName, 'must be the name of an HTTP header')
  .nullable()
  .describe('Header with the secret or signature; null for the default of the scheme');

const NewHook = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/, 'must be 1 to 100 letters, digits, "_", "." or "-"')
    .describe('Last part of the address that senders post to'),
  scheme: z.enum(HOOK_SCHEMES),
  secrets: Secrets.optional(),
  header: Header.optional(),
  ...HookOptions.shape,
});

const HookPatch = z.strictObject({
  scheme: z.enum(HOOK_SCHEMES).optional(),
  secrets: Secrets.optional(),
  header: Header.optional(),
  ...HookOptions.shape,
});

const HookAnswer = z
  .object({
    id: z.uuid(),
    name: z.string(),
    scheme: z.enum(HOOK_SCHEMES),
    header: z.string().nullable(),
    ...HookOptions.shape,
    secrets: z.array(z.object({ hasValue: z.literal(true) })),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: 'Hook' });

/** Hooks are addressed by name, because senders post to the same path. The id is also accepted. */
const HookParams = z.object({ name: z.string().min(1).max(200) });

interface HooksDeps {
  db: Executor;
  clock: Clock;
  ids: Ids;
  cipher: Cipher;
}

/** Returns the name under which the secrets of a hook are encrypted. */
export function hookSecretName(id: string): string {
  return `hook:${id}`;
}

/**
 * Returns the routes for inbound hooks, which determine who may post to `/hooks/{name}` and `/ingest/{sender}/{hook}`.
 */
export function hookRoutes(deps: HooksDeps): Route[] {
  return [listRoute(deps), createRoute(deps), getRoute(deps), patchRoute(deps), deleteRoute()];
}

function listRoute({ db }: HooksDeps): Route {
  return readRoute({
    method: 'get',
    path: '/hooks',
    permission: 'automation.read',
    operationId: 'hooks.list',
    tag: TAG,
    summary: 'List inbound hooks, newest first',
    query: z.object(PageQuery),
    responses: { 200: { description: 'A page of hooks', schema: pageOf(HookAnswer) } },
    async handler({ query: { limit, cursor } }) {
      const rows = await listHooks(db, { limit: limit + 1, before: decodeCursor(IdCursor, cursor) });
      return json(
        200,
        toPage(rows, limit, toAnswer, (row) => row.id),
      );
    },
  });
}

function createRoute({ clock, ids, cipher }: HooksDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/hooks',
    permission: 'secrets.manage',
    operationId: 'hooks.create',
    tag: TAG,
    summary: 'Create a hook',
    body: NewHook,
    responses: {
      201: { description: 'The hook', schema: HookAnswer },
      409: { description: 'A hook with this name already exists' },
    },
    async handler({ body, tx }) {
      const { name, scheme, secrets = [], header = null, ...options } = body;
      assertSecrets(scheme, secrets.length);
      assertOptions(scheme, options);
      assertSource(name, options);
      const id = ids.next();
      const now = clock.now();
      const sealed = secrets.map((secret) => cipher.seal(hookSecretName(id), secret));
      const hook = { ...{ id, name, scheme, header, options }, secrets: sealed, createdAt: now, updatedAt: now };
      await insertHook(tx, hook);
      return reply(201, hook);
    },
  });
}

function getRoute({ db }: HooksDeps): Route {
  return readRoute({
    method: 'get',
    path: '/hooks/{name}',
    permission: 'automation.read',
    operationId: 'hooks.get',
    tag: TAG,
    summary: 'Get a hook, by name or id',
    params: HookParams,
    refusesAnonymous: true,
    responses: {
      200: { description: 'The hook', schema: HookAnswer },
      405: { description: 'Call without credentials; this is the address that senders post to' },
      ...NOT_FOUND,
    },
    async handler({ params }) {
      const hook = await findHook(db, params.name);
      if (hook === null) throw notFound('hook', params.name);
      return reply(200, hook);
    },
  });
}

function patchRoute({ clock, cipher }: HooksDeps): Route {
  return writeRoute({
    method: 'patch',
    path: '/hooks/{name}',
    permission: 'secrets.manage',
    operationId: 'hooks.update',
    tag: TAG,
    summary: 'Change a hook; omitted keys and secrets keep their values',
    params: HookParams,
    body: HookPatch,
    headers: IF_MATCH.headers,
    responses: { 200: { description: 'The hook', schema: HookAnswer }, ...IF_MATCH.responses, ...NOT_FOUND },
    async handler({ params, body, tx, request }) {
      const hook = await lockHook(tx, params.name, request.headers['if-match']);
      const scheme = body.scheme ?? hook.scheme;
      const sealed = resealed(cipher, hook, body.secrets) ?? (scheme === 'none' ? [] : hook.secrets);
      assertSecrets(scheme, sealed.length);
      const { scheme: _scheme, secrets: _secrets, header = hook.header, ...given } = body;
      const options = { ...hook.options, ...given };
      assertOptions(scheme, options);
      assertSource(hook.name, options);
      const changed = { ...hook, scheme, header, options, secrets: sealed, updatedAt: clock.now() };
      if (sameJson(withoutTimes(hook), withoutTimes(changed))) return reply(200, hook);
      await updateHook(tx, changed);
      return reply(200, changed);
    },
  });
}

function deleteRoute(): Route {
  return writeRoute({
    method: 'delete',
    path: '/hooks/{name}',
    permission: 'secrets.manage',
    operationId: 'hooks.delete',
    tag: TAG,
    summary: 'Remove a hook; later requests to it are refused',
    params: HookParams,
    headers: IF_MATCH.headers,
    responses: { 204: { description: 'Removed' }, ...IF_MATCH.responses, ...NOT_FOUND },
    async handler({ params, tx, request }) {
      const hook = await lockHook(tx, params.name, request.headers['if-match']);
      await deleteHook(tx, hook.id);
      return { status: 204 };
    },
  });
}

async function lockHook(tx: Executor, name: string, ifMatch: string | undefined): Promise<HookRow> {
  const hook = await findHook(tx, name, { lock: true });
  if (hook === null) throw notFound('hook', name);
  assertIfMatch(ifMatch, etag(hook));
  return hook;
}

/**
 * Returns the encrypted form of the new secrets. If all secrets equal the stored secrets, returns the stored form, so
 * that the ETag does not change.
 */
function resealed(
  cipher: Cipher,
  hook: HookRow,
  secrets: readonly string[] | undefined,
): HookRow['secrets'] | undefined {
  const name = hookSecretName(hook.id);
  const same =
    secrets?.length === hook.secrets.length && hook.secrets.every((each, i) => holds(cipher, name, each, secrets[i]));
  return same ? hook.secrets : secrets?.map((secret) => cipher.seal(name, secret));
}

/** Returns whether the encrypted value decrypts to `clear`. Returns false if the encryption key has been removed. */
function holds(cipher: Cipher, name: string, sealed: Sealed, clear: string | undefined): boolean {
  try {
    return cipher.open(name, sealed) === clear;
  } catch {
    return false;
  }
}

const withoutTimes = ({ updatedAt: _updatedAt, createdAt: _createdAt, ...row }: HookRow) => row;

function assertSecrets(scheme: HookScheme, count: number): void {
  // SNS signs with a certificate, so no secrets are needed.
  if (scheme === 'sns') return;
  const message =
    scheme === 'none' && count > 0
      ? 'must be left out with scheme none'
      : scheme !== 'none' && count === 0
        ? `needs one or two secrets with scheme ${scheme}`
        : null;
  if (message === null) return;
  throw new FermataError('validation_failed', `secrets: ${message}`, {
    errors: [{ path: 'secrets', message, code: 'invalid' }],
  });
}

/** Refuses `topics` for schemes other than sns, and HMAC options for schemes without a configurable HMAC. */
function assertOptions(scheme: HookScheme, options: HookOptions): void {
  if (options.topics !== undefined && scheme !== 'sns') refuseOption('topics', scheme);
  const ofSignature = ['digest', 'encoding', 'prefix', 'separator', 'signedText', 'timestampHeader'] as const;
  const given = ofSignature.find((key) => options[key] !== undefined);
  if (given === undefined || expectationOf({ scheme, header: null, options }).kind === 'hmac') return;
  refuseOption(given, scheme);
}

/**
 * Refuses a hook with `alert` whose name is that of a built-in sender, because the hook's name becomes the source of
 * its alerts.
 */
function assertSource(name: string, { alert }: HookOptions): void {
  if (alert === undefined || !ALERT_SENDERS.some(({ id }) => id === name)) return;
  const message = `"${name}" is the name of a built-in sender: a hook with alert needs another name`;
  throw new FermataError('validation_failed', `name: ${message}`, {
    errors: [{ path: 'name', message, code: 'invalid' }],
  });
}

function refuseOption(path: string, scheme: HookScheme): never {
  const message = `does not apply to scheme ${scheme}`;
  throw new FermataError('validation_failed', `${path}: ${message}`, {
    errors: [{ path, message, code: 'invalid' }],
  });
}

function reply(status: number, hook: HookRow): Reply {
  return json(status, toAnswer(hook), { ETag: etag(hook) });
}

/** Returns the ETag of a hook. New secrets also change it, because they are encrypted with new nonces. */
function etag(hook: HookRow): string {
  return etagOf(
    toAnswer(hook),
    hook.secrets.map(({ nonce }) => nonce),
  );
}

function toAnswer({ id, name, scheme, header, options, secrets, createdAt, updatedAt }: HookRow) {
  return {
    ...{ id, name, scheme, header, ...options },
    secrets: secrets.map(() => ({ hasValue: true })),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
