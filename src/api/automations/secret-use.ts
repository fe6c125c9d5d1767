import { secretsOf } from '../../domain/definition/secret-references';
import { FermataError } from '../../domain/errors';
import type { Principal } from '../auth/principal';

/**
 * Refuses a document that refers to secrets if the caller may not use secrets.
 * @throws {FermataError} `forbidden`
 */
export function assertMayUseSecrets({ permissions }: Pick<Principal, 'permissions'>, document: unknown): void {
  if (permissions.has('secrets.use')) return;
  const names = secretsOf(document);
  if (names.length === 0) return;
  const secrets = names.length === 1 ? `the secret ${String(names[0])}` : `the secrets ${names.join(', ')}`;
  const message = `The automation refers to ${secrets}. This needs the permission "secrets.use", which the token lacks.`;
  throw new FermataError('forbidden', message);
}
