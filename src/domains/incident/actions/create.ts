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

/** Opens an incident. With `dedupe_open_for_system`, reuses the oldest open incident that covers any of the systems. */
export const createAction: TransactionalAction<z.infer<typeof Config>> = {
  id: 'create',
  displayName: 'Create incident',
  description:
    'Opens an incident. With dedupe_open_for_system it reuses the oldest open incident that covers any of the systems, adds the systems that it does not cover yet, and raises its severity if the given one is higher.',
  configSchema: Config,
  produces: incidentArtifact,
  execution: 'transaction',
  async execute(context) {
    const { initialMessage, dedupe_open_for_system: dedupe, ...input } = context.config;
    const incident = { ...input, ...(initialMessage && { message: initialMessage }) };
    if (!dedupe) return incidentResult(await createIncident(context, incident), false);
    const { incident: made, reused, changed } = await createOrReuseIncident(context, incident);
    const result = incidentResult(made, reused);
    return { ...result, artifact: { ...result.artifact, ...changed } };
  },
};
