import type { DomainWrite } from '../domain-write';
import { resolveAlert, staleAlerts } from './alert-operations';
import type { SeverityMap } from './severity-map';

/**
 * Resolves firing alerts whose sender has been silent for `staleMs`, oldest first; returns how many. `endedBy` = stale.
 */
export function createEndStaleAlerts({ staleMs, severities }: { staleMs: number; severities: SeverityMap }) {
  return async (write: DomainWrite, limit: number): Promise<number> => {
    const before = new Date(write.now.getTime() - staleMs);
    const stale = await staleAlerts(write.tx, before, limit);
    for (const fingerprint of stale) await resolveAlert(write, fingerprint, { severities, endedBy: 'stale' });
    return stale.length;
  };
}
