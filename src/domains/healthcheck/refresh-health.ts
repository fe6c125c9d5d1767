import { and, eq, inArray, isNotNull } from 'drizzle-orm';
import { healthChecks } from '../../db/tables/health';
import type { System } from '../catalog/systems';
import type { DomainWrite } from '../domain-write';
import { aggregateHealth, type CheckStatus } from './health-status';
import { writeHealth } from './write-health';

/**
 * Computes the health of systems anew from their enabled checks and firing alerts and stores what changed; gives the ids
 * of the change rows. The caller holds the systems' locks. `at` = instant of what caused it; a status that rests on a
 * newer result counts from that one, so that late results never make a transition older than the one before it.
 */
export async function refreshHealth(
  write: DomainWrite,
  systems: readonly System[],
  at: ReadonlyMap<string, Date>,
): Promise<string[]> {
  if (systems.length === 0) return [];
  const ids = systems.map((system) => system.id);
  const c = healthChecks;
  const rows = await write.tx
    .select({ systemId: c.systemId, source: c.source, status: c.status, lastResultAt: c.lastResultAt })
    .from(c)
    .where(and(inArray(c.systemId, ids), eq(c.enabled, true), isNotNull(c.status)));
  const checks = new Map<string, CheckStatus[]>();
  const newest = new Map(at);
  for (const { systemId, source, status, lastResultAt } of rows) {
    if (status === null) continue;
    checks.set(systemId, [...(checks.get(systemId) ?? []), { source, status }]);
    const known = newest.get(systemId);
    if (lastResultAt && (!known || known < lastResultAt)) newest.set(systemId, lastResultAt);
  }
  const changeIds: string[] = [];
  for (const system of [...systems].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const occurredAt = newest.get(system.id) ?? write.now;
    const next = aggregateHealth(checks.get(system.id) ?? []);
    const changeId = await writeHealth(write, system, next, occurredAt);
    if (changeId !== undefined) changeIds.push(changeId);
  }
  return changeIds;
}
