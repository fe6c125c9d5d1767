import { z } from 'zod';
import type { EntityChange, Occurrence } from '../../domain/entities/change';
import type { EntityKind } from '../../domain/entities/entity-kind';

export const INCIDENT_STATUSES = ['investigating', 'identified', 'fixing', 'monitoring', 'resolved'] as const;
export const IncidentStatus = z.enum(INCIDENT_STATUSES);
export type IncidentStatus = z.infer<typeof IncidentStatus>;

/** Severities, from the lowest to the highest. */
export const INCIDENT_SEVERITIES = ['minor', 'major', 'critical'] as const;
export const IncidentSeverity = z.enum(INCIDENT_SEVERITIES);
export type IncidentSeverity = z.infer<typeof IncidentSeverity>;

/** Reactive state of an incident. */
export const IncidentState = z.strictObject({
  status: IncidentStatus,
  severity: IncidentSeverity,
  systemIds: z.array(z.string()),
  title: z.string(),
});
export type IncidentState = z.infer<typeof IncidentState>;

function eventOf(prev: IncidentState | null, next: IncidentState): string {
  if (prev === null) return 'incident.created';
  return next.status === 'resolved' && prev.status !== 'resolved' ? 'incident.resolved' : 'incident.updated';
}

/** Derives the events of a change. A change that resolves the incident causes only `resolved`, not `updated`. */
function derive(change: EntityChange): Occurrence[] {
  if (change.next === null) return [];
  const prev = change.prev === null ? null : IncidentState.parse(change.prev);
  const next = IncidentState.parse(change.next);
  const payload = {
    incidentId: change.id,
    ...next,
    ...(prev !== null && prev.status !== next.status && { statusChange: next.status }),
    ...(prev !== null && prev.severity !== next.severity && { severityChange: next.severity }),
    ...change.context,
  };
  return [{ event: eventOf(prev, next), payload }];
}

/** Incidents as entities. Descriptions and updates are only in the tables `incidents` and `incident_updates`. */
export const incidentKind: EntityKind = {
  kind: 'incident',
  description: 'An incident and the systems that it affects',
  schema: IncidentState,
  derive,
};
