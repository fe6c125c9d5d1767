import { removeAlerts, storeAlerts } from '../../db/health-alerts';
import { ensureSystems } from '../catalog/ensure-systems';
import type { DomainWrite } from '../domain-write';
import type { HealthStatus } from '../healthcheck/health-status';
import { refreshHealth, type HealthCause } from '../healthcheck/refresh-health';
import type { HealthChange } from '../healthcheck/write-health';
import type { AlertState } from './alert-entity';
import type { SeverityMap } from './severity-map';

/**
 * The check that a firing alert adds to a system. If `status` is null, the alert does not affect the system's health.
 */
interface AlertCheck {
  systemId: string;
  status: HealthStatus | null;
}

/** Returns the check that an alert adds to its system, or null when the alert is resolved or has no system. */
export function checkOf(state: AlertState, severities: SeverityMap): AlertCheck | null {
  if (state.status !== 'firing' || state.systemId === undefined) return null;
  return { systemId: state.systemId, status: severities(state.severity) };
}

/** A check that was added, removed or changed. */
export interface CheckChange {
  fingerprint: string;
  /** Id of the alert's change; undefined when the message was a repeat. */
  changeId?: string | undefined;
  before: AlertCheck | null;
  after: AlertCheck | null;
  state: AlertState;
}

/**
 * Writes the checks that alerts add, change or remove, and then derives the health of each affected system once. If a
 * firing alert names a system that does not exist, creates the system. Returns the health changes.
 */
export async function applyChecks(write: DomainWrite, changes: readonly CheckChange[]): Promise<HealthChange[]> {
  if (changes.length === 0) return [];
  const gone = changes.flatMap(({ fingerprint, before, after }) =>
    before !== null && (before.systemId !== after?.systemId || after.status === null)
      ? [{ systemId: before.systemId, fingerprint }]
      : [],
  );
  const firing = changes.flatMap(({ fingerprint, after, state }) => {
    if (after === null || after.status === null) return [];
    const { labels, annotations, startsAt, generatorUrl } = state;
    const data = { labels, annotations, startsAt, ...(generatorUrl !== undefined && { generatorURL: generatorUrl }) };
    return [{ systemId: after.systemId, fingerprint, status: after.status, data }];
  });
  const created = changes.flatMap(({ after }) => (after === null ? [] : [after.systemId]));
  const existing = gone.map(({ systemId }) => systemId);
  const systems = await ensureSystems(write, created, existing);
  const touched = new Set([...firing.map(({ systemId }) => systemId), ...(await removeAlerts(write.tx, gone))]);
  await storeAlerts(write.tx, firing, write.now);
  const changed = [...systems.values()].filter(({ id }) => touched.has(id));
  const causes = changed.map(({ id }): [string, HealthCause] => [
    id,
    { at: write.now, sources: sourcesFor(id, changes) },
  ]);
  return refreshHealth(write, changed, new Map(causes));
}

/** Returns the ids of the alert changes that affect a system. */
function sourcesFor(systemId: string, changes: readonly CheckChange[]): string[] {
  return changes.flatMap(({ changeId, before, after }) =>
    changeId !== undefined && (before?.systemId === systemId || after?.systemId === systemId) ? [changeId] : [],
  );
}
