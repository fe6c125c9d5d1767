import { z } from 'zod';
import type { TransactionalAction } from '../../../integrations/contract';
import { createMaintenance, MAX_MINUTES, NewMaintenance } from '../maintenances';
import { windowArtifact, windowResult } from './artifact';

const Config = z.strictObject({
  systemId: z.string().min(1).max(200),
  durationMinutes: z.number().min(1).max(MAX_MINUTES),
  title: NewMaintenance.shape.title.optional(),
});

/** Puts a system into maintenance now, for the number of minutes in the config. */
export const setSystemAction: TransactionalAction<z.infer<typeof Config>> = {
  id: 'set_system',
  displayName: 'Put a system into maintenance',
  description: 'Starts a maintenance of one system now, for a number of minutes.',
  configSchema: Config,
  produces: windowArtifact,
  execution: 'transaction',
  async execute(context) {
    const { systemId, durationMinutes, title = `Maintenance of ${systemId}` } = context.config;
    const { now } = context;
    const endAt = new Date(now.getTime() + durationMinutes * 60_000).toISOString();
    const input = { title, systemIds: [systemId], startAt: now.toISOString(), endAt };
    return windowResult(await createMaintenance(context, input));
  },
};
