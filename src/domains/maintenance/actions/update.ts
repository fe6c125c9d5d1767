import { z } from 'zod';
import type { TransactionalAction } from '../../../integrations/contract';
import { MaintenancePatch, updateMaintenance } from '../maintenances';
import { maintenanceIdOf, windowArtifact, windowResult } from './artifact';

const Config = MaintenancePatch.extend({ maintenanceId: z.string().optional() });

/** Changes a maintenance. */
export const updateAction: TransactionalAction<z.infer<typeof Config>> = {
  id: 'update',
  displayName: 'Update maintenance',
  description: 'Changes the maintenance of this run, or the named one; omitted fields keep their values.',
  configSchema: Config,
  produces: windowArtifact,
  consumes: 'maintenance.window',
  execution: 'transaction',
  async execute(context) {
    const { maintenanceId, ...patch } = context.config;
    const id = maintenanceIdOf({ maintenanceId }, context.consumed);
    return windowResult(await updateMaintenance(context, id, patch));
  },
};
