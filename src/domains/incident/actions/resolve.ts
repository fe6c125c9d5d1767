import { z } from 'zod';
import { FermataError } from '../../../domain/errors';
import type { TransactionalAction } from '../../../integrations/contract';
import { getIncident, resolveIncident } from '../incidents';
import { incidentArtifact, incidentIdOf, incidentResult } from './artifact';

const Config = z.strictObject({
  incidentId: z.string().optional(),
  message: z.string().max(10_000).optional(),
  onlyIfCreatedByAutomation: z.boolean().default(false),
});

/** Resolves an incident. Does nothing when the incident is already resolved. */
export const resolveAction: TransactionalAction<z.infer<typeof Config>> = {
  id: 'resolve',
  displayName: 'Resolve incident',
  description:
    'Resolves the incident of this run, or the named one; onlyIfCreatedByAutomation skips incidents that people opened.',
  configSchema: Config,
  produces: incidentArtifact,
  consumes: 'incident.incident',
  execution: 'transaction',
  async execute(context) {
    const { config, consumed } = context;
    const id = incidentIdOf(config, consumed);
    if (config.onlyIfCreatedByAutomation) {
      const incident = await getIncident(context.tx, id);
      if (!incident) throw new FermataError('not_found', `Incident "${id}" not found`);
      if (incident.createdBy.type !== 'automation') {
        return {
          ...incidentResult(incident, true),
          leftUntouched: true,
          output: { resolved: false, reason: 'not created by an automation' },
        };
      }
    }
    const incident = await resolveIncident(context, id, config.message || undefined);
    return { ...incidentResult(incident, true), output: { resolved: true } };
  },
};
