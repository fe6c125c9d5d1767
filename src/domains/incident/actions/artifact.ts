import { z } from 'zod';
import { FermataError } from '../../../domain/errors';
import type { ActionResult } from '../../../integrations/contract';
import { incidentKind, IncidentSeverity, IncidentStatus } from '../incident-entity';
import type { Incident } from '../incidents';

/**
 * The artifact `incident`. `reused` is true when the incident existed before this step. `severityChange` and
 * `addedSystemIds` are the changes that `incident.create` made to a reused incident.
 */
export const incidentArtifact = {
  name: 'incident',
  identity: ['incidentId'],
  entity: { kind: incidentKind.kind, idField: 'incidentId', endedStatuses: ['resolved'] },
  schema: z.object({
    incidentId: z.string(),
    status: IncidentStatus,
    severity: IncidentSeverity,
    systemIds: z.array(z.string()),
    reused: z.boolean(),
    severityChange: IncidentSeverity.optional(),
    addedSystemIds: z.array(z.string()).optional(),
  }),
};

/** Returns the result of a step that worked on an incident. If the incident is resolved, its artifacts are closed. */
export function incidentResult({ id, status, severity, systemIds }: Incident, reused: boolean): ActionResult {
  return { artifact: { incidentId: id, status, severity, systemIds, reused }, closesConsumed: status === 'resolved' };
}

/**
 * Returns the id of the incident that a step acts on: the id in its config, otherwise the id in the consumed artifact.
 * @throws {FermataError} `artifact_missing`
 */
export function incidentIdOf(config: { incidentId?: string | undefined }, consumed: object | null): string {
  if (config.incidentId !== undefined) return config.incidentId;
  const parsed = z.looseObject({ incidentId: z.string() }).safeParse(consumed);
  if (parsed.success) return parsed.data.incidentId;
  throw new FermataError(
    'artifact_missing',
    'Incident not found: set incidentId, or create an incident in an earlier step with incident.create',
  );
}
