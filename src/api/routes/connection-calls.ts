import { z } from 'zod';
import { findConnection, type ConnectionRow } from '../../db/connections';
import { FermataError, messageOf } from '../../domain/errors';
import type { BoundSecret } from '../../domain/secrets/binding';
import { withBoundSecrets } from '../../edges/egress/bound-secrets';
import { withSecretsOfCall, type SecretsOfCall } from '../../edges/egress/secrets-of-call';
import { createPostgresSecrets } from '../../integrations/secret-backend';
import { createMask, NO_MASK, type Mask } from '../../domain/secrets/mask-values';
import { maskedMessage } from '../../domain/secrets/masked-message';
import type { AnyConnectionType, ConnectionCall } from '../../integrations/connections/connection-type';
import { openConnection } from '../../integrations/connections/open-connection';
import { ProviderFailure } from '../../integrations/provider-failure';
import { json, readRoute, type Route } from '../http/route';
import { IdParams, notFound } from '../http/values';
import { ConfigBody, type ConnectionsDeps } from './connections';
import { auditRefusedUse, type Caller } from './refused-secret-use';
import { changedConfig, newConfig, typeOf } from './connection-config';

const TIMEOUT_MS = 10_000;
const TAG = 'Connections';
const NOT_FOUND = { 404: { description: 'Connection or field not found' } };
const Choice = z.string().max(500).optional();
/** Values of other fields, which narrow the choices. External plugins may have fields that are not listed here. */
const Given = z
  .object({ projectKey: Choice, issueTypeId: Choice, issueKey: Choice, teamId: Choice })
  .catchall(z.string().max(500));
const TestAnswer = z.object({
  ok: z.boolean(),
  message: z.string(),
  code: z.string().optional().describe('Code of the failure, e.g. http_status, network_error, teams_app_only'),
});
const Options = z.object({ items: z.array(z.object({ value: z.string(), label: z.string() })) });

/**
 * Returns the routes that call the provider of a connection. The calls pass the same egress guard as calls from runs.
 * Secrets in the responses are masked.
 */
export function connectionCallRoutes(deps: ConnectionsDeps): Route[] {
  return [testRoute(deps), testGivenRoute(deps), optionsRoute(deps)];
}

function testRoute(deps: ConnectionsDeps): Route {
  return readRoute({
    method: 'post',
    path: '/connections/{id}/test',
    permission: 'secrets.manage',
    audited: true,
    operationId: 'connections.test',
    tag: TAG,
    summary: 'Test whether the provider accepts the credentials',
    params: IdParams,
    responses: {
      200: { description: 'The result of the test', schema: TestAnswer },
      ...NOT_FOUND,
    },
    handler: async (context) => json(200, await tryOut(deps, context, () => open(deps, context.params.id))),
  });
}

function testGivenRoute(deps: ConnectionsDeps): Route {
  return readRoute({
    method: 'post',
    path: '/connections/test',
    permission: 'secrets.manage',
    audited: true,
    operationId: 'connections.testGiven',
    tag: TAG,
    summary: 'Test a configuration without storing it',
    body: z.strictObject({
      type: z.string(),
      config: ConfigBody,
      connectionId: z
        .uuid()
        .optional()
        .describe('Id of a connection that provides the omitted secrets, if the address is unchanged'),
    }),
    responses: {
      200: { description: 'Whether the provider accepts the credentials', schema: TestAnswer },
      ...NOT_FOUND,
    },
    async handler(context) {
      const row = await submittedRow(deps, context.body);
      return json(200, await tryOut(deps, context, () => openRow(deps, row)));
    },
  });
}

/**
 * Returns a submitted configuration as a connection row. The row is never stored.
 * @throws {FermataError} `not_found`, `validation_failed`
 */
async function submittedRow(
  { db, cipher, connectionTypes, clock, ids }: ConnectionsDeps,
  given: { type: string; config: Record<string, unknown>; connectionId?: string | undefined },
): Promise<ConnectionRow> {
  const type = typeOf(connectionTypes, given.type);
  if (given.connectionId === undefined) {
    const id = ids.next();
    const now = clock.now();
    const parts = newConfig(cipher, id, type, given.config);
    return { id, name: 'new connection', type: given.type, ...parts, createdAt: now, updatedAt: now };
  }
  const row = await findConnection(db, given.connectionId);
  if (row === null) throw notFound('connection', given.connectionId);
  if (row.type !== given.type) {
    const message = `must be ${row.type}, the type of the connection`;
    const errors = [{ path: 'type', message, code: 'invalid' }];
    throw new FermataError('validation_failed', `type ${message}.`, { errors });
  }
  return { ...row, ...changedConfig(cipher, row, type, given.config) };
}

