import { firingAlerts } from '../../db/alert-queries';
import type { Executor } from '../../db/executor';
import { labelsOfKey } from './grouped-key';

/** Maximum number of alerts in the scope of an expression. */
const MAX_SHOWN = 100;

interface RunFacts {
  contextKey: string | null;
  trigger: Record<string, unknown>;
}

/**
 * Returns the value of `alerts.firing` for a run: the firing alerts of its system. If the run has no system, its
 * context key selects the alerts, either as a fingerprint or as the labels of a group. `count` covers all of them;
 * `items` has at most 100.
 */
export async function firingAlertsOf(
  db: Executor,
  { contextKey, trigger }: RunFacts,
  systemId: string | null,
): Promise<{ count: number; items: Record<string, unknown>[] }> {
  if (systemId !== null) return firingAlerts(db, { systemId }, MAX_SHOWN);
  if (contextKey === null || contextKey === '') return { count: 0, items: [] };
  const payload = (trigger['payload'] ?? {}) as Record<string, unknown>;
  const labels = payload['fingerprint'] === contextKey ? null : labelsOfKey(contextKey);
  return firingAlerts(db, labels === null ? { fingerprint: contextKey } : { labels }, MAX_SHOWN);
}
