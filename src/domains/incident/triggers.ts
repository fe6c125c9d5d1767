import { z } from 'zod';
import type { TriggerType } from '../../domain/registry/trigger-type';
import { IncidentSeverity, IncidentState, IncidentStatus, incidentKind } from './incident-entity';

const IncidentPayload = z.object({
  incidentId: z.string(),
  ...IncidentState.shape,
  description: z.string().optional(),
  statusChange: IncidentStatus.optional(),
  severityChange: IncidentSeverity.optional(),
  createdAt: z.string().optional(),
  resolvedAt: z.string().optional(),
});

const common = {
  category: 'Incidents',
  payloadSchema: IncidentPayload,
  contextKey: (payload: Record<string, unknown>) => String(payload.incidentId),
  contextKeyLabel: 'incident',
};

const whileStatus = (holds: (status: unknown) => boolean): NonNullable<TriggerType['holds']> => ({
  entity: (payload) => ({ kind: incidentKind.kind, id: String(payload.incidentId) }),
  test: (state) => state !== null && holds(state.status),
});

export const incidentTriggers: readonly TriggerType[] = [
  {
    ...{ id: 'created', displayName: 'Incident created', description: 'An incident was opened.', ...common },
    holds: whileStatus((status) => status !== 'resolved'),
  },
  {
    ...{ id: 'updated', displayName: 'Incident updated', ...common },
    description:
      'Status, severity, title or systems of an incident changed; statusChange and severityChange hold the new values. A comment does not fire it.',
  },
  {
    ...{ id: 'resolved', displayName: 'Incident resolved', description: 'An incident was resolved.', ...common },
    holds: whileStatus((status) => status === 'resolved'),
  },
];
