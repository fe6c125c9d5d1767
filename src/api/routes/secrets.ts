import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { bindSecret, deleteSecret, listSecrets, putSecret, secretSealName, type SecretInfo } from '../../db/secrets';
import type { Clock } from '../../domain/clock';
import { FermataError } from '../../domain/errors';
import { SecretBinding } from '../../domain/secrets/binding';
import type { Cipher } from '../../domain/secrets/cipher';
import { SECRET_NAME } from '../../domain/secrets/references';
import { decodeCursor, pageOf, PageQuery, toPage } from '../http/pagination';
import { ProblemFinding } from '../http/problem';
import { json, readRoute, writeRoute, type Route } from '../http/route';
import { notFound, Timestamp } from '../http/values';
import { secretUses, UsedBy } from './secret-uses';
import { shortSecretWarnings } from './short-secret';

const TAG = 'Secrets';
const Params = z.object({
  name: z
    .string()
    .regex(SECRET_NAME, 'must be 1 to 100 letters, digits, "_" or "-"')
    .describe('As in `${{ secrets.NAME }}`'),
});
const NewValue = z.strictObject({
  value: z
    .string()
    .min(1)
    .max(65_536)
    .optional()
    .meta({ 'x-secret': true })
    .describe('May be omitted to change only `allow` of an existing secret'),
  allow: SecretBinding.nullish().describe('Where the secret may be used; null = anywhere. Omitted: unchanged'),
});
const SecretAnswer = z
  .object({
    name: z.string(),
    hasValue: z.literal(true),
    version: z.int(),
    updatedAt: Timestamp,
    allow: SecretBinding.nullable().describe('Where the secret may be used; null = anywhere'),
    usedBy: UsedBy,
  })
  .meta({ id: 'Secret' });

interface SecretsDeps {
  db: Executor;
  clock: Clock;
  cipher: Cipher;
}

/** Returns the routes for secrets. No response contains the value of a secret. */
export function secretRoutes(deps: SecretsDeps): Route[] {
  return [listRoute(deps), setRoute(deps), deleteRoute()];
}

function listRoute({ db, cipher }: SecretsDeps): Route {
  return readRoute({
    method: 'get',
    path: '/secrets',
    permission: 'automation.read',
    operationId: 'secrets.list',
    tag: TAG,
    summary: 'List names of secrets in alphabetical order; no call returns a value',
    query: z.object(PageQuery),
    responses: { 200: { description: 'A page of secrets', schema: pageOf(SecretAnswer) } },
    async handler({ query: { limit, cursor } }) {
      const rows = await listSecrets(db, { limit: limit + 1, after: decodeCursor(z.string(), cursor) });
      const usedBy = await secretUses({ db, cipher });
      return json(
        200,
        toPage(
          rows,
          limit,
          (row) => toAnswer(row, usedBy),
          (row) => row.name,
        ),
      );
    },
  });
}

function setRoute({ clock, cipher }: SecretsDeps): Route {
  return writeRoute({
    method: 'put',
    path: '/secrets/{name}',
    permission: 'secrets.manage',
    operationId: 'secrets.set',
    tag: TAG,
    summary: 'Set a secret and where it may be used; runs that used an earlier value keep masking it',
    params: Params,
    body: NewValue,
    secretBody: true,
    responses: {
      200: {
        description: 'The secret, without its value',
        schema: SecretAnswer.extend({ warnings: z.array(ProblemFinding) }),
      },
    },
    async handler({ params: { name }, body: { value, allow }, tx }) {
      const now = clock.now();
      const info =
        value === undefined
          ? allow !== undefined && (await bindSecret(tx, { name, allow, now }))
          : await putSecret(tx, { name, sealed: cipher.seal(secretSealName(name), value), allow, now });
      if (!info) throw missingValue();
      const warnings = value === undefined ? [] : shortSecretWarnings('value', value);
      return json(200, { ...toAnswer(info, await secretUses({ db: tx, cipher })), warnings });
    },
  });
}

function deleteRoute(): Route {
  return writeRoute({
    method: 'delete',
    path: '/secrets/{name}',
    permission: 'secrets.manage',
    operationId: 'secrets.delete',
    tag: TAG,
    summary: 'Delete a secret; later steps that refer to it fail',
    params: Params,
    responses: { 204: { description: 'Deleted' }, 404: { description: 'Secret not found' } },
    async handler({ params: { name }, tx }) {
      if (!(await deleteSecret(tx, name))) throw notFound('secret', name);
      return { status: 204 };
    },
  });
}

const toAnswer = (
  { name, version, updatedAt, allow }: SecretInfo,
  usedBy: (name: string) => z.infer<typeof UsedBy>,
): z.input<typeof SecretAnswer> => ({
  ...{ name, hasValue: true, version, updatedAt: updatedAt.toISOString(), allow },
  usedBy: usedBy(name),
});

function missingValue(): FermataError {
  const errors = [{ path: 'value', code: 'required', message: 'Required' }];
  return new FermataError(
    'validation_failed',
    'value: required, unless the request only changes `allow` of an existing secret.',
    {
      errors,
    },
  );
}
