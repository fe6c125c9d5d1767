import { FermataError } from '../domain/errors';

/** Seconds after which a caller may repeat the request. A load balancer may then pass it to another process. */
const RETRY_AFTER_SECONDS = 5;

/**
 * Refuses an evaluation that needs filters of plugins that this process does not have.
 * @throws {FermataError} `plugin_missing`
 */
export function requireFilters(lacking: readonly string[]): void {
  if (lacking.length === 0) return;
  const names = `filter${lacking.length === 1 ? '' : 's'} ${lacking.join(', ')}`;
  const message = `This API process does not have the ${names} of a plugin. Start all API processes with the FERMATA_PLUGINS of the workers.`;
  throw new FermataError('plugin_missing', message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