/** Error codes which mean that the config of a tested connection cannot be used. */
const UNUSABLE: ReadonlySet<string> = new Set(['config_invalid', 'secret_not_allowed']);

/**
 * Returns the masked result of a connection test. An invalid configuration, such as a missing secret, is also a result,
 * because the test is meant to find such problems.
 */
async function tryOut(
  { db, clock }: ConnectionsDeps,
  context: Caller,
  openIt: () => Promise<Opened>,
): Promise<z.infer<typeof TestAnswer>> {
  let mask = NO_MASK;
  try {
    const opened = await openIt();
    mask = opened.mask;
    const { type, config, call } = opened;
    return { ok: true, message: mask(await perform(opened, () => type.test(config, call))) };
  } catch (error) {
    await auditRefusedUse({ db, clock }, context, error);
    const isUnusable = error instanceof FermataError && UNUSABLE.has(error.code);
    if (!(error instanceof ProviderFailure) && !isUnusable) throw error;
    return { ok: false, message: maskedMessage(mask, messageOf(error)), code: error.code };
  }
}

function optionsRoute(deps: ConnectionsDeps): Route {
  return readRoute({
    method: 'get',
    path: '/connections/{id}/options/{field}',
    permission: 'automation.read',
    audited: true,
    operationId: 'connections.options',
    tag: TAG,
    summary: 'List the values that a field of an action can take; the query contains the values of other fields',
    params: z.object({ ...IdParams.shape, field: z.string().min(1).max(100) }),
    query: Given,
    responses: {
      200: { description: 'Choices', schema: Options },
      502: { description: 'The provider could not be reached or refused the call' },
      504: { description: 'The provider did not answer in time' },
      ...NOT_FOUND,
    },
    async handler(context) {
      const { params, query } = context;
      const opened = await open(deps, params.id);
      const { options } = opened.type;
      const load = Object.hasOwn(options, params.field) ? options[params.field] : undefined;
      if (load === undefined) throw notFound('field with options', params.field);
      const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
      try {
        const items = await perform(opened, () => load(opened.config, given as Record<string, string>, opened.call));
        return json(200, { items: opened.mask(items) });
      } catch (error) {
        await auditRefusedUse(deps, context, error);
        if (!(error instanceof ProviderFailure)) throw error;
        throw new FermataError(error.code, maskedMessage(opened.mask, error.message));
      }
    },
  });
}

/** Makes a call with the secrets of an opened connection. */
function perform<T>(opened: Opened, call: () => Promise<T>): Promise<T> {
  const { bound, secrets } = opened;
  return withinDeadline(
    opened,
    withBoundSecrets(bound, () => withSecretsOfCall(secrets, call)),
  );
}

/**
 * Returns the provider's response. Fails with a typed error at the deadline, even if the client library throws its own
 * abort error or ignores the signal.
 */
async function withinDeadline<T>({ call: { signal } }: Opened, work: Promise<T> | T): Promise<T> {
  const late = () =>
    new ProviderFailure('timeout', `The provider did not answer within ${TIMEOUT_MS / 1000} seconds.`, {
      retryable: true,
    });
  let stop = (): void => undefined;
  const deadline = new Promise<never>((_, reject) => {
    stop = () => reject(late());
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, deadline]);
  } catch (error) {
    throw signal.aborted && !(error instanceof ProviderFailure) ? late() : error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

interface Opened {
  type: AnyConnectionType;
  config: unknown;
  /** Hides the secrets of the connection, and the credentials that calls obtain with them. */
  mask: Mask;
  secrets: SecretsOfCall;
  bound: readonly BoundSecret[];
  call: ConnectionCall;
}

async function open(deps: ConnectionsDeps, id: string): Promise<Opened> {
  const row = await findConnection(deps.db, id);
  if (row === null) throw notFound('connection', id);
  return openRow(deps, row);
}

async function openRow({ db, cipher, connectionTypes, clock }: ConnectionsDeps, row: ConnectionRow): Promise<Opened> {
  const type = typeOf(connectionTypes, row.type);
  const backend = createPostgresSecrets({ db, cipher });
  const { config, secrets, bound } = await openConnection({ cipher, backend }, type, row);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const values = secrets.map(({ value }) => value);
  let current = createMask(values);
  const mask: Mask = (value, scope) => current(value, scope);
  const add = (value: string) => {
    values.push(value);
    current = createMask(values);
    return Promise.resolve();
  };
  return {
    ...{ type, config, bound, mask, secrets: { mask, add } },
    call: { signal, timeoutMs: TIMEOUT_MS, now: clock.now() },
  };
}
