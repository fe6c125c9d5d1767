import type { SQL } from 'drizzle-orm';
import type { ClockWork } from '../clock-work';
import { alertsStale, isStillStale, resolveAlert, staleAlerts } from './alert-operations';
import type { SeverityMap } from './severity-map';

/**
 * Creates the work that resolves firing alerts that have had no message for `staleMs`. It starts with the alert whose
 * last message is oldest, and sets `endedBy` to `stale`. The work returns the number of alerts that it resolved.
 */
export function createEndStaleAlerts(deps: { staleMs: number; severities: SeverityMap }): ClockWork {
  const { staleMs, severities } = deps;
  const before = (now: Date) => new Date(now.getTime() - staleMs);
  return {
    due: (now): SQL => alertsStale(before(now)),
    async work(write, limit) {
      const since = before(write.now);
      let ended = 0;
      for (const fingerprint of await staleAlerts(write.tx, since, limit)) {
        if (!(await isStillStale(write, fingerprint, since))) continue;
        await resolveAlert(write, fingerprint, { severities, endedBy: 'stale' });
        ended += 1;
      }
      return ended;
    },
  };
}
