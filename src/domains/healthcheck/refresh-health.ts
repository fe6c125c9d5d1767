import { and, eq, inArray, isNotNull, sql } from 'drizzle-orm';
import { healthChecks } from '../../db/tables/health';
import type { System } from '../catalog/systems';
import type { DomainWrite } from '../domain-write';
import { aggregateHealth, type CheckStatus } from './health-status';
import { writeHealth, type HealthChange } from './write-health';

/** Why the health of a system is derived again. */
export interface HealthCause {
  at: Date;
  /** Ids of the changes from which the health is derived, e.g. of alerts. */
  sources?: readonly string[];
}

/**
 * Derives the health of systems from their enabled checks and firing alerts, and stores it. Returns the health changes.
 * The caller must hold the locks of the systems. `causes` contains the cause for each system. If the status depends on
 * a result that is newer than the cause, the transition gets the time of that result. A late result therefore never
 * makes a transition older than the previous one.
 */
export async function refreshHealth(
  write: DomainWrite,
  systems: readonly System[],
  causes: ReadonlyMap<string, HealthCause>,
): Promise<HealthChange[]> {
  if (systems.length === 0) return [];
  const c = healthChecks;
  const { systemId, source, status } = c;
  const counts = await write.tx
    .select({
      ...{ systemId, source, status },
      count: sql<number>`count(*)::int`,
      newestAt: sql<Date | null>`max(${c.lastResultAt})`.mapWith(c.lastResultAt),
    })
    .from(c)
    .where(
      and(
        inArray(
          systemId,
          systems.map(({ id }) => id),
        ),
        eq(c.enabled, true),
        isNotNull(status),
      ),
    )
    .groupBy(systemId, source, status);
  const bySystem = new Map(systems.map(({ id }) => [id, [] as typeof counts]));
  for (const row of counts) bySystem.get(row.systemId)?.push(row);
  const steps = systems.map(({ id, name }) => {
    const rows = bySystem.get(id) ?? [];
    const checks = rows.flatMap((row): CheckStatus[] => (row.status === null ? [] : [{ ...row, status: row.status }]));
    const { at = write.now, sources = [] } = causes.get(id) ?? {};
    const instants = [at, ...rows.flatMap(({ newestAt }) => newestAt ?? [])];
    const newest = new Date(Math.max(...instants.map((instant) => instant.getTime())));
    return { system: { id, name }, state: aggregateHealth(checks), at: newest, sources };
  });
  return writeHealth(write, steps);
}
