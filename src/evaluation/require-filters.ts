import { FermataError } from '../domain/errors';

/** Seconds after which a caller may repeat the request. A load balancer may then pass it to another process. */
const RETRY_AFTER_SECONDS = 5;

/**
 * Refuses an evaluation that needs plugin filters which this process does not have.
 * @throws {FermataError} `plugin_missing`
 */
export function requireFilters(lacking: readonly string[]): void {
  if (lacking.length === 0) return;
  throw pluginMissing(`filter${lacking.length === 1 ? '' : 's'} ${lacking.join(', ')}`);
}

/** Returns the error for a request that needs a part of a plugin that this process does not have. */
export function pluginMissing(part: string): FermataError {
  const message = `This API process does not have the ${part} of a plugin. Start all API processes with the FERMATA_PLUGINS of the workers.`;
  return new FermataError('plugin_missing', message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
