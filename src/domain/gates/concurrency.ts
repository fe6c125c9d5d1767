import { assertNever } from '../errors';
import type { Definition } from '../definition/schema';

/**
 * Returns why a bucket with this many active runs accepts no further run, or null when it accepts one. `restart`
 * replaces the active run, and `queued` lets the new one wait.
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
