import { z } from 'zod';
import type { TransactionalAction } from '../../../integrations/contract';
import { addMaintenanceUpdate, NewMaintenanceUpdate } from '../maintenances';
import { maintenanceIdOf, windowArtifact, windowResult } from './artifact';

const Config = NewMaintenanceUpdate.extend({ maintenanceId: z.string().optional() });

/** Adds a message to a maintenance, without changing the maintenance. */
export const addUpdateAction: TransactionalAction<z.infer<typeof Config>> = {
  id: 'add_update',
  displayName: 'Add an update to a maintenance',
  description: 'Adds a message to the maintenance of this run, or to the named one.',
  configSchema: Config,
  produces: windowArtifact,
  consumes: 'maintenance.window',
  execution: 'transaction',
  async execute(context) {
    const id = maintenanceIdOf(context.config, context.consumed);
    return windowResult((await addMaintenanceUpdate(context, id, context.config.message)).maintenance);
  },
};
