import { z } from 'zod';
import type { TransactionalAction } from '../../../integrations/contract';
import { endMaintenancesOf, NewMaintenanceUpdate } from '../maintenances';

const Config = z.strictObject({
  systemId: z.string().min(1).max(200),
  message: NewMaintenanceUpdate.shape.message.optional(),
});

/** Ends the running maintenances of a system. Does nothing when the system has none. */
export const clearSystemAction: TransactionalAction<z.infer<typeof Config>> = {
  id: 'clear_system',
  displayName: 'End the maintenance of a system',
  description: 'Ends all maintenances of a system that are in progress. Succeeds when there is none.',
  configSchema: Config,
  produces: {
    name: 'cleared',
    schema: z.object({ systemId: z.string(), closedMaintenanceIds: z.array(z.string()) }),
  },
  execution: 'transaction',
  async execute(context) {
    const { systemId, message } = context.config;
    const closedMaintenanceIds = await endMaintenancesOf(context, systemId, message);
    return {
      artifact: { systemId, closedMaintenanceIds },
      closes: closedMaintenanceIds.map((maintenanceId) => ({ type: 'maintenance.window', data: { maintenanceId } })),
    };
  },
};
