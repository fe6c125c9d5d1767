import { z } from 'zod';
import type { TransactionalAction } from '../../../integrations/contract';
import { createMaintenance, NewMaintenance } from '../maintenances';
import { windowArtifact, windowResult } from './artifact';

const Config = NewMaintenance.extend({
  description: z.string().max(10_000).optional(),
  suppressNotifications: z.boolean().default(false),
});

/** Plans a maintenance. */
export const createAction: TransactionalAction<z.infer<typeof Config>> = {
  id: 'create',
  displayName: 'Create maintenance',
  description: 'Schedules a maintenance of systems; it begins immediately if its start time has passed.',
  configSchema: Config,
  produces: windowArtifact,
  execution: 'transaction',
  execute: async (context) => windowResult(await createMaintenance(context, context.config)),
};
