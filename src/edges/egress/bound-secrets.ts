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
 * Runs a call with secrets that may only be sent to certain hosts. The egress guard checks all requests of the call. A
 * refused host makes the whole call fail, even if the call ignores the error.
 * @throws {FermataError} secret_not_allowed
 */
export async function withBoundSecrets<T>(secrets: readonly BoundSecret[], call: () => Promise<T>): Promise<T> {
  // Requests of a nested call are checked against the secrets of both calls.
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
 * Adds a secret to the current call. Later requests of the call are also checked against the hosts of this secret.
 * @throws {FermataError} secret_not_allowed outside a call
 */
export function addBoundSecret(secret: BoundSecret): void {
  const scope = current.getStore();
  if (!scope) throw secretNotAllowed(secret.name, 'is bound to hosts and can be read only inside of a call');
  scope.secrets.push(secret);
}

/**
 * Checks the host of a request or connection before its name is resolved. The error message does not contain the host,
 * because the host may contain the secret.
 * @throws {ProviderFailure} secret_not_allowed
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
