import { z } from 'zod';
import type { TransactionalAction } from '../../../integrations/contract';
import { NewIncident, createIncident, createOrReuseIncident } from '../incidents';
import { incidentArtifact, incidentResult } from './artifact';

const Config = z.strictObject({
  title: NewIncident.shape.title,
  description: z.string().max(10_000).optional(),
  severity: NewIncident.shape.severity,
  systemIds: NewIncident.shape.systemIds,
  initialMessage: z.string().max(10_000).optional(),
  suppressNotifications: z.boolean().default(false),
  dedupe_open_for_system: z.boolean().default(false),
});

/** Opens an incident, or reuses the oldest open one of any of its systems. */
export const createAction: TransactionalAction<z.infer<typeof Config>> = {
  id: 'create',
  displayName: 'Create incident',
  description:
    'Opens an incident; with dedupe_open_for_system it reuses the oldest open one that covers any of the systems.',
  configSchema: Config,
  produces: incidentArtifact,
  execution: 'transaction',
  async execute(context) {
    const { initialMessage, dedupe_open_for_system: dedupe, ...input } = context.config;
    const incident = { ...input, ...(initialMessage && { message: initialMessage }) };
    if (!dedupe) return incidentResult(await createIncident(context, incident), false);
    const made = await createOrReuseIncident(context, incident);
    return incidentResult(made.incident, made.reused);
  },
};
