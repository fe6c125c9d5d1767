import { AsyncLocalStorage } from 'node:async_hooks';
import { allowsHost, type BoundSecret } from '../../domain/secrets/binding';
import { secretNotAllowed } from '../../domain/secrets/not-allowed';
import { ProviderFailure } from '../../integrations/provider-failure';

interface Scope {
  secrets: BoundSecret[];
  refusal?: Error;
}

const current = new AsyncLocalStorage<Scope>();

/**
 * Runs a call that holds secrets which may be sent to some hosts only: all its requests through the egress guard are
 * checked against them. A refused host fails the whole call, even when the call itself ignores it. @throws
 * {FermataError} secret_not_allowed
 */
export async function withBoundSecrets<T>(secrets: readonly BoundSecret[], call: () => Promise<T>): Promise<T> {
  // The secrets of a nested call are checked for both.
  const scope: Scope = { secrets: [...(current.getStore()?.secrets ?? []), ...secrets] };
  let result: T;
  try {
    result = await current.run(scope, call);
  } catch (error) {
    throw scope.refusal ?? error;
  }
  if (scope.refusal) throw scope.refusal;
  return result;
}

/**
 * Adds a secret to the current call: from now on its requests are checked against the hosts of this secret, too.
 * @throws {FermataError} secret_not_allowed outside of calls
 */
export function addBoundSecret(secret: BoundSecret): void {
  const scope = current.getStore();
  if (!scope) throw secretNotAllowed(secret.name, 'is bound to hosts and can be read only inside of a call');
  scope.secrets.push(secret);
}

/**
 * Checks the host of a request or connection before its name is resolved. The message does not contain the host, which
 * may contain the secret. @throws {ProviderFailure} secret_not_allowed
 */
export function checkBoundSecrets(hostname: string, isRedirect = false): void {
  const scope = current.getStore();
  const refused = scope?.secrets.find(({ hosts }) => !allowsHost(hosts, hostname));
  if (!scope || !refused) return;
  const refusal = secretNotAllowed(
    refused.name,
    isRedirect
      ? 'is not allowed for the host that the server redirects to'
      : 'is not allowed for the host of this call',
  );
  scope.refusal = refusal;
  throw new ProviderFailure('secret_not_allowed', refusal.message, { retryable: false });
}
