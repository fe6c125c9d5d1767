import { AsyncLocalStorage } from 'node:async_hooks';
import { allowsHost, type BoundSecret } from '../../domain/secrets/binding';
import { secretNotAllowed } from '../../domain/secrets/not-allowed';
import { ProviderFailure } from '../../integrations/provider-failure';

interface Scope {
  secrets: readonly BoundSecret[];
  refusal?: Error;
}

const current = new AsyncLocalStorage<Scope>();

/**
 * Runs a call that holds secrets which may be sent to some hosts only: all that it asks of the egress guard is checked against
 * them. A refused host fails the whole call, also when the call itself went on without it.
 * @throws {FermataError} secret_not_allowed
 */
export async function withBoundSecrets<T>(secrets: readonly BoundSecret[], call: () => Promise<T>): Promise<T> {
  if (secrets.length === 0) return call();
  const scope: Scope = { secrets };
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
 * Checks the host of a request or connection before its name is resolved. The message does not name the host: it may hold the
 * value. @throws {ProviderFailure} secret_not_allowed
 */
export function checkBoundSecrets(hostname: string, isRedirect = false): void {
  const scope = current.getStore();
  const refused = scope?.secrets.find(({ hosts }) => !allowsHost(hosts, hostname));
  if (!scope || !refused) return;
  const refusal = secretNotAllowed(
    refused.name,
    isRedirect
      ? 'is not allowed for the host that the far end redirects to'
      : 'is not allowed for the host of this call',
  );
  scope.refusal = refusal;
  throw new ProviderFailure('secret_not_allowed', refusal.message, { retryable: false });
}
