import { messageOf } from '../../domain/errors';
import { ProviderFailure } from '../../integrations/provider-failure';
import { errorCode } from './error-code';

const TIMEOUTS: ReadonlySet<string> = new Set(['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT']);
/**
 * Error codes for requests that cannot be sent, e.g. because a header contains a line break or the path contains a
 * space.
 */
const UNSENDABLE: ReadonlySet<string> = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'ERR_INVALID_CHAR']);

/** Returns the failure for an error in an exchange with `origin`. Returns a `ProviderFailure` unchanged. */
export function networkFailure(error: unknown, origin: string): ProviderFailure {
  if (error instanceof ProviderFailure) return error;
  const [first = error] = attemptsOf(error);
  const code = errorCode(first) ?? errorCode(error);
  const detail = [code, messageOf(first)].filter((part) => part !== undefined && part !== '').join(': ');
  if (code !== undefined && UNSENDABLE.has(code)) {
    return new ProviderFailure('config_invalid', `The request cannot be sent (${detail}).`, { retryable: false });
  }
  const kind = code !== undefined && TIMEOUTS.has(code) ? 'timeout' : 'network_error';
  return new ProviderFailure(kind, `${origin} could not be reached (${detail}).`, { retryable: true, cause: error });
}

/** Returns the errors of all connection attempts. There is one attempt per address of the name. */
function attemptsOf(error: unknown): unknown[] {
  const { errors } = Object(error) as { errors?: unknown };
  return Array.isArray(errors) ? errors : [];
}
