import { sameJson } from '../../domain/entities/diff';
import type { DatedResult } from './check-result';
import { aggregateHealth, type HealthState, type HealthStatus } from './health-status';

/** A stored check with its last result. */
export interface StoredCheck {
  systemId: string;
  configurationId: string;
  source: 'check' | 'alert';
  /** False for a disabled check. Its results are stored, but do not count. */
  enabled: boolean;
  status: HealthStatus | null;
  lastResultAt: Date | null;
}

/** A change of a system's health, and when it happened. */
export interface HealthStep {
  systemId: string;
  state: HealthState;
  at: Date;
  /** Ids of the results that caused the change. */
  sources: string[];
}

/** The state of one system's checks while a batch is replayed. */
interface Replay {
  checks: Map<string, StoredCheck>;
  health: HealthState | undefined;
  /**
   * The instant being replayed, with the checks and the ids of the results read for it so far. Undefined before the
   * first result and once the health at the instant has been derived.
   */
  instant: { at: Date; seen: Set<string>; sources: string[] } | undefined;
}

function isLate(check: StoredCheck | undefined, at: Date): boolean {
  return check?.lastResultAt != null && check.lastResultAt > at;
}

function settle(systemId: string, replay: Replay): HealthStep[] {
  if (!replay.instant) return [];
  const counted = [...replay.checks.values()].filter((check) => check.enabled);
  const state = aggregateHealth(counted.flatMap(({ source, status }) => (status ? [{ source, status }] : [])));
  const newest = Math.max(replay.instant.at.getTime(), ...counted.map((check) => check.lastResultAt?.getTime() ?? 0));
  const { sources } = replay.instant;
  replay.instant = undefined;
  if (sameJson(state, replay.health)) return [];
  replay.health = state;
  return [{ systemId, state, at: new Date(newest), sources }];
}

/**
 * Returns the effects of a batch of results in chronological order: each intermediate health, and the newest result of
 * each check. Results with the same time are applied together. A result that is older than the last result of its check
 * changes nothing. If the status depends on a newer result of another check, the transition gets the time of that
 * result, so that it is never older than the previous transition.
 */
export function replayResults(
  stored: readonly StoredCheck[],
  current: ReadonlyMap<string, HealthState>,
  results: readonly DatedResult[],
): { steps: HealthStep[]; latest: DatedResult[] } {
  const systems = new Map<string, Replay>();
  const replayOf = (systemId: string): Replay => {
    const replay = systems.get(systemId) ?? { checks: new Map(), health: current.get(systemId), instant: undefined };
    systems.set(systemId, replay);
    return replay;
  };
  for (const check of stored) replayOf(check.systemId).checks.set(check.configurationId, check);
  const latest = new Map<string, DatedResult>();
  const steps: HealthStep[] = [];
  for (const result of [...results].sort((a, b) => a.at.getTime() - b.at.getTime())) {
    const { systemId, configurationId, status, at, changeId } = result;
    const replay = replayOf(systemId);
    const before = replay.checks.get(configurationId);
    if (isLate(before, at)) continue;
    const { instant } = replay;
    if (instant && (instant.at < at || instant.seen.has(configurationId))) steps.push(...settle(systemId, replay));
    const { source, enabled } = before ?? { source: 'check', enabled: true };
    replay.checks.set(configurationId, { systemId, configurationId, source, enabled, status, lastResultAt: at });
    replay.instant ??= { at, seen: new Set(), sources: [] };
    replay.instant.seen.add(configurationId);
    replay.instant.sources.push(changeId);
    latest.set(JSON.stringify([systemId, configurationId]), result);
  }
  for (const [systemId, replay] of systems) steps.push(...settle(systemId, replay));
  return { steps, latest: [...latest.values()] };
}
