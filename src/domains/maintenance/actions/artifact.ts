import { z } from 'zod';
import { FermataError } from '../../../domain/errors';
import type { ActionResult } from '../../../integrations/contract';
import { maintenanceKind, MaintenanceState } from '../maintenance-entity';
import type { Maintenance } from '../maintenances';

/** The artifact `window` of a maintenance. */
export const windowArtifact = {
  name: 'window',
  identity: ['maintenanceId'],
  entity: { kind: maintenanceKind.kind, idField: 'maintenanceId', endedStatuses: ['completed', 'cancelled'] },
  schema: z.object({ maintenanceId: z.string(), ...MaintenanceState.shape }),
};

/**
 * Returns the result of a step that worked on a maintenance. If the maintenance has ended, the step's artifact is
 * closed.
 */
export function windowResult({ id, status, systemIds, startAt, endAt }: Maintenance): ActionResult {
  const times = { startAt: startAt.toISOString(), endAt: endAt.toISOString() };
  const ended = status === 'completed' || status === 'cancelled';
  return { artifact: { maintenanceId: id, status, systemIds, ...times }, closesConsumed: ended };
}

/**
 * Returns the id of the maintenance that a step acts on: the id in its config, otherwise the id in the consumed
 * artifact.
 * @throws {FermataError} `artifact_missing`
 */
export function maintenanceIdOf(config: { maintenanceId?: string | undefined }, consumed: object | null): string {
  if (config.maintenanceId !== undefined) return config.maintenanceId;
  const parsed = z.looseObject({ maintenanceId: z.string() }).safeParse(consumed);
  if (parsed.success) return parsed.data.maintenanceId;
  throw new FermataError(
    'artifact_missing',
    'Maintenance not found: set maintenanceId, or create a maintenance in an earlier step with maintenance.create',
  );
}
