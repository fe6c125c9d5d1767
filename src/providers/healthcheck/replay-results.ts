import { sameJson } from '../../domain/entities/diff';
import type { DatedResult } from './check-result';
import { aggregateHealth, type HealthState, type HealthStatus } from './health-status';

/** A check as stored. */
export interface StoredCheck {
  systemId: string;
  configurationId: string;
  source: 'check' | 'alert';
  /** Results of a disabled check are kept, but do not count. */
  enabled: boolean;
  status: HealthStatus | null;
  lastResultAt: Date | null;
}

/** The health of a system became this. */
export interface HealthStep {
  systemId: string;
  state: HealthState;
  at: Date;
}

/**
 * What a batch of results means, in the order of their instants: each different health on the way, and the newest result
 * of each check. A result older than its check's last one changes nothing. A status that rests on a newer result of
 * another check counts from that one, so that no transition is older than the one before it.
 */
export function replayResults(
  stored: readonly StoredCheck[],
  current: ReadonlyMap<string, HealthState>,
  results: readonly DatedResult[],
): { steps: HealthStep[]; latest: DatedResult[] } {
  const systems = new Map<string, Map<string, StoredCheck>>();
  const checksOf = (systemId: string) => {
    const checks = systems.get(systemId) ?? new Map<string, StoredCheck>();
    systems.set(systemId, checks);
    return checks;
  };
  for (const check of stored) checksOf(check.systemId).set(check.configurationId, check);
  const health = new Map(current);
  const latest = new Map<string, DatedResult>();
  const steps: HealthStep[] = [];
  for (const result of [...results].sort((a, b) => a.at.getTime() - b.at.getTime())) {
    const { systemId, configurationId, status, at } = result;
    const checks = checksOf(systemId);
    const before = checks.get(configurationId);
    if (before?.lastResultAt && before.lastResultAt > at) continue;
    checks.set(configurationId, {
      systemId,
      configurationId,
      source: before?.source ?? 'check',
      enabled: before?.enabled ?? true,
      status,
      lastResultAt: at,
    });
    latest.set(JSON.stringify([systemId, configurationId]), result);
    const all = [...checks.values()].filter((check) => check.enabled);
    const state = aggregateHealth(all.flatMap((c) => (c.status ? [{ source: c.source, status: c.status }] : [])));
    if (sameJson(state, health.get(systemId))) continue;
    health.set(systemId, state);
    const newest = Math.max(at.getTime(), ...all.map((check) => check.lastResultAt?.getTime() ?? 0));
    steps.push({ systemId, state, at: new Date(newest) });
  }
  return { steps, latest: [...latest.values()] };
}
