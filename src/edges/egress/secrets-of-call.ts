import { AsyncLocalStorage } from 'node:async_hooks';
import type { Mask } from '../../domain/secrets/mask-values';

/** The secrets of a call to a provider. */
export interface SecretsOfCall {
  /** Masks all secrets that the call may send. */
  mask: Mask;
  /** Adds a credential to the secrets that `mask` hides, before it is sent. */
  add(value: string): Promise<void>;
}

const current = new AsyncLocalStorage<SecretsOfCall>();

/** Runs a call. Until it ends, `hideCredential` adds to `secrets`, and `containsSecret` searches for them. */
export const withSecretsOfCall = <T>(secrets: SecretsOfCall, call: () => Promise<T>): Promise<T> =>
  current.run(secrets, call);

/** Returns whether a text contains a secret of the current call. Always false outside a call. */
export function containsSecret(text: string): boolean {
  const secrets = current.getStore();
  return secrets !== undefined && secrets.mask(text) !== text;
}

/**
 * Hides a credential that the current call has obtained or derived, such as an access token, in everything that the call
 * and later steps of its run write. Call it before each use of the credential, also when it is kept from an earlier call.
 * Has no effect outside a call.
 */
export async function hideCredential(value: string): Promise<void> {
  await current.getStore()?.add(value);
}
