import { FermataError } from '../errors';

/**
 * Returns the error for a use that the binding of a secret does not allow. The error contains the name of the secret
 * but never its value.
 */
export function secretNotAllowed(secret: string, why: string): FermataError {
  return new FermataError('secret_not_allowed', `The secret "${secret}" ${why}.`, { data: { secret } });
}

/** Returns the name of the secret whose use was refused, or null for any other error. */
export function refusedSecretOf(error: unknown): string | null {
  if (!(error instanceof FermataError) || error.code !== 'secret_not_allowed') return null;
  const secret = error.data?.['secret'];
  return typeof secret === 'string' ? secret : null;
}
