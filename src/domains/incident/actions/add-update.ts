import { z } from 'zod';
import type { TransactionalAction } from '../../../integrations/contract';
import { NewIncidentUpdate, addIncidentUpdate } from '../incidents';
import { incidentArtifact, incidentIdOf, incidentResult } from './artifact';

const Config = NewIncidentUpdate.extend({ incidentId: z.string().optional() });

/** Adds a message to an incident, and sets its status if the config names one. */
export const addUpdateAction: TransactionalAction<z.infer<typeof Config>> = {
  id: 'add_update',
  displayName: 'Add incident update',
  description: 'Adds a message to the incident of this run, or to the named one; statusChange also changes its status.',
  configSchema: Config,
  produces: incidentArtifact,
  consumes: 'incident.incident',
  execution: 'transaction',
  async execute(context) {
    const { incidentId: _, ...update } = context.config;
    const id = incidentIdOf(context.config, context.consumed);
    const { incident } = await addIncidentUpdate(context, id, update);
    return incidentResult(incident, true);
  },
};
