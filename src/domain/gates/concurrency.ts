import { assertNever } from '../errors';
import type { Definition } from '../definition/schema';

/**
 * Returns why a bucket with this number of active runs refuses another run, or null when it accepts the run. `restart`
 * replaces the active run, and `queued` makes the new run wait.
 */
export function concurrencyRefusal(
  mode: Definition['mode'],
  { active, maxRuns }: { active: number; maxRuns: number },
): 'already_running' | 'max_runs' | null {
  switch (mode) {
    case 'single':
      return active === 0 ? null : 'already_running';
    case 'restart':
      return null;
    case 'queued':
    case 'parallel':
      return active < maxRuns ? null : 'max_runs';
    default:
      return assertNever(mode);
  }
}
