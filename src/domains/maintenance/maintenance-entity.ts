import { z } from 'zod';
import type { EntityChange, Occurrence } from '../../domain/entities/change';
import type { EntityKind } from '../../domain/entities/entity-kind';

export const MAINTENANCE_STATUSES = ['scheduled', 'in_progress', 'completed', 'cancelled'] as const;
export const MaintenanceStatus = z.enum(MAINTENANCE_STATUSES);
export type MaintenanceStatus = z.infer<typeof MaintenanceStatus>;

/** Reactive state of a maintenance. Times are in ISO 8601. */
export const MaintenanceState = z.strictObject({
  status: MaintenanceStatus,
  systemIds: z.array(z.string()),
  startAt: z.string(),
  endAt: z.string(),
});
export type MaintenanceState = z.infer<typeof MaintenanceState>;

function eventOf(prev: MaintenanceState | null, next: MaintenanceState): string {
  if (prev === null) return 'maintenance.created';
  if (next.status === 'in_progress' && prev.status !== 'in_progress') return 'maintenance.started';
  return prev.status === 'in_progress' && next.status !== 'in_progress' ? 'maintenance.ended' : 'maintenance.updated';
}

/**
 * Derives the events of a change. A start or an end causes only `started` or `ended`, not `updated`. A cancellation
 * before the start causes `updated`.
 */
function derive(change: EntityChange): Occurrence[] {
  if (change.next === null) return [];
  const prev = change.prev === null ? null : MaintenanceState.parse(change.prev);
  const next = MaintenanceState.parse(change.next);
  return [{ event: eventOf(prev, next), payload: { maintenanceId: change.id, ...next, ...change.context } }];
}

/**
 * Maintenances as entities. Titles, descriptions and updates are only in the tables `maintenances` and
 * `maintenance_updates`.
 */
export const maintenanceKind: EntityKind = {
  kind: 'maintenance',
  description: 'A planned time window for systems, started and ended by the clock',
  schema: MaintenanceState,
  derive,
};
