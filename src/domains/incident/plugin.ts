import type { Plugin } from '../../integrations/contract';
import { addUpdateAction } from './actions/add-update';
import { createAction } from './actions/create';
import { resolveAction } from './actions/resolve';
import { updateStatusAction } from './actions/update-status';
import { incidentKind } from './incident-entity';
import { incidentTriggers } from './triggers';

/** The plugin for incidents, which people and automations open, comment on and resolve. */
export const incidentPlugin: Plugin = {
  id: 'incident',
  triggers: incidentTriggers,
  actions: [createAction, resolveAction, addUpdateAction, updateStatusAction],
  entityKinds: [incidentKind],
};
