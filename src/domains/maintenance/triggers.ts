import { z } from 'zod';
import type { TriggerType } from '../../domain/registry/trigger-type';
import { maintenanceKind, MaintenanceState } from './maintenance-entity';

const common = {
  category: 'Maintenances',
  payloadSchema: z.object({ maintenanceId: z.string(), ...MaintenanceState.shape, title: z.string() }),
  contextKey: (payload: Record<string, unknown>) => String(payload.maintenanceId),
  contextKeyLabel: 'maintenance',
};

export const maintenanceTriggers: readonly TriggerType[] = [
  {
    ...{ id: 'created', displayName: 'Maintenance created', ...common },
    description: 'A maintenance was scheduled. One that begins immediately also fires maintenance.started.',
  },
  {
    ...{ id: 'updated', displayName: 'Maintenance updated', ...common },
    description: 'Systems or times of a maintenance changed, or it was cancelled before its start.',
  },
  {
    ...{ id: 'started', displayName: 'Maintenance started', ...common },
    description: 'A maintenance began.',
    holds: {
      entity: (payload) => ({ kind: maintenanceKind.kind, id: String(payload.maintenanceId) }),
      test: (state) => state !== null && state.status === 'in_progress',
    },
  },
  {
    ...{ id: 'ended', displayName: 'Maintenance ended', ...common },
    description: 'A maintenance that was in progress was completed or cancelled.',
  },
];
