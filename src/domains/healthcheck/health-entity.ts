import type { EntityChange, Occurrence } from '../../domain/entities/change';
import type { EntityKind } from '../../domain/entities/entity-kind';
import { HealthState } from './health-status';
import { HealthView } from './health-view';

/**
 * Derives the events of a health change. Before its first status, a system counts as healthy. A first status that is
 * not healthy is therefore a change from `healthy`.
 */
function derive(change: EntityChange): Occurrence[] {
  if (change.next === null) return [];
  const next = HealthState.parse(change.next);
  const previousStatus = change.prev === null ? 'healthy' : HealthState.parse(change.prev).status;
  if (previousStatus === next.status) return [];
  const payload = {
    systemId: change.id,
    ...(typeof change.context?.systemName === 'string' && { systemName: change.context.systemName }),
    previousStatus,
    newStatus: next.status,
    healthyChecks: next.healthyChecks,
    totalChecks: next.totalChecks,
    timestamp: change.occurredAt.toISOString(),
  };
  const events = ['healthcheck.system_health_changed'];
  if (previousStatus === 'healthy') events.unshift('healthcheck.system_degraded');
  if (next.status === 'healthy') events.unshift('healthcheck.system_healthy');
  return events.map((event) => ({ event, payload }));
}

/** Health of systems as entities, computed from checks. */
export const healthKind: EntityKind = {
  kind: 'health',
  description: 'Health of a system, from its checks and firing alerts',
  schema: HealthState,
  viewSchema: HealthView,
  derive,
};
