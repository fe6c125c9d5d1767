import { z } from 'zod';
import type { TransactionalAction } from '../../../integrations/contract';
import { IncidentStatus } from '../incident-entity';
import { addIncidentUpdate, updateIncident } from '../incidents';
import { incidentArtifact, incidentIdOf, incidentResult } from './artifact';

const Config = z.strictObject({
  incidentId: z.string().optional(),
  status: IncidentStatus,
  message: z.string().max(10_000).optional(),
});

/** Sets the status of an incident, and adds a message if the config has one. */
export const updateStatusAction: TransactionalAction<z.infer<typeof Config>> = {
  id: 'update_status',
  displayName: 'Update incident status',
  description: 'Changes the status of the incident of this run, or of the named one.',
  configSchema: Config,
  produces: incidentArtifact,
  consumes: 'incident.incident',
  execution: 'transaction',
  async execute(context) {
    const { status, message } = context.config;
    const id = incidentIdOf(context.config, context.consumed);
    const incident = message
      ? (await addIncidentUpdate(context, id, { message, statusChange: status })).incident
      : await updateIncident(context, id, { status });
    return incidentResult(incident, true);
  },
};
