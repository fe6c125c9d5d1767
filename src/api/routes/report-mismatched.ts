import type { Logger } from '../../log';
import type { Context } from '../http/route';
import type { ApiMetrics } from '../metrics';

export interface MismatchDeps {
  log: Logger;
  metrics: Pick<ApiMetrics, 'countMismatched'>;
}

/** Counts and logs a request that was dropped because its `Idempotency-Key` belongs to an earlier, different request. */
export function reportMismatched(
  { log, metrics }: MismatchDeps,
  { principal, request }: Pick<Context<unknown, unknown, unknown>, 'principal' | 'request'>,
): void {
  metrics.countMismatched(1);
  log.warn(
    { principal: principal.id, route: request.path },
    'dropped a request that reuses an Idempotency-Key with other content',
  );
}
